package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/opencontainers/go-digest"
)

// shop is a registry that people have worked with for a month.
type shop struct {
	home
	tags map[string]digest.Digest // by repository:tag
	// referrers are the tags under which clients keep indexes of what refers to
	// an image, as the registry does not, by what they name; subjects are the
	// images.
	referrers, subjects map[string]digest.Digest
}

// places are where the registries of these tests are kept.
var places = map[string]func(t *testing.T) home{
	"Directory": onFilesystem,
	"S3": func(t *testing.T) home {
		b := newBucket(t)
		return home{config: writeConfig(t, "s3", b.parameters("/"+root)), root: filepath.Join(b.dir, root)}
	},
}

// pushedShops are what clients have pushed to a registry in each place, once for
// all tests.
var pushedShops struct {
	sync.Mutex
	byPlace map[string]*pushedShop
}

type pushedShop struct {
	*shop
	files *fixture.Tree
}

// eachPlace runs a test in each place; open gives a registry there with what
// clients have pushed.
func eachPlace(t *testing.T, run func(t *testing.T, open func(t *testing.T) *shop)) {
	for name, place := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pushed := pushedTo(t, name)
			run(t, func(t *testing.T) *shop {
				t.Helper()
				s := &shop{place(t), maps.Clone(pushed.tags), pushed.referrers, pushed.subjects}
				if err := pushed.files.WriteDir(s.root); err != nil {
					t.Fatal(err)
				}
				return s
			})
		})
	}
}

func pushedTo(t *testing.T, place string) *pushedShop {
	t.Helper()
	pushedShops.Lock()
	defer pushedShops.Unlock()
	if pushed := pushedShops.byPlace[place]; pushed != nil {
		return pushed
	}
	s := newShop(t, places[place](t))
	files, err := fixture.ReadDir(s.root)
	if err != nil {
		t.Fatal(err)
	}
	if pushedShops.byPlace == nil {
		pushedShops.byPlace = map[string]*pushedShop{}
	}
	pushedShops.byPlace[place] = &pushedShop{s, files}
	return pushedShops.byPlace[place]
}

// newShop pushes builds to several services, one of them for two platforms, with a
// signature here and there, and lets them age, the first of them a month.
func newShop(t *testing.T, h home) *shop {
	t.Helper()
	s := &shop{h, map[string]digest.Digest{}, map[string]digest.Digest{}, map[string]digest.Digest{}}
	s.serve(t, func(c client) {
		push := func(ref string, what remote.Taggable) { s.tags[ref] = c.push(ref, what) }
		base := c.layer(types.OCILayer)
		for i := range 14 {
			tag := fmt.Sprintf("v1.%d.0", i)
			image := c.ociImage(base)
			push("shop/api:"+tag, image)
			push("shop/web:"+tag, c.index(types.OCIImageIndex, c.ociImage(base), c.ociImage(base)))
			if i%4 == 0 {
				c.pushByDigest("shop/api", c.referrer(image))
				ref := "shop/api:" + fallbackTag(s.tags["shop/api:"+tag])
				s.referrers[ref], s.subjects[ref] = c.resolve(ref), s.tags["shop/api:"+tag]
			}
		}
		latest := c.ociImage(base)
		push("shop/api:v1.14.0", latest)
		push("shop/api:latest", latest)
		for i := range 3 {
			push(fmt.Sprint("shop/api:pr-", i), c.ociImage(base))
		}
		push("team/sandbox:try", c.ociImage(base))
		c.pushByDigest("team/sandbox", c.ociImage())
	})
	s.age(t)
	return s
}

// serve lets a registry run for as long as f does.
func (s *shop) serve(t *testing.T, f func(c client)) {
	t.Helper()
	host, stop := startRegistry(t, s.config)
	defer stop()
	f(client{t, host})
}

