package sweep_test

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/sweep"
)

const repositories = "docker/registry/v2/repositories/"

// dirs adds empty directories.
func (s *scenario) dirs(at time.Time, prefixes ...string) {
	for _, prefix := range prefixes {
		s.Dirs[prefix] = at
	}
}

var emptinessCases = []lawCase{
	{"all of a repository goes", func(c *scenario) {
		c.Tag("b", "v1", c.Image("b", "x").Digest)
		one := c.Layer("a", "one").Digest
		c.goes(always, layer("a", one), blob(one))
	}},
	{"all of a repository goes with its empty parents", func(c *scenario) {
		c.Tag("b", "v1", c.Image("b", "x").Digest)
		one := c.Layer("group/team/a", "one").Digest
		c.goes(always, layer("group/team/a", one), blob(one))
	}},
	{"repository nested in a repository that goes", func(c *scenario) {
		c.Tag("a/b", "v1", c.Image("a/b", "x").Digest)
		one := c.Layer("a", "one").Digest
		c.goes(always, layer("a", one), blob(one))
	}},
	{"repository nested in a repository that stays", func(c *scenario) {
		c.Tag("a", "v1", c.Image("a", "x").Digest)
		one := c.Layer("a/b/c", "one").Digest
		c.goes(always, layer("a/b/c", one), blob(one))
	}},
	{"repository nested in a repository, both stay", func(c *scenario) {
		c.Tag("a", "v1", c.Image("a", "x", "shared").Digest)
		c.Tag("a/b", "v1", c.Image("a/b", "y", "shared").Digest)
		c.goes(untagged, c.whole("a/b", c.Image("a/b", "z"))...)
	}},
	{"repository with layers and uploads but no manifests", func(c *scenario) {
		one := c.Layer("a", "one").Digest
		c.Upload("a", "u1", old)
		c.goes(always, layer("a", one), blob(one))
		c.goes(always, upload("a", "u1")...)
	}},
	{"repository with layers and a recent upload but no manifests", func(c *scenario) {
		one := c.Layer("a", "one").Digest
		c.at(recently)
		c.Upload("a", "u1", c.Now)
		c.goes(always, layer("a", one), blob(one))
		c.ages(always, upload("a", "u1")...)
	}},
	{"ghost repository", func(c *scenario) {
		c.Tag("b", "v1", c.Image("b", "x").Digest)
		c.dirs(old, repositories+"group/ghost/_layers/sha256/", repositories+"group/ghost/_uploads/",
			repositories+"group/ghost/_manifests/revisions/sha256/", repositories+"group/ghost/_manifests/tags/")
	}},
	{"ghost of a link, of a tag and of an upload", func(c *scenario) {
		c.Tag("a", "v1", c.Image("a", "x").Digest)
		hex := missing("x").Digest.Encoded()
		c.dirs(old, repositories+"a/_layers/sha256/"+hex+"/", repositories+"a/_manifests/revisions/sha256/"+hex+"/",
			repositories+"a/_manifests/tags/v1/index/sha256/"+hex+"/", repositories+"a/_uploads/u1/hashstates/")
	}},
	{"empty directories under blobs", func(c *scenario) {
		c.Tag("a", "v1", c.Image("a", "x").Digest)
		hex := missing("x").Digest.Encoded()
		c.dirs(old, layout.Blobs+"sha256/"+hex[:2]+"/"+hex+"/", layout.Blobs+"sha512/")
	}},
	{"all blobs go", func(c *scenario) {
		c.garbage("x")
		c.dirs(old, repositories)
	}},
	{"empty registry with its directories", func(c *scenario) {
		c.dirs(old, repositories, layout.Blobs)
	}},
	{"directory markers", func(c *scenario) {
		c.Tag("b", "v1", c.Image("b", "x").Digest)
		one := c.Layer("a/b", "one").Digest
		c.goes(always, layer("a/b", one), blob(one))
		c.marker("docker/registry/v2/", false)
		c.marker(repositories, false)
		c.marker(repositories+"a/", true)
		c.marker(repositories+"a/b/", true)
		c.marker(repositories+"a/b/_layers/", true)
		c.marker(repositories+"b/", false)
		c.marker(repositories+"b/_manifests/", false)
		c.marker(repositories+"ghost/", true)
		c.marker(repositories+"strange/_other/", false)
		c.Now = start
		c.marker(repositories+"new/", false)
	}},
	{"a marker that is not empty", func(c *scenario) {
		c.Tag("b", "v1", c.Image("b", "x").Digest)
		c.Put(repositories+"a/", []byte("something"))
		c.finds(always, mark.Stranger)
	}},
}

