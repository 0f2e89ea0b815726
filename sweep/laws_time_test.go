package sweep_test

import (
	"context"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
)

// at sets the time of what is added next, counted from the start of the run.
func (s *scenario) at(age time.Duration) { s.Now = start.Add(age) }

// touch gives an object that is there a new time.
func (s *scenario) touch(age time.Duration, p layout.Path) {
	file := s.Files[fixture.Key(p)]
	file.ModTime = start.Add(age)
	s.Files[fixture.Key(p)] = file
}

const recently = -10 * time.Minute

// ageCase is a blob that nothing needs, a layer link, a revision link, an
// entry of a tag's history and an upload of one age.
func ageCase(name string, age time.Duration, goes bool, opts sweep.Options) lawCase {
	return lawCase{name, func(c *scenario) {
		c.options = opts
		c.options.UploadsOlderThan = -1 // any age past the grace period
		c.Tag("app", "v1", c.Image("app", "x").Digest)
		orphan := c.Blob("", []byte("orphan")).Digest
		linked := c.Blob("", []byte("linked")).Digest
		former := c.Blob("", []byte("former")).Digest
		untaggedImage := c.Image("app", "untagged")
		whole := c.whole("app", untaggedImage)
		c.at(age)
		c.LayerLink("app", linked)
		c.RevisionLink("app", untaggedImage.Digest)
		c.Blob("", []byte("orphan"))
		c.Add(entry("app", "v1", former), []byte(former))
		c.Upload("app", "u1", c.Now)
		if goes {
			c.goes(always, blob(orphan), blob(linked), blob(former), layer("app", linked), entry("app", "v1", former))
			c.goes(always, upload("app", "u1")...)
			c.goes(untagged, whole...)
		} else {
			c.ages(always, blob(orphan), layer("app", linked))
			c.ages(always, upload("app", "u1")...)
			c.ages(untagged, revision("app", untaggedImage.Digest))
		}
	}}
}

