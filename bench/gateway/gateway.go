package gateway

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
	"time"
)

// The credentials of the only account, and where the store says it is.
const (
	AccessKey = "access-of-tests"
	SecretKey = "secret-of-tests"
	Region    = "us-east-1"
)

// Gateway is a server that runs.
type Gateway struct {
	// Endpoint is its URL. Buckets are addressed by path.
	Endpoint string
	// Dir is where the buckets are: what is written there behind the server's
	// back is in the bucket.
	Dir string

	temporary bool // Dir is ours
	command   *exec.Cmd
	exited    chan error
	stderr    bytes.Buffer // to be read when the process is gone
}

// Start builds the server where it has to and starts it over dir, or over a
// temporary directory where that is empty. It returns when the server answers.
// On Linux the server does not outlive this process. Close ends it.
func Start(ctx context.Context, dir string) (*Gateway, error) {
	binary, err := Build(ctx)
	if err != nil {
		return nil, err
	}
	temporary := dir == ""
	if temporary {
		if dir, err = os.MkdirTemp("", "blobsweep-s3-"); err != nil {
			return nil, err
		}
	}
	for range 3 { // someone else may take the port meanwhile
		g := &Gateway{Dir: dir, temporary: temporary, exited: make(chan error, 1)}
		if err = g.start(ctx, binary); err == nil {
			return g, nil
		}
	}
	if temporary {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return nil, err
}

// Bucket makes an empty bucket and returns its directory.
func (g *Gateway) Bucket(name string) (dir string, err error) {
	dir = filepath.Join(g.Dir, name)
	return dir, os.Mkdir(dir, 0o755)
}

// Close ends the server, and removes its directory if that was a temporary one.
func (g *Gateway) Close() error {
	err := g.kill()
	if g.temporary {
		err = errors.Join(err, os.RemoveAll(g.Dir))
	}
	return err
}

func (g *Gateway) start(ctx context.Context, binary string) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	g.Endpoint = "http://" + address
	g.command = exec.Command(binary, "--port", address, "--region", Region,
		"--keep-alive", "--quiet", "--health", "/health", "posix", g.Dir)
	g.command.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+AccessKey, "ROOT_SECRET_KEY="+SecretKey)
	g.command.Stderr = &g.stderr
	dieWithParent(g.command)
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the thread must last as long as the process
		defer runtime.UnlockOSThread()
		err := g.command.Start()
		started <- err
		if err == nil {
			g.exited <- g.command.Wait()
			close(g.exited)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	return g.ready(ctx)
}

// ready waits until the server answers, and ends it when it does not.
func (g *Gateway) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for !healthy(ctx, g.Endpoint) {
		select {
		case err := <-g.exited:
			return fmt.Errorf("versitygw ended: %w\n%s", err, &g.stderr)
		case <-ctx.Done():
			err := errors.Join(ctx.Err(), g.kill())
			return fmt.Errorf("versitygw is not ready in time: %w\n%s", err, &g.stderr)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

func (g *Gateway) kill() error {
	err := g.command.Process.Kill()
	ended := <-g.exited
	if err != nil { // it was gone before
		return errors.Join(fmt.Errorf("versitygw: %w\n%s", err, &g.stderr), ended)
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

func healthy(ctx context.Context, endpoint string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+"/health", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}