// age spreads what was pushed over a month, in its order, until a day ago.
func (s *shop) age(t *testing.T) {
	t.Helper()
	type file struct {
		name string
		time time.Time
	}
	var all []file
	err := filepath.WalkDir(s.root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			all = append(all, file{name, info.ModTime()})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b file) int { return a.time.Compare(b.time) })
	start := time.Now().Add(-30 * 24 * time.Hour).Truncate(time.Second)
	each := (29 * 24 * time.Hour / time.Duration(len(all))).Truncate(time.Second)
	for i, f := range all {
		at := start.Add(time.Duration(i) * each)
		if err := os.Chtimes(f.name, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

// whole pulls every tag that the registry has, and returns them: those that people
// gave, and those that clients keep for referrers.
func (s *shop) whole(t *testing.T) (tags, referrers []string) {
	t.Helper()
	s.serve(t, func(c client) {
		seen := map[digest.Digest]bool{}
		for _, repository := range c.catalog() {
			for _, tag := range c.tags(repository) {
				link := fixture.Key(layout.Path{Kind: layout.TagLink, Repository: repository, Tag: tag})
				if _, err := os.Stat(filepath.Join(s.root, filepath.FromSlash(link))); errors.Is(err, fs.ErrNotExist) {
					continue // killed between the link and its empty directory: nobody can pull it
				}
				ref := repository + ":" + tag
				want, ours := s.tags[ref]
				if ours {
					tags = append(tags, ref)
				} else {
					want = s.referrers[ref]
					referrers = append(referrers, ref)
				}
				c.pull(ref, seen)
				if got := c.resolve(ref); got != want {
					t.Errorf("%s is %s, and was %s", ref, got, want)
				}
			}
		}
	})
	slices.Sort(tags)
	slices.Sort(referrers)
	return tags, referrers
}

// wantTags expects these tags, and that what refers to an image is there if the
// image is; if gone is set, that it is not there otherwise.
func (s *shop) wantTags(t *testing.T, want []string, gone bool) {
	t.Helper()
	slices.Sort(want)
	tags, referrers := s.whole(t)
	if diff := cmp.Diff(want, tags); diff != "" {
		t.Errorf("the tags (-want +got):\n%s", diff)
	}
	named := map[digest.Digest]bool{}
	for _, ref := range tags {
		named[s.tags[ref]] = true
	}
	for ref, subject := range s.subjects {
		if there := slices.Contains(referrers, ref); named[subject] && !there || !named[subject] && there && gone {
			t.Errorf("%s: its image is there: %v; it is there: %v", ref, named[subject], there)
		}
	}
}

// shell runs a script as somebody types it, with the command in its path, and
// the registry's configuration in the place of the usual one.
func (s *shop) shell(t *testing.T, dir, script string) (output string, status int) {
	t.Helper()
	cmd := s.script(t, script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// script is what runs it.
func (s *shop) script(t *testing.T, script string) *exec.Cmd {
	t.Helper()
	file, err := builtCommand()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", strings.ReplaceAll(script, "/etc/distribution/config.yml", s.config))
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(file)+string(os.PathListSeparator)+os.Getenv("PATH"))
	return cmd
}

// recipe is a section of the documentation: what to type, and what to write to
// files before.
type recipe struct {
	title string
	steps []step
}

type step struct {
	file    string // to write; empty for a script
	content string
}

var (
	fence    = regexp.MustCompile("(?ms)^(?:`([a-z.-]+)`:\n\n)?```(sh|yaml)\n(.*?)^```$")
	sections = regexp.MustCompile(`(?m)^### `)
)

// recipes reads those of docs/operations.md.
func recipes(t *testing.T) []recipe {
	t.Helper()
	page, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, page2, ok := strings.Cut(string(page), "\n## Recipes\n")
	text, _, more := strings.Cut(page2, "\n## ")
	if !ok || !more {
		t.Fatal("there are no recipes")
	}
	var all []recipe
	for _, section := range sections.Split(text, -1)[1:] {
		title, body, _ := strings.Cut(section, "\n")
		r := recipe{title: title}
		for _, m := range fence.FindAllStringSubmatch(body, -1) {
			if m[2] == "yaml" && m[1] == "" {
				t.Fatalf("%s: the file of a block has no name", title)
			}
			r.steps = append(r.steps, step{m[1], m[3]})
		}
		all = append(all, r)
	}
	return all
}

// left is what a recipe leaves of the tags, where it takes any.
var left = map[string]func(ref string) bool{
	"Free 200 GB tonight": func(ref string) bool {
		return !strings.HasPrefix(ref, "shop/") || slices.Contains([]string{
			"shop/api:latest", "shop/api:pr-0", "shop/api:pr-1", "shop/api:pr-2", "shop/api:v1.14.0",
			"shop/web:v1.13.0", "shop/web:v1.12.0", "shop/web:v1.11.0", "shop/web:v1.10.0", "shop/web:v1.9.0",
		}, ref)
	},
	"Keep the last ten releases of each service": func(ref string) bool {
		old, err := path.Match("shop/*:v1.[0-3].0", ref)
		return err == nil && !old && ref != "shop/api:v1.4.0"
	},
	"Remove one image, or a whole repository": func(ref string) bool {
		return ref != "shop/api:v1.0.0" && !strings.HasPrefix(ref, "shop/api:pr-") && !strings.HasPrefix(ref, "team/sandbox")
	},
}

// TestRecipes follows the recipes of the documentation as they are written, on a
// registry that real clients have pushed to. What they leave must be whole.
func TestRecipes(t *testing.T) {
	t.Parallel()
	all := recipes(t)
	for title := range left {
		if !slices.ContainsFunc(all, func(r recipe) bool { return r.title == title }) {
			t.Errorf("there is no recipe %q", title)
		}
	}
	eachPlace(t, func(t *testing.T, open func(*testing.T) *shop) {
		for _, r := range all {
			t.Run(r.title, func(t *testing.T) { open(t).follow(t, r) })
		}
	})
}

// follow does what a recipe says, step by step.
func (s *shop) follow(t *testing.T, r recipe) {
	dir := t.TempDir()
	for _, step := range r.steps {
		if step.file != "" {
			if err := os.WriteFile(filepath.Join(dir, step.file), []byte(step.content), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		output, status := s.shell(t, dir, step.content)
		t.Logf("%s\n%s", step.content, output)
		if status != 0 {
			t.Fatalf("status %d", status)
		}
	}
	var want []string
	for ref := range s.tags {
		if keep := left[r.title]; keep == nil || keep(ref) {
			want = append(want, ref)
		}
	}
	s.wantTags(t, want, strings.Contains(fmt.Sprint(r.steps), "dangling-referrers"))
}

// TestTwoTagsOneDigest removes one of two tags on a digest, and then the other.
func TestTwoTagsOneDigest(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, open func(*testing.T) *shop) {
		s := open(t)
		d := s.tags["shop/api:latest"]
		for _, ref := range []string{"shop/api:latest", "shop/api:v1.14.0"} {
			output, status := s.shell(t, t.TempDir(), "blobsweep rm --offline --gc /etc/distribution/config.yml "+ref)
			last := strings.Contains(output, "Deleted: shop/api@"+string(d))
			if status != 0 || !strings.Contains(output, "Untagged: "+ref) || last != (ref == "shop/api:v1.14.0") {
				t.Fatalf("status %d\n%s", status, output)
			}
			delete(s.tags, ref)
			s.wantTags(t, slices.Collect(maps.Keys(s.tags)), false)
		}
		if _, err := os.Stat(filepath.Join(s.root, filepath.FromSlash(layout.BlobKey(d)))); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the manifest's blob: %v", err)
		}
	})
}

// TestKilledRemoval kills rm and prune at moments spread over their run. Each
// time every tag that is left is whole, and a rerun finishes.
func TestKilledRemoval(t *testing.T) {
	t.Parallel()
	commands := map[string]string{
		"rm":    "blobsweep rm --ignore-missing --max-requests 500 --offline --gc --all-matching /etc/distribution/config.yml 'shop/api:v1.?.0' 'shop/web:v1.?.0'",
		"prune": "blobsweep prune --max-requests 500 --offline --gc --repositories 'shop/**' --keep-newest 4 --protect latest /etc/distribution/config.yml",
	}
	eachPlace(t, func(t *testing.T, open func(*testing.T) *shop) {
		for name, script := range commands {
			t.Run(name, func(t *testing.T) {
				s := open(t)
				kills := 0
				for kills < 5 && s.killed(t, script, 1+3*kills) {
					kills++
					s.whole(t)
				}
				if kills == 0 {
					t.Error("nothing was killed")
				}
				t.Logf("killed %d times", kills)
				if output, status := s.shell(t, t.TempDir(), script); status != 0 {
					t.Fatalf("status %d\n%s", status, output)
				}
				tags, _ := s.whole(t)
				for _, ref := range tags {
					if old, err := path.Match("shop/*:v1.[0-8].0", ref); err != nil || old {
						t.Errorf("%s is left", ref)
					}
				}
				if !slices.Contains(tags, "shop/api:latest") || !slices.Contains(tags, "team/sandbox:try") {
					t.Errorf("left are %q", tags)
				}
			})
		}
	})
}

// killed runs a script and kills the command as soon as so many files are gone.
// It reports whether that was before its end.
func (s *shop) killed(t *testing.T, script string, after int) bool {
	t.Helper()
	cmd := s.script(t, "exec "+script)
	links := filepath.Join(s.root, filepath.FromSlash(layout.Repositories)) // what goes first
	before := countFiles(links)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case <-ended:
			return false
		case <-time.After(time.Millisecond):
		}
		if before-countFiles(links) >= after {
			if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
			err := <-ended
			var exit *exec.ExitError
			return errors.As(err, &exit) && !exit.Exited()
		}
	}
}

// countFiles counts files in a directory that is changing.
func countFiles(dir string) (n int) {
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			n++
		}
		return nil
	})
	if err != nil {
		return 0
	}
	return n
}
