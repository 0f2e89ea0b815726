package retention_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/release"
	"github.com/blobsweep/blobsweep/retention"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
)

const twoReleases = `
protect: [latest]
rules:
  - name: releases
    repositories: ["shop/**"]
    keep:
      - newest: 2
        of: ["v*"]
`

// From the text of a policy to the removal of what it lets go.
func Example() {
	ctx := context.Background()
	tree := fixture.New(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	for _, tag := range []string{"v1", "v2", "v3"} {
		tree.Now = tree.Now.Add(24 * time.Hour)
		tree.Tag("shop/web", tag, tree.Image("shop/web", tag, "base", tag).Digest)
	}
	tree.Tag("shop/web", "latest", tree.Image("shop/web", "v3", "base", "v3").Digest)
	driver := memory.New() // in earnest, that of a directory or bucket
	if err := tree.Write(ctx, driver); err != nil {
		log.Fatal(err)
	}

	policy, err := retention.Parse("policy.yaml", []byte(twoReleases))
	if err != nil {
		log.Fatal(err) // names line and rule
	}
	c, err := catalog.Read(ctx, driver, catalog.Options{Match: policy.Matches, Images: policy.NeedsImages()})
	if err != nil {
		log.Fatal(err)
	}
	var decisions []retention.Decision
	for _, r := range c.Repositories {
		decisions = append(decisions, policy.Decide(r, retention.Options{})...)
	}
	for _, d := range decisions {
		if d.Tag != "" {
			fmt.Println(d.Tag, "stays:", d.Keep)
		}
	}
	if emptied := retention.Emptied(decisions); len(emptied) > 0 {
		log.Fatal("no tag would be left in ", emptied)
	}

	plan, err := release.New(c, retention.Targets(decisions), release.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := plan.Execute(ctx, driver); err != nil {
		log.Fatal(err) // errors.Is tells sweep.ErrBlocked and ErrPartial from others
	}
	for step := range plan.Done() {
		fmt.Println("gone:", step.Kind, step.Tag)
	}

	// Output:
	// latest stays: true
	// v1 stays: false
	// v2 stays: true
	// v3 stays: true
	// gone: tag v1
	// gone: manifest
}