func TestLaw11Emptiness(t *testing.T) { holds(t, emptinessCases) }

// uploadCase is an upload of which startedat says one thing, and the times of
// its files another.
func uploadCase(name, startedAt string, filesAge time.Duration, olderThan time.Duration, goes bool) lawCase {
	return lawCase{name, func(c *scenario) {
		c.options.UploadsOlderThan = olderThan
		c.Tag("app", "v1", c.Image("app", "x").Digest)
		c.Now = start.Add(-filesAge)
		c.Upload("app", "u1", c.Now)
		files := upload("app", "u1")
		if startedAt == "" {
			c.Remove(files[0])
			files = files[1:]
		} else {
			c.Add(files[0], []byte(startedAt))
		}
		if goes {
			c.goes(always, files...)
		} else {
			c.ages(always, files...)
		}
	}}
}

const (
	day        = 24 * time.Hour
	threeWeeks = 21 * day
)

func ago(age time.Duration) string { return start.Add(-age).Format(time.RFC3339) }

var uploadCases = []lawCase{
	uploadCase("older than a week", ago(8*day), 8*day, 0, true),
	uploadCase("younger than a week", ago(6*day), 6*day, 0, false),
	uploadCase("older than asked for", ago(6*day), 6*day, 5*day, true),
	uploadCase("younger than asked for", ago(8*day), 8*day, 9*day, false),
	uploadCase("startedat counts before the times of files", ago(8*day), 6*day, 0, true),
	uploadCase("startedat counts before the times of files, young", ago(6*day), 8*day, 0, false),
	uploadCase("startedat in another zone", start.Add(-8*day).In(time.FixedZone("", 5*3600)).Format(time.RFC3339), 8*day, 0, true),
	uploadCase("without startedat, old", "", threeWeeks, 0, true),
	uploadCase("without startedat, young", "", 2*day, 0, false),
	uploadCase("garbled startedat, old", "yesterday", threeWeeks, 0, true),
	uploadCase("garbled startedat, young", "yesterday", 2*day, 0, false),
	uploadCase("any age, past the grace", ago(2*time.Hour), 2*time.Hour, -1, true),
	uploadCase("any age, within the grace", ago(time.Minute), time.Minute, -1, false),
	{"without startedat, the newest file counts", func(c *scenario) {
		c.Upload("app", "u1", old)
		files := upload("app", "u1")
		c.Remove(files[0])
		c.touch(-2*day, files[2])
		c.ages(always, files[1:]...)
	}},
	{"one of two, and none of a forgotten blob", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "x").Digest)
		c.Upload("app", "old", old)
		c.Upload("app", "new", start.Add(-day))
		c.goes(always, upload("app", "old")...)
		c.ages(always, upload("app", "new")...)
	}},
}

func TestLaw12Uploads(t *testing.T) { holds(t, uploadCases) }

// cutShort is a store that answers a read of startedat with its first bytes.
type cutShort struct {
	*memory.Driver
	bytes int
}

func (d cutShort) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	content, err := d.Driver.Get(ctx, key, limit)
	if strings.HasSuffix(key, "/startedat") {
		content = content[:min(len(content), d.bytes)]
	}
	return content, err
}

// TestLaw12StartedAtCutShort: an upload is recent whose startedat is not as long
// as the listing shows it, whatever the rest of it says.
func TestLaw12StartedAtCutShort(t *testing.T) {
	began := ago(8 * day)
	d := filled(t, func(c *scenario) {
		inUse(c)
		c.Upload("app", "u1", old)
		c.Add(upload("app", "u1")[0], []byte(began+"\n"))
	})
	for _, bytes := range []int{0, 1, len(began) - 1, len(began), len(began) + 1} {
		want := sweep.TotalCounts{Total: 1, Recent: 1}
		if bytes > len(began) { // all of it
			want = sweep.TotalCounts{Total: 1, Eligible: 1}
		}
		plan, err := sweep.New(t.Context(), cutShort{d, bytes}, sweep.Options{Now: start})
		if err != nil {
			t.Fatal(err)
		}
		if got := plan.Counts().Uploads; got != want {
			t.Errorf("%d bytes: got %+v, want %+v", bytes, got, want)
		}
	}
}