var timeCases = []lawCase{
	ageCase("an hour and a second", -time.Hour-time.Second, true, sweep.Options{}),
	ageCase("an hour less a second", -time.Hour+time.Second, false, sweep.Options{}),
	ageCase("exactly at the start", 0, false, sweep.Options{}),
	ageCase("in the future", 24*time.Hour, false, sweep.Options{}),
	ageCase("a longer grace", -10*time.Hour, false, sweep.Options{Grace: 11 * time.Hour}),
	ageCase("a shorter grace", recently, true, sweep.Options{Grace: time.Minute}),
	ageCase("offline", -time.Second, true, sweep.Options{Offline: true}),
	ageCase("offline, whatever the grace", -time.Second, true, sweep.Options{Offline: true, Grace: 11 * time.Hour}),
	ageCase("offline, exactly at the start", 0, false, sweep.Options{Offline: true}),
	ageCase("offline, in the future", time.Second, false, sweep.Options{Offline: true}),

	{"recent blob of an old unneeded link", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "x").Digest)
		one := c.Layer("app", "one").Digest
		c.at(recently)
		c.Blob("", []byte("layer one"))
		c.goes(always, layer("app", one))
		c.ages(always, blob(one))
	}},
	{"recent layer link keeps its old blob", func(c *scenario) {
		one := c.Blob("", []byte("one")).Digest
		c.at(recently)
		c.LayerLink("app", one)
		c.ages(always, layer("app", one))
	}},
	{"recent revision link is a root with all below", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "other").Digest)
		child := c.Image("app", "child")
		index := c.Index("app", child)
		sbom := c.Referrer("app", "sbom", index)
		c.at(recently)
		c.RevisionLink("app", index.Digest)
		c.ages(untagged, revision("app", index.Digest), revision("app", child.Digest), revision("app", sbom.Digest))
	}},
	{"recent revision link, no tags at all", func(c *scenario) {
		gone, image := c.Image("app", "gone"), c.Image("app", "image")
		c.goes(untagged, c.whole("app", gone)...)
		c.at(recently)
		c.RevisionLink("app", image.Digest)
		c.ages(untagged, revision("app", image.Digest))
	}},
	{"old child of an old index, itself pushed again", func(c *scenario) {
		child := c.Image("app", "child")
		index := c.Index("app", child)
		c.Tag("app", "v1", c.Image("app", "other").Digest)
		c.goes(untagged, c.whole("app", index)...)
		c.at(recently)
		c.RevisionLink("app", child.Digest)
		c.ages(untagged, revision("app", child.Digest))
	}},
	{"recent entry of a tag's history", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "x").Digest)
		former := c.Blob("", []byte("former")).Digest
		c.at(recently)
		c.Add(entry("app", "v1", former), []byte(former)) // keeps the old blob
		c.garbageAt(old, "x")
	}},
	{"recent entry of a tag's history, its revision linked long ago", func(c *scenario) {
		former := c.Image("app", "former")
		c.Tag("app", "latest", former.Digest)
		c.Tag("app", "latest", c.Image("app", "current").Digest)
		c.touch(recently, entry("app", "latest", former.Digest)) // tagged just now
		c.ages(untagged, revision("app", former.Digest))
	}},
	{"recent upload, started long ago", func(c *scenario) {
		c.Upload("app", "u1", old)
		c.touch(recently, upload("app", "u1")[1]) // data still comes in
		c.ages(always, upload("app", "u1")...)
	}},
	{"recent directories", func(c *scenario) {
		c.Dirs["docker/registry/v2/repositories/new/_layers/"] = start.Add(recently)
		c.Dirs["docker/registry/v2/repositories/ghost/_layers/"] = old
		c.Dirs["docker/registry/v2/blobs/sha256/ab/"] = start.Add(recently)
		c.Dirs["docker/registry/v2/blobs/sha256/cd/"] = old
		c.staying = append(c.staying,
			"docker/registry/v2/repositories/new/_layers/", "docker/registry/v2/blobs/sha256/ab/")
	}},
	{"recent dangling revision", func(c *scenario) {
		gone := digest.FromString("gone")
		c.at(recently)
		c.RevisionLink("app", gone)
		c.ages(untagged, revision("app", gone))
		c.finds(always, mark.DanglingRevision)
	}},
}

// garbageAt stores a blob of some age that nothing needs.
func (s *scenario) garbageAt(at time.Time, name string) {
	before := s.Now
	s.Now = at
	s.garbage(name)
	s.Now = before
}

func TestLaw06Time(t *testing.T) { holds(t, timeCases) }

// timeless is a store whose listings tell no times.
type timeless struct{ *memory.Driver }

func (d timeless) List(ctx context.Context, prefix string, opts storage.ListOptions) iter.Seq2[storage.Object, error] {
	return func(yield func(storage.Object, error) bool) {
		for o, err := range d.Driver.List(ctx, prefix, opts) {
			o.ModTime = time.Time{}
			if !yield(o, err) {
				return
			}
		}
	}
}

// TestLaw06FlatListingsWithoutTimes: what has no time is recent, and nobody asks
// for it key by key.
func TestLaw06FlatListingsWithoutTimes(t *testing.T) {
	d := filled(t, func(c *scenario) {
		inUse(c)
		c.Layer("app", "one")
		c.Upload("app", "u1", old)
		for i := range 20 {
			c.garbage(fmt.Sprint(i))
		}
	})
	stats := 0
	faulty := storagetest.Inject(timeless{d}, func(op storagetest.Op) storagetest.Fault {
		if op.Kind == "stat" {
			stats++
		}
		return storagetest.Fault{}
	})
	plan, err := sweep.New(t.Context(), faulty, sweep.Options{Now: start, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	c := plan.Counts()
	if c.Blobs.Recent != 20 || c.Blobs.Eligible != 0 || c.LayerLinks.Recent != 1 || c.Uploads.Recent != 1 || stats > 0 {
		t.Errorf("%d stats, %+v", stats, c)
	}
	if got := candidateKeys(plan); len(got) > 0 {
		t.Errorf("planned %q", got)
	}
}
