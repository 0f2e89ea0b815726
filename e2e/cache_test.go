package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/blobsweep/blobsweep/drivers"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/google/go-cmp/cmp"
	containers "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	rediscache "github.com/blobsweep/blobsweep/cache/redis"
)

// cachedIn makes a registry's configuration cache descriptors in a Redis.
func cachedIn(r *aRedis) func(config map[string]any) {
	return func(config map[string]any) {
		config["storage"].(map[string]any)["cache"] = map[string]any{"blobdescriptor": "redis"}
		config["redis"] = r.section
	}
}

// A push through a registry that ran all the time, after what is pushed was
// collected, is whole if and only if its cache was cleared. The registry serves
// blobs itself: one that sends clients to the bucket has them find out there
// that a layer is gone.
func TestCacheEndToEnd(t *testing.T) {
	t.Parallel()
	for name, storage := range map[string]func(t *testing.T) (driver string, parameters map[string]any){
		"Filesystem": func(t *testing.T) (string, map[string]any) {
			return "filesystem", map[string]any{"rootdirectory": t.TempDir()}
		},
		"S3": func(t *testing.T) (string, map[string]any) { return "s3", newBucket(t).parameters("/" + root) },
	} {
		for _, cleared := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/cleared=%v", name, cleared), func(t *testing.T) {
				t.Parallel()
				driver, parameters := storage(t)
				config := writeConfig(t, driver, parameters, cachedIn(newRedis(t, "plain")), func(config map[string]any) {
					config["storage"].(map[string]any)["redirect"] = map[string]any{"disable": true}
				})
				host, _ := startRegistry(t, config)
				c := client{t, host}
				base := []containers.Layer{c.layer(types.OCILayer)}
				gone, kept := c.ociImage(base...), c.ociImage(base...)
				c.push("app:gone", gone)
				c.push("app:kept", kept)
				c.push("other/app:gone", gone)
				for _, repository := range []string{"app", "other/app"} {
					c.must(c.pullWhole(repository+":gone", gone)) // which caches
					c.delete(repository + "@" + string(c.digestOf(gone)))
				}

				status, stdout, stderr := runGC(t, "--offline", fmt.Sprintf("--clear-cache=%v", cleared), config)
				if status != 0 || !strings.Contains(stdout, "\nReclaimed ") {
					t.Fatalf("exit status %d\n%s%s", status, stdout, stderr)
				}
				if told := strings.Contains(stdout, "from the registry's Redis cache."); told != cleared {
					t.Errorf("the report says of the cache: %v\n%s", told, stdout)
				}
				if warned := strings.Contains(stderr, "was not cleared"); warned == cleared {
					t.Errorf("it warns: %v\n%s", warned, stderr)
				}

				err := remote.Push(c.ref("app:gone"), gone)
				if err == nil {
					err = c.pullWhole("app:gone", gone)
				}
				if cleared {
					c.must(err)
				} else if err == nil {
					t.Error("the push is whole though the cache was not cleared")
				}
				c.must(c.pullWhole("app:kept", kept))
			})
		}
	}
}

// pullWhole pulls an image and checks all of its bytes.
func (c client) pullWhole(ref string, want containers.Image) error {
	c.Helper()
	image, err := remote.Image(c.ref(ref))
	if err != nil {
		return err
	}
	got, err := image.RawManifest()
	if err != nil {
		return err
	}
	if d := digest.FromBytes(got); d != c.digestOf(want) {
		return fmt.Errorf("%s is %s, want %s", ref, d, c.digestOf(want))
	}
	return validate.Image(image)
}