var strangerCases = []lawCase{
	{"stray files everywhere", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "x").Digest)
		for _, key := range []string{
			"lost+found/x", "docker/x", "docker/registry/x", "docker/registry/v1/images/x", "docker/registry/v2/x",
		} {
			c.Put(key, []byte("out of the two trees"))
		}
		c.garbage("x")
		for _, key := range []string{
			layout.Blobs + "x", layout.Blobs + "sha256/x", layout.Blobs + "sha256/ab/x", layout.Blobs + "md5/ab/x/data",
			repositories + "x", repositories + "app/x", repositories + "app/_layers/x", repositories + "app/_layers/sha256/x",
			repositories + "app/_manifests/x", repositories + "app/_manifests/revisions/x", repositories + "app/_manifests/tags/x",
			repositories + "app/_uploads/x", repositories + "app/_referrers/sha256/abc/link",
		} {
			c.Put(key, []byte("who knows"))
		}
		c.finds(always, mark.Stranger)
	}},
	{"stray file beside a blob and beside links that go", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "x").Digest)
		one := c.Layer("app", "one").Digest
		c.goes(always, layer("app", one), blob(one))
		c.Put(fixture.Key(blob(one))+".bak", []byte("who knows"))
		c.Put(fixture.Key(layer("app", one))+".bak", []byte("who knows"))
		c.finds(onFlat, mark.Stranger)
		c.hidden = true
	}},
	{"unknown _x directory in an otherwise empty repository", func(c *scenario) {
		c.Tag("b", "v1", c.Image("b", "x").Digest)
		one := c.Layer("a", "one").Digest
		c.goes(always, layer("a", one), blob(one))
		c.Put(repositories+"a/_x/y", []byte("who knows"))
		c.finds(always, mark.Stranger)
	}},
	{"stray file in an otherwise empty group", func(c *scenario) {
		c.Tag("b", "v1", c.Image("b", "x").Digest)
		one := c.Layer("group/a", "one").Digest
		c.goes(always, layer("group/a", one), blob(one))
		c.Put(repositories+"group/README", []byte("who knows"))
		c.finds(always, mark.Stranger)
	}},
	{"empty unknown _x directory", func(c *scenario) {
		c.Tag("b", "v1", c.Image("b", "x").Digest)
		c.dirs(old, repositories+"a/_x/")
		c.staying = []string{repositories + "a/_x/"}
		c.finds(always, mark.Stranger)
	}},
	oddRepository("Foo bar"),
	oddRepository("UPPER"),
	{"repository below a name that begins with an underscore", func(c *scenario) {
		c.Tag("b", "v1", c.Image("b", "x").Digest)
		image := c.Image("a", "x")
		c.goes(always, c.links("a", image)[1:]...)
		c.Remove(revision("a", image.Digest))
		c.Put(repositories+"_b/c/_manifests/revisions/sha256/"+image.Digest.Encoded()+"/link", []byte(image.Digest))
		c.finds(always, mark.OddRepository)
		c.finds(onTree, mark.Stranger)
	}},
	{"symbolic link to itself", func(c *scenario) {
		c.Tag("a", "v1", c.Image("a", "x").Digest)
		c.Symlinks[repositories+"loop"] = "loop"
		c.garbage("x")
		c.finds(always, mark.Symlink)
	}},
	{"symbolic link to nowhere", func(c *scenario) {
		c.Tag("a", "v1", c.Image("a", "x").Digest)
		c.Symlinks[repositories+"nowhere"] = "not/there"
		c.garbage("x")
		c.finds(always, mark.Symlink)
	}},
	{"symbolic link to another layer link", func(c *scenario) {
		image := c.Image("a", "x")
		c.Tag("a", "v1", image.Digest)
		c.Symlinks[repositories+"a/_layers/sha256/"+missing("x").Digest.Encoded()] = c.parts(image)[0].Encoded()
		c.garbage("x")
		c.finds(always, mark.Symlink)
	}},
	{"symbolic link in place of a blob that nothing needs", func(c *scenario) {
		c.Tag("a", "v1", c.Image("a", "x").Digest)
		one := missing("one").Digest
		c.Symlinks[fixture.Key(blob(one))] = filepath.Join(c.outside, "data")
		c.garbage("x")
		c.finds(always, mark.Symlink)
	}},
	{"symbolic link in place of a blob's directory", func(c *scenario) {
		c.Tag("a", "v1", c.Image("a", "x").Digest)
		hex := missing("one").Digest.Encoded()
		c.Symlinks[layout.Blobs+"sha256/"+hex[:2]+"/"+hex] = c.outside
		c.garbage("x")
		c.finds(always, mark.Symlink)
	}},
	{"symbolic link in place of an upload, out of the tree", func(c *scenario) {
		c.Tag("a", "v1", c.Image("a", "x").Digest)
		c.Upload("a", "u1", old)
		c.goes(always, upload("a", "u1")...)
		c.Symlinks[repositories+"a/_uploads/u2"] = c.outside
		c.finds(always, mark.Symlink)
	}},
	{"symbolic link in an otherwise empty repository, out of the tree", func(c *scenario) {
		c.Tag("b", "v1", c.Image("b", "x").Digest)
		one := c.Layer("a", "one").Digest
		c.goes(always, layer("a", one), blob(one))
		c.Symlinks[repositories+"a/_uploads/u1"] = c.outside
		c.finds(always, mark.Symlink)
	}},
}

