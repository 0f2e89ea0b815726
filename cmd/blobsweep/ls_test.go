package main

import (
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers"
	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/spf13/cobra"
)

// watched is a driver that notes which objects are read. It has none of the
// powers by which others than Get could read them.
type watched struct {
	storage.Driver
	mu   sync.Mutex
	read []string
}

func (d *watched) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	d.mu.Lock()
	d.read = append(d.read, key)
	d.mu.Unlock()
	return d.Driver.Get(ctx, key, limit)
}

// TestListReads: what is not shown is not read.
func TestListReads(t *testing.T) {
	// Two repositories, each with an image (a manifest, a configuration, a tag),
	// and an untagged one in the first.
	tree := fixture.New(time.Now().Add(-time.Hour))
	names := map[digest.Digest]string{}
	image := func(repository, name string) v1.Descriptor {
		d := described(tree, repository, name, "linux/amd64", "2011-01-01", nil)
		names[d.Digest] = name
		return d
	}
	tree.Tag("a", "v1", image("a", "a1").Digest)
	image("a", "a2")
	tree.Tag("b", "v1", image("b", "b1").Digest)
	driver := memory.New()
	if err := tree.Write(t.Context(), driver); err != nil {
		t.Fatal(err)
	}

	const (
		all     = "manifest a1, manifest a2, manifest b1, tag a, tag b"
		a       = "manifest a1, manifest a2, tag a"
		configs = "configuration, configuration, "
	)
	for _, test := range []struct{ args, want string }{
		{"-q R", ""},
		{"--format {{.Name}} R", ""},
		{"-q --sort name R", ""},
		{"R", all},
		{"-q --sort size R", all},
		{"-o json --unique=false R", all},

		{"R a", configs + all},
		{"-o json R a", configs + all},
		{"--unique=false R a", configs + a},
		{"-o json --unique=false R a", configs + a},
		{"-q R a", a},
		{"--format {{.Tag}}{{.Type}}{{.Size}}{{.PushedSince}} R a", a},
		{"--format {{.Tag}}{{.UniqueSize}} R a", all},
		{"--format {{.Tag}}{{.UniqueSize}} --unique=false R a", a},
		{"--format {{.Tag}}{{.Platforms}} R a", configs + a},
		{"--format {{.Tag}}{{.CreatedSince}} R a", configs + a},
		{"--format {{.Label\u00a0\"x\"}} R a", configs + a},
		{"-q --sort unique R a", all},
		{"-q --sort created R a", configs + a},
		{"-q -f label=x R a", configs + a},
		{"-q -f before=v1 R a", configs + a},
		{"-q -f dangling=true R a", a},
		{"-q -f type=image R", all},
		{"-q -f reference=a:* R", a},
		{"-q -f before=b:v1 R a", "configuration, " + configs + all},
		{"-q -f until=1h R", "configuration, " + configs + all},
		{"-q R ?", all},
		{"--unique=false R [a]", configs + a},
		{"R [a]", configs + all},

		{"R a:v1", configs + a},
		{"-o json R a:v1", configs + a},
		{"--unique R a:v1", configs + all},
		{"-q R a:v1", a},
		{"--format {{.Digest}} R a:v1", a},
		{"--format {{.UniqueBytes}} R a:v1", all},
	} {
		var args []string
		for arg := range strings.SplitSeq(test.args, " ") {
			args = append(args, strings.ReplaceAll(arg, "\u00a0", " "))
		}
		cmd, f := &cobra.Command{Use: "ls"}, &listFlags{}
		f.register(cmd)
		if err := cmd.ParseFlags(args); err != nil {
			t.Fatalf("%s: %v", test.args, err)
		}
		l, err := newListing(cmd, f, cmd.Flags().Args())
		if err != nil {
			t.Fatalf("%s: %v", test.args, err)
		}
		d := &watched{Driver: driver}
		before := driver.Requests()
		s := &session{Registry: &drivers.Registry{Driver: d, Name: "R"}, stdout: io.Discard, stderr: io.Discard}
		if err := l.run(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", test.args, err)
		}
		if diff := cmp.Diff(test.want, strings.Join(kindsOf(d.read, names), ", ")); diff != "" {
			t.Errorf("ls %s reads\n%s", test.args, diff)
		}
		if sent := driver.Requests().Sub(before); sent.Get != int64(len(d.read)) {
			t.Errorf("ls %s: %d objects were read, %d of which are known of", test.args, sent.Get, len(d.read))
		}
	}
}

// kindsOf says what lies under keys, sorted.
func kindsOf(keys []string, manifests map[digest.Digest]string) []string {
	var kinds []string
	for _, key := range keys {
		p, ok := layout.Parse(key)
		switch {
		case !ok:
			kinds = append(kinds, key)
		case p.Kind == layout.TagLink:
			kinds = append(kinds, "tag "+p.Repository)
		case manifests[p.Digest] != "":
			kinds = append(kinds, "manifest "+manifests[p.Digest])
		default:
			kinds = append(kinds, "configuration")
		}
	}
	slices.Sort(kinds)
	return kinds
}
