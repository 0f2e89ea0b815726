package verify_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/filesystem"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/verify"
	"github.com/opencontainers/go-digest"
)

// start is when every check of these tests starts, and old is long before.
var (
	start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	old   = start.Add(-30 * 24 * time.Hour)
)

// store is a tree written to a driver, and how to see what is in it.
type store struct {
	driver storage.Driver
	read   func() *fixture.Tree
}

// kinds are the kinds of store that everything is checked on.
var kinds = []struct {
	name string
	open func(*testing.T, *fixture.Tree) store
}{
	{"flat", flat},
	{"tree", tree},
}

func flat(t *testing.T, from *fixture.Tree) store {
	t.Helper()
	d := memory.New()
	if err := from.Write(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	return store{d, func() *fixture.Tree {
		now := fixture.New(start)
		for _, key := range d.Keys() {
			content, err := d.Get(context.Background(), key, 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			now.Files[key] = fixture.File{Content: content}
		}
		return now
	}}
}

func tree(t *testing.T, from *fixture.Tree) store {
	t.Helper()
	root := t.TempDir()
	if err := from.WriteDir(root); err != nil {
		t.Fatal(err)
	}
	d, err := filesystem.New(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return store{d, func() *fixture.Tree {
		now, err := fixture.ReadDir(root)
		if err != nil {
			t.Fatal(err)
		}
		return now
	}}
}

func check(t *testing.T, d storage.Reader, opts verify.Options) (*verify.Check, verify.Report) {
	t.Helper()
	if opts.Now.IsZero() {
		opts.Now = start
	}
	c, err := verify.New(t.Context(), d, opts)
	if err != nil {
		t.Fatal(err)
	}
	return c, c.Report()
}

// faults are the faults of a report in short: kind, what it is about, and what it
// breaks.
func faults(r verify.Report) []string {
	all := []string{}
	for _, f := range r.Findings {
		if f.Fault {
			all = append(all, fmt.Sprint(f.Kind, " ", f.Key, " ", f.Breaks))
		}
	}
	slices.Sort(all)
	return all
}

// fault is what faults says of one.
func fault(kind mark.FindingKind, key string, breaks ...string) string {
	return fmt.Sprint(kind, " ", key, " ", append([]string{}, breaks...))
}

func blob(d digest.Digest) layout.Path { return layout.Path{Kind: layout.BlobData, Digest: d} }

func revision(repository string, d digest.Digest) layout.Path {
	return layout.Path{Kind: layout.RevisionLink, Repository: repository, Digest: d}
}

func layer(repository string, d digest.Digest) layout.Path {
	return layout.Path{Kind: layout.LayerLink, Repository: repository, Digest: d}
}

func tagLink(repository, tag string) layout.Path {
	return layout.Path{Kind: layout.TagLink, Repository: repository, Tag: tag}
}

func entry(repository, tag string, d digest.Digest) layout.Path {
	return layout.Path{Kind: layout.TagIndexLink, Repository: repository, Tag: tag, Digest: d}
}

func sorted(all []string) []string {
	all = slices.Clone(all)
	slices.Sort(all)
	return all
}