// oddRepository has links in a repository that no registry makes. They stay,
// and so do the blobs that they alone name.
func oddRepository(name string) lawCase {
	return lawCase{"links in a repository " + strconv.Quote(name), func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "x").Digest)
		layerOf, former := c.Blob("", []byte("layer")).Digest, c.Blob("", []byte("former")).Digest
		prefix := layout.Repository(name)
		c.Put(prefix+"_layers/sha256/"+layerOf.Encoded()+"/link", []byte(layerOf))
		c.Put(prefix+"_manifests/tags/v1/index/sha256/"+former.Encoded()+"/link", []byte(former))
		c.Put(prefix+"_manifests/tags/v1/current/link", []byte(missing("x").Digest))
		c.garbage("x")
		c.finds(always, mark.OddRepository, mark.DanglingTag)
	}}
}

// behind moves what lies at a place of the tree to a target, out of the tree
// or relative to the place, and leaves a symbolic link.
func (s *scenario) behind(place, target string) {
	moved := fixture.New(old)
	for key, file := range s.Files {
		if rest, below := strings.CutPrefix(key, place+"/"); below {
			moved.Files[rest] = file
			delete(s.Files, key)
		}
	}
	for key, to := range s.Symlinks {
		if rest, below := strings.CutPrefix(key, place+"/"); below {
			moved.Symlinks[rest] = to
			delete(s.Symlinks, key)
		}
	}
	s.Symlinks[place] = target
	if filepath.IsAbs(target) {
		if err := moved.WriteDir(target); err != nil {
			panic(err)
		}
		return
	}
	for rest, file := range moved.Files {
		s.Files[path.Join(path.Dir(place), target, rest)] = file
	}
}

// outOfTheTree puts what looks like garbage where symbolic links lead out of
// the tree.
func outOfTheTree(c *scenario) {
	for _, name := range []string{"data", "link", "startedat"} {
		if err := os.WriteFile(filepath.Join(c.outside, name), nil, 0o600); err != nil {
			panic(err)
		}
		if err := os.Chtimes(filepath.Join(c.outside, name), old, old); err != nil {
			panic(err)
		}
	}
}

func TestLaw13StrangersStay(t *testing.T) {
	t.Parallel()
	for _, c := range with(strangerCases, outOfTheTree) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newScenario(t, c)
			s.everyRun(t, func(t *testing.T, run when, opts sweep.Options, b backend) {
				s.check(t, run, opts, b)
				if left, err := os.ReadDir(s.outside); err != nil || len(left) != 3 {
					t.Errorf("out of the tree is left %v, %v", left, err)
				}
			})
		})
	}
}

func TestLaw13StrangersAreCounted(t *testing.T) {
	c := lawCase{"", func(c *scenario) {
		c.Tag("app", "v1", c.Image("app", "x").Digest)
		for _, key := range []string{repositories + "app/x", repositories + "app/_layers/y", layout.Blobs + "z"} {
			c.Put(key, []byte("who knows"))
		}
	}}
	newScenario(t, c).everyRun(t, func(t *testing.T, _ when, opts sweep.Options, b backend) {
		plan, err := sweep.New(t.Context(), b.driver, opts)
		if err != nil {
			t.Fatal(err)
		}
		if n := plan.Counts().Strangers; n != 3 {
			t.Errorf("got %d strangers, want 3", n)
		}
	})
}