// Of the whole keyspace, exactly what the registry remembers of removed things
// goes, and the lines of the remedy remove all that is the registry's.
func TestCacheExactly(t *testing.T) {
	t.Parallel()
	for kind := range redisKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r := newRedis(t, kind)
			dir := t.TempDir()
			config := writeConfig(t, "filesystem", map[string]any{"rootdirectory": dir}, cachedIn(r))
			host, _ := startRegistry(t, config)
			c := client{t, host}
			base := []containers.Layer{c.layer(types.OCILayer)}
			gone, kept := c.ociImage(base...), c.ociImage(base...)
			c.push("app:gone", gone)
			c.push("app:kept", kept)
			c.push("other/app:kept", kept)
			for _, ref := range []string{"app:gone", "app:kept", "other/app:kept"} {
				c.pull(ref, map[digest.Digest]bool{})
			}
			c.delete("app@" + string(c.digestOf(gone)))
			// Of no registry, and of another one that has the same Redis.
			c.must(r.client.Set(t.Context(), "unrelated", "stays", 0).Err())
			c.must(r.client.SAdd(t.Context(), "repository::elsewhere::blobs", string(digest.FromString("elsewhere"))).Err())

			before := r.keys(t)
			status, stdout, stderr := runGC(t, "--offline", "-o", "json", config)
			if status != 0 || stderr != "" {
				t.Fatalf("exit status %d\n%s%s", status, stdout, stderr)
			}
			after := r.keys(t)
			own := c.own(gone, base)
			wantReport := cacheReport{Kind: "redis"}
			for _, d := range own {
				if _, ok := before["blobs::"+string(d)]; ok {
					wantReport.Descriptors++
				}
				delete(before, "blobs::"+string(d))
				delete(before, "repository::app::blobs::"+string(d))
				members := before["repository::app::blobs"]
				if left := withoutMember(members, string(d)); left != members {
					wantReport.Memberships++
					before["repository::app::blobs"] = left
				}
			}
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("the keyspace (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(wantReport, readCacheReport(t, stdout)); diff != "" || wantReport.Descriptors == 0 || wantReport.Memberships == 0 {
				t.Errorf("the report, of %+v (-want +got):\n%s", wantReport, diff)
			}
			if r.real {
				r.checkRemedy(t, config)
			}
		})
	}
}

// withoutMember takes one out of what keys prints of a set.
func withoutMember(set, member string) string {
	members := strings.Fields(strings.TrimSuffix(strings.TrimPrefix(set, "set["), "]"))
	for i, m := range members {
		if m == member {
			members = append(members[:i:i], members[i+1:]...)
			return "set[" + strings.Join(members, " ") + "]"
		}
	}
	return set
}

