package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/s3"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	awss3 "github.com/distribution/distribution/v3/registry/storage/driver/s3-aws"
)

// The credentials of the only account, and where the store says it is.
const (
	accessKey = "access-of-tests"
	secretKey = "secret-of-tests"
	region    = "us-east-1"
)

// gateway is versitygw, a real S3 server, over a directory in which each
// directory is a bucket, and each file in that an object.
type gateway struct {
	endpoint, dir string
	kill          func()
}

// sharedGateway is started by the first test that asks for it, and stopped by
// TestMain.
var (
	sharedGateway  = sync.OnceValues(startGateway)
	runningGateway atomic.Pointer[gateway]
)

// stopGateway ends the shared server, if it was started.
func stopGateway() error {
	g := runningGateway.Load()
	if g == nil {
		return nil
	}
	g.kill()
	return os.RemoveAll(g.dir)
}

func startGateway() (*gateway, error) {
	binary, err := buildGateway()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "blobsweep-s3-")
	if err != nil {
		return nil, err
	}
	g := &gateway{dir: dir}
	for range 3 { // someone else may take the port meanwhile
		if err = g.start(binary); err == nil {
			runningGateway.Store(g)
			return g, nil
		}
	}
	return nil, errors.Join(err, os.RemoveAll(dir))
}

// buildGateway asks for the executable of the module in versitygw, which the go
// command builds where its cache has it not: a minute or two.
func buildGateway() (string, error) {
	command := exec.Command("go", "tool", "-n", "versitygw")
	command.Dir = "versitygw"
	command.Env = append(os.Environ(), "GOWORK=off")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("build versitygw: %w\n%s", err, &stderr)
	}
	return strings.TrimSpace(string(out)), nil
}

func (g *gateway) start(binary string) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	command := exec.Command(binary, "--port", address, "--region", region,
		"--keep-alive", "--quiet", "--health", "/health", "posix", g.dir)
	command.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+accessKey, "ROOT_SECRET_KEY="+secretKey)
	var stderr bytes.Buffer // to be read when the process is gone
	command.Stderr = &stderr
	dieWithTests(command)
	started, exited := make(chan error), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the thread must last as long as the process
		defer runtime.UnlockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			exited <- command.Wait()
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	g.endpoint = "http://" + address
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		select {
		case err := <-exited:
			return fmt.Errorf("versitygw: %w\n%s", err, &stderr)
		default:
		}
		if healthy(g.endpoint) {
			break
		}
		if time.Now().After(deadline) {
			err := errors.Join(command.Process.Kill(), <-exited)
			return fmt.Errorf("versitygw is not ready in time: %w\n%s", err, &stderr)
		}
	}
	g.kill = func() {
		err := command.Process.Kill()
		<-exited
		if err != nil || testing.Verbose() && stderr.Len() > 0 {
			fmt.Fprintf(os.Stderr, "versitygw: %v\n%s", err, &stderr)
		}
	}
	return nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func healthy(endpoint string) bool {
	response, err := http.Get(endpoint + "/health")
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// bucket is one of versitygw's.
type bucket struct {
	name, dir, endpoint string
}

var bucketCount atomic.Int64

// newBucket makes an empty bucket for one test.
func newBucket(t testing.TB) bucket {
	t.Helper()
	g, err := sharedGateway()
	if err != nil {
		t.Fatal(err)
	}
	b := bucket{name: fmt.Sprint("bucket-", bucketCount.Add(1)), endpoint: g.endpoint}
	b.dir = filepath.Join(g.dir, b.name)
	if err := os.Mkdir(b.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(b.dir); err != nil {
			t.Error(err)
		}
	})
	return b
}

// through gives the bucket as it is seen behind a proxy.
func (b bucket) through(p *proxy) bucket {
	b.endpoint = p.URL
	return b
}

// parameters are what a registry's configuration says of a root in the bucket.
func (b bucket) parameters(root string) map[string]any {
	return map[string]any{
		"accesskey": accessKey, "secretkey": secretKey, "region": region, "regionendpoint": b.endpoint,
		"forcepathstyle": true, "bucket": b.name, "rootdirectory": root,
	}
}

// open opens blobsweep's driver on a root in the bucket.
func (b bucket) open(t testing.TB, root string) *s3.Driver {
	t.Helper()
	config, unknown, err := s3.ParseParameters(b.parameters(root))
	if err != nil || len(unknown) > 0 {
		t.Fatalf("%v, unknown parameters %q", err, unknown)
	}
	d, err := s3.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// upstream opens Distribution's own driver on a root in the bucket.
func (b bucket) upstream(t testing.TB, root string) *awss3.Driver {
	t.Helper()
	d, err := awss3.FromParameters(context.WithoutCancel(t.Context()), b.parameters(root))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// put stores an object behind the server's back, with a time of its own.
func (b bucket) put(key string, content []byte, modTime time.Time) error {
	name := filepath.Join(b.dir, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		return err
	}
	return os.Chtimes(name, modTime, modTime)
}

// objects reads the whole bucket, behind the server's back.
func (b bucket) objects(t testing.TB) map[string]fixture.File {
	t.Helper()
	tree, err := fixture.ReadDir(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	for key := range tree.Files {
		if strings.HasPrefix(key, ".sgwtmp/") { // parts of multipart uploads
			delete(tree.Files, key)
		}
	}
	return tree.Files
}

// begin leaves a multipart upload as Distribution's driver, on the top of the
// bucket, does, and sets back its time.
func (b bucket) begin(t testing.TB, top *awss3.Driver, key string) {
	t.Helper()
	w, err := top.Writer(t.Context(), "/"+key, false)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write([]byte("part"))
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	began := longAgo()
	for _, dir := range b.multiparts(t) {
		parts, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range append(parts, dir) {
			if err := os.Chtimes(name, began, began); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// multiparts are the directories in which the server keeps the parts.
func (b bucket) multiparts(t testing.TB) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(b.dir, ".sgwtmp", "multipart", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

// uploads tells the keys of the multipart uploads by the names that the server
// gives their directories.
func (b bucket) uploads(t testing.TB) []string {
	t.Helper()
	var names []string
	for _, dir := range b.multiparts(t) {
		names = append(names, filepath.Base(filepath.Dir(dir)))
	}
	return names
}
