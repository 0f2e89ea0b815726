package drivers_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/drivers"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/sirupsen/logrus"
)

const tree = "docker/registry/v2"

// mkdir makes a directory below base.
func mkdir(t *testing.T, base, name string) string {
	t.Helper()
	dir := filepath.Join(base, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// write writes a file below base.
func write(t *testing.T, base, name, content string) string {
	t.Helper()
	file := filepath.Join(base, name)
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// registry makes the root directory of a registry with one stray file in it.
func registry(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	write(t, mkdir(t, root, tree), "file", "content")
	return root
}

// open opens what must open, and looks whether the driver reads root.
func open(t *testing.T, what, root string) *drivers.Registry {
	t.Helper()
	r, err := drivers.Open(t.Context(), what, drivers.Options{})
	if err != nil {
		t.Fatalf("Open(%q): %v", what, err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	if r.Name != root {
		t.Errorf("Open(%q) has the name %q, want %q", what, r.Name, root)
	}
	if _, err := r.Driver.Stat(t.Context(), tree+"/file"); err != nil {
		t.Errorf("Open(%q): %v", what, err)
	}
	if _, ok := storage.AsTree(r.Driver); !ok {
		t.Errorf("Open(%q) hides the powers of its driver", what)
	}
	return r
}

func config(storage string) string { return "version: 0.1\nstorage:\n" + storage }

func filesystem(root string) string {
	return config("  filesystem:\n    rootdirectory: " + root + "\n")
}

func TestOpenDirectory(t *testing.T) {
	root := registry(t)
	open(t, root, root)
	open(t, root+"/", root)
	open(t, "file://"+root, root)
	open(t, "FILE://localhost"+root, root)
	t.Chdir(root)
	open(t, ".", root)

	spaced := mkdir(t, t.TempDir(), "a dir")
	write(t, mkdir(t, spaced, tree), "file", "")
	open(t, "file://"+strings.ReplaceAll(spaced, " ", "%20"), spaced)

	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(root, link); err != nil {
		t.Fatal(err)
	}
	open(t, link, link) // the root itself may be a link
}

func TestOpenConfig(t *testing.T) {
	root := registry(t)
	dir := t.TempDir()
	for _, c := range []struct{ name, content, cache string }{
		{"plain", filesystem(root), ""},
		{"inmemory cache", filesystem(root) + "  cache:\n    blobdescriptor: inmemory\n", "inmemory"},
		{"redis cache", filesystem(root) + "  cache:\n    blobdescriptor: redis\n", "redis"},
		{"old word for the cache", filesystem(root) + "  cache:\n    layerinfo: redis\n", "redis"},
		{"cache turned off", filesystem(root) + "  cache:\n    blobdescriptor: \"\"\n", ""},
		{"version 2 of the registry", `version: 0.1
log:
  fields:
    service: registry
  accesslog:
    disabled: true
storage:
  delete:
    enabled: true
  cache:
    blobdescriptor: inmemory
  maintenance:
    uploadpurging:
      enabled: true
      age: 168h
  filesystem:
    rootdirectory: ` + root + `
    maxthreads: 100
http:
  addr: :5000
  headers:
    X-Content-Type-Options: [nosniff]
  debug:
    addr: localhost:5001
auth:
  htpasswd: {realm: basic-realm, path: /etc/registry}
redis:
  addr: localhost:6379
  db: 0
  dialtimeout: 10ms
  pool: {maxidle: 16, maxactive: 64, idletimeout: 300s}
reporting:
  bugsnag: {apikey: none}
health:
  storagedriver: {enabled: true, interval: 10s, threshold: 3}
compatibility:
  schema1: {enabled: true}
validation:
  disabled: true
`, "inmemory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r := open(t, write(t, dir, "config.yml", c.content), root); r.Cache != c.cache {
				t.Errorf("the cache is %q, want %q", r.Cache, c.cache)
			}
		})
	}
}

func TestOpenConfigOverridden(t *testing.T) {
	root := registry(t)
	t.Setenv("REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY", root)
	t.Setenv("REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR", "redis")
	file := write(t, t.TempDir(), "config.yml", filesystem("/nowhere"))
	if r := open(t, file, root); r.Cache != "redis" {
		t.Errorf("the cache is %q", r.Cache)
	}
}

// What was never pushed to has no tree yet.
func TestOpenConfigOfAnEmptyRegistry(t *testing.T) {
	root := t.TempDir()
	r, err := drivers.Open(t.Context(), write(t, t.TempDir(), "config.yml", filesystem(root)), drivers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for object, err := range r.Driver.List(t.Context(), "", storage.ListOptions{}) {
		t.Errorf("it lists %+v, %v", object, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestOpenPrintsNothing(t *testing.T) {
	var log bytes.Buffer
	previous := logrus.StandardLogger().Out
	logrus.SetOutput(&log)
	defer logrus.SetOutput(previous)
	root := registry(t)
	open(t, write(t, t.TempDir(), "config.yml", filesystem(root)), root)
	if log.Len() > 0 {
		t.Errorf("the parser logs: %s", &log)
	}
}

// Each error names the culprit and the remedy.
func TestOpenRefuses(t *testing.T) {
	root := registry(t)
	empty := t.TempDir()
	file := write(t, empty, "file", "no directory")
	linked := t.TempDir()
	if err := os.Symlink(filepath.Join(root, "docker"), filepath.Join(linked, "docker")); err != nil {
		t.Fatal(err)
	}
	parent := t.TempDir()
	child := mkdir(t, parent, "registry")
	mkdir(t, child, tree)

	type refusal struct {
		name, registry string
		want           []string
	}
	cases := []refusal{
		{"empty", "", []string{"config.yml", tree}},
		{"no such path", root + "/nowhere", []string{root + "/nowhere", "no such file", "config.yml"}},
		{"behind a file", file + "/x", []string{file + "/x", "no such file"}},
		{"no registry", empty, []string{empty, "holds no " + tree, "rootdirectory"}},
		{"the tree itself", root + "/" + tree, []string{"did you mean " + root + "?"}},
		{"a part of the tree", root + "/docker", []string{"did you mean " + root + "?"}},
		{"deep in the tree", mkdir(t, root, tree+"/repositories/a"), []string{"did you mean " + root + "?"}},
		{"above", parent, []string{"did you mean " + child + "?"}},
		{"linked", linked, []string{linked + "/docker", "symbolic link"}},
		{"neither file nor directory", os.DevNull, []string{os.DevNull, "neither"}},
		{"unknown scheme", "ftp://host/dir", []string{"ftp://", "not known", "file:///directory", "s3://", "oss://"}},
		{"gs", "gs://bucket", []string{"gs://", "not supported", "drivers/distribution"}},
		{"broken s3 URL", "s3://bucket/%zz?secretkey=hush", []string{"s3://bucket/prefix?region="}},
		{"credentials in an s3 URL", "s3://me:hush@bucket?region=x", []string{"AWS_ACCESS_KEY_ID"}},
		{"secret in an s3 URL", "s3://bucket?region=x&secretkey=hush", []string{"AWS_SECRET_ACCESS_KEY"}},
		{"unknown key in an s3 URL", "s3://bucket?region=x&colour=red", []string{"colour", "path-style"}},
		{"credentials in an oss URL", "oss://me:hush@bucket?region=x", []string{"OSS_ACCESS_KEY_ID"}},
		{"unknown key in an oss URL", "oss://bucket?region=x&colour=red", []string{"colour", "internal"}},
		{"no region in an oss URL", "oss://bucket", []string{"region"}},
		{"host in the URL", "file://var/lib/registry", []string{`"var"`, "three slashes"}},
		{"query in the URL", "file:///dir?x=y", []string{"file:///dir?x=y", "file:///absolute/directory"}},
		{"broken URL", "file:///%zz", []string{"file:///%zz", "file:///absolute/directory"}},
	}
	for _, c := range []struct {
		name, content string
		want          []string
	}{
		{"empty", " \n", []string{"the file is empty"}},
		{"no YAML", "version: 0.1\nstorage:\n  filesystem: {\n", []string{"line 3"}},
		{"wrong type", "version: 0.1\nstorage:\n  filesystem: [1]\n", []string{"yaml: unmarshal errors: line 3"}},
		{"other YAML", "kind: Deployment\n", []string{"version"}},
		{"no storage", "version: 0.1\n", []string{"no storage"}},
		{"two drivers", config("  filesystem: {}\n  s3: {}\n"), []string{"exactly one"}},
		{"inmemory", config("  inmemory: {}\n"), []string{"inmemory", "nothing to collect", "restart"}},
		{"s3 without a region", config("  s3: {bucket: b, secretkey: hush}\n"), []string{"region", "REGISTRY_STORAGE_S3_REGION"}},
		{"s3aws without a bucket", config("  s3aws: {region: r}\n"), []string{"bucket"}},
		{"s3 with a bad switch", config("  s3: {bucket: b, region: r, secure: perhaps}\n"), []string{"secure", "true", "false"}},
		{"oss without a bucket", config("  oss: {region: r, accesskeysecret: hush}\n"), []string{"bucket"}},
		{"gcs", config("  gcs: {bucket: b}\n"), []string{"driver gcs", "not supported", "drivers/distribution"}},
		{"azure", config("  azure: {container: b}\n"), []string{"driver azure", "not supported"}},
		{"unknown driver", config("  floppy: {}\n"), []string{"driver floppy", "not known", "filesystem"}},
		{"no rootdirectory", filesystem(root + "/nowhere"), []string{root + "/nowhere", "does not exist", "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY"}},
		{"rootdirectory is a file", filesystem(file), []string{file, "not a directory"}},
		{"rootdirectory behind a file", filesystem(file + "/x"), []string{file + "/x", "does not exist"}},
		{"linked rootdirectory", filesystem(linked), []string{linked + "/docker", "symbolic link"}},
	} {
		at := write(t, mkdir(t, t.TempDir(), "etc"), "config.yml", c.content)
		want := c.want
		if !strings.Contains(c.name, "linked") {
			want = append(want, at)
		}
		cases = append(cases, refusal{"config/" + c.name, at, want})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			wantRefusal(t, c.registry, c.want...)
		})
	}
}

// wantRefusal opens what must not open.
func wantRefusal(t *testing.T, registry string, want ...string) {
	t.Helper()
	r, err := drivers.Open(t.Context(), registry, drivers.Options{})
	if err == nil {
		t.Fatalf("Open(%q) opened %s", registry, r.Name)
	}
	if !errors.Is(err, drivers.ErrUsage) {
		t.Errorf("%v is no usage error", err)
	}
	for _, want := range want {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "hush") {
		t.Errorf("%q tells a secret", err)
	}
}

// The environment can add a second driver, which the parser panics at.
func TestOpenRefusesASecondDriverOfTheEnvironment(t *testing.T) {
	t.Setenv("REGISTRY_STORAGE_S3_BUCKET", "b")
	file := write(t, t.TempDir(), "config.yml", filesystem("/somewhere"))
	wantRefusal(t, file, file, "multiple storage drivers", "REGISTRY_STORAGE_")
}

func TestOpenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := drivers.Open(ctx, registry(t), drivers.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Open: %v", err)
	}
}