// checkRemedy types into a shell what an operator is told to.
func (r *aRedis) checkRemedy(t *testing.T, config string) {
	t.Helper()
	registry, err := drivers.Open(t.Context(), config, drivers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer registry.Close()
	store, err := rediscache.Open(*registry.Redis)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	script := store.Remedy()
	if password, ok := r.section["sentinelpassword"].(string); ok {
		script = strings.Replace(script, "redis-cli", "REDISCLI_AUTH='"+password+"' redis-cli", 1)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	if r.password != "" { // redis-cli would log in with none
		cmd.Env = append(os.Environ(), "REDISCLI_AUTH="+r.password)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s\n%s", err, script, out)
	}
	left := r.keys(t)
	if diff := cmp.Diff(map[string]string{"unrelated": "stringstays", "ready": "string1"}, left); diff != "" {
		t.Errorf("%s\nleaves (-want +got):\n%s", script, diff)
	}
}

// A Redis that is down does not stop the collection. When it stays down, that is
// told, and how many entries it keeps; when it comes back, it is cleared.
func TestCacheDown(t *testing.T) {
	t.Parallel()
	for _, back := range []bool{false, true} {
		t.Run(fmt.Sprintf("back=%v", back), func(t *testing.T) {
			t.Parallel()
			r := newRedis(t, "plain")
			h := staleRegistry(t, r, 20)
			before := r.keys(t)
			r.stop(t)
			cmd := gc(t, "--offline", "-o", "json", h.config)
			var stdout bytes.Buffer
			cmd.Stdout = &stdout
			pipe, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var stderr strings.Builder
			lines := bufio.NewScanner(pipe)
			for lines.Scan() {
				stderr.WriteString(lines.Text() + "\n")
				if back && strings.Contains(lines.Text(), "could not be cleared; it is tried again") {
					r.start(t)
				}
			}
			status := statusOf(t, cmd.Wait())
			if left := h.blobs(t); len(left) > 0 {
				t.Errorf("%d blobs are left", len(left))
			}
			got := readCacheReport(t, stdout.String())
			if back {
				if want := (cacheReport{Kind: "redis", Descriptors: 20, Memberships: 20}); status != 0 || got != want {
					t.Errorf("exit status %d, %+v\n%s", status, got, stderr.String())
				}
				if diff := cmp.Diff(map[string]string{"ready": "string1"}, r.keys(t)); diff != "" {
					t.Errorf("the keyspace (-want +got):\n%s", diff)
				}
				return
			}
			if status != 4 || got.Failed != 40 || !strings.Contains(got.Error, "connection refused") {
				t.Errorf("exit status %d, %+v", status, got)
			}
			for _, want := range []string{
				"does not answer; it is tried again while the run goes on",
				"\nblobsweep: the registry's Redis cache: 40 entries of the descriptor cache could not be cleared: ",
				"\nThe registry may still offer blobs that are gone, ",
				" --scan --pattern \"$pattern\" | xargs -r -n 500 redis-cli -h 127.0.0.1 ",
			} {
				if !strings.Contains("\n"+stderr.String(), want) {
					t.Errorf("%q is not in\n%s", want, stderr.String())
				}
			}
			r.start(t)
			until(t, func() error { return r.client.Ping(t.Context()).Err() })
			if diff := cmp.Diff(before, r.keys(t)); diff != "" {
				t.Errorf("the keyspace (-before +after):\n%s", diff)
			}
		})
	}
}

// What is gone when a signal comes is cleared all the same, and so is what was
// on its way.
func TestCacheInterrupted(t *testing.T) {
	t.Parallel()
	r := newRedis(t, "plain")
	h := staleRegistry(t, r, 400)
	cmd := gc(t, "--offline", "--max-requests", "300", h.config)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	all := len(h.blobs(t))
	until(t, func() error {
		if len(h.blobs(t)) == all {
			return errors.New("no blob goes")
		}
		return nil
	})
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if status := statusOf(t, cmd.Wait()); status != 4 || !strings.Contains(stdout.String(), "\nInterrupted. ") {
		t.Errorf("exit status %d\n%s%s", status, stdout.String(), stderr.String())
	}
	left, keys := h.blobs(t), r.keys(t)
	if len(left) == 0 || len(left) == all {
		t.Fatalf("%d of %d blobs are left", len(left), all)
	}
	if !strings.Contains(stdout.String(), "\nCleared ") {
		t.Errorf("it does not say what was cleared:\n%s", stdout.String())
	}
	for d := range h.all {
		if _, cached := keys["blobs::"+string(d)]; cached && !left[d] {
			t.Errorf("%s is gone, and cached", d)
		}
	}
	if keys["ready"] == "" {
		t.Error("what is not the registry's is gone")
	}
}

// A registry that no configuration names, by its directory and the URL of its
// Redis.
func TestCacheByURL(t *testing.T) {
	t.Parallel()
	r := newRedis(t, "password")
	h := staleRegistry(t, r, 3)
	cmd := gc(t, "--offline", "--redis", "redis://"+r.section["addrs"].([]string)[0]+"/0", h.dir)
	cmd.Env = append(os.Environ(), "REDISCLI_AUTH="+r.password)
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("\nCleared 3 descriptors and 3 memberships from the registry's Redis cache.\n")) {
		t.Errorf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(map[string]string{"ready": "string1"}, r.keys(t)); diff != "" {
		t.Errorf("the keyspace (-want +got):\n%s", diff)
	}
}

// stale is a registry that nothing runs on, with blobs and layer links that
// nothing needs, and all of them in the cache.
type stale struct {
	dir, config string
	all         map[digest.Digest]bool
}

func staleRegistry(t *testing.T, r *aRedis, n int) stale {
	t.Helper()
	h := stale{dir: t.TempDir(), all: map[digest.Digest]bool{}}
	h.config = writeConfig(t, "filesystem", map[string]any{"rootdirectory": h.dir}, cachedIn(r))
	tree := fixture.New(longAgo())
	for i := range n {
		d := tree.Blob(v1.MediaTypeImageLayerGzip, fmt.Append(nil, i)).Digest
		tree.LayerLink("app", d)
		h.all[d] = true
		p := r.client.Pipeline()
		p.HSet(t.Context(), "blobs::"+string(d), "digest", string(d), "size", 1, "mediatype", "application/octet-stream")
		p.SAdd(t.Context(), "repository::app::blobs", string(d))
		p.HSet(t.Context(), "repository::app::blobs::"+string(d), "mediatype", "application/octet-stream")
		if _, err := p.Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := tree.WriteDir(h.dir); err != nil {
		t.Fatal(err)
	}
	return h
}

// blobs are those on the disk, which may be changing.
func (h stale) blobs(t *testing.T) map[digest.Digest]bool {
	t.Helper()
	there := maps.Clone(h.all)
	for d := range h.all {
		key := fixture.Key(layout.Path{Kind: layout.BlobData, Digest: d})
		if _, err := os.Stat(filepath.Join(h.dir, filepath.FromSlash(key))); errors.Is(err, os.ErrNotExist) {
			delete(there, d)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	return there
}

// cacheReport is what the report in JSON says of the cache.
type cacheReport struct {
	Kind                             string
	Descriptors, Memberships, Failed int
	Error                            string
}

func readCacheReport(t *testing.T, document string) cacheReport {
	t.Helper()
	var report struct{ Cache cacheReport }
	if err := json.Unmarshal([]byte(document), &report); err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	return report.Cache
}
