package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// builtCommand is blobsweep's own, built by the first test that runs it, in a
// directory that TestMain removes. Where temporary files lie, programs may not
// be run; where the go command makes its own, they may.
var (
	builtCommand = sync.OnceValues(buildCommand)
	commandDir   atomic.Pointer[string]
)

func buildCommand() (string, error) {
	dir, err := os.MkdirTemp(os.Getenv("GOTMPDIR"), "blobsweep-")
	if err != nil {
		return "", err
	}
	commandDir.Store(&dir)
	file := filepath.Join(dir, "blobsweep")
	out, err := exec.CommandContext(context.Background(), "go", "build", "-o", file, "github.com/blobsweep/blobsweep/cmd/blobsweep").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build blobsweep: %w\n%s", err, out)
	}
	return file, nil
}

// removeCommand removes what was built.
func removeCommand() error {
	if dir := commandDir.Load(); dir != nil {
		return os.RemoveAll(*dir)
	}
	return nil
}

// gc is a command line of blobsweep gc.
func gc(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	file, err := builtCommand()
	if err != nil {
		t.Fatal(err)
	}
	return exec.CommandContext(t.Context(), file, append([]string{"gc"}, args...)...)
}

// runGC runs it to its end.
func runGC(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	cmd := gc(t, args...)
	var out, errors bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errors
	return statusOf(t, cmd.Run()), out.String(), errors.String()
}

func statusOf(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	t.Fatal(err)
	return -1
}
