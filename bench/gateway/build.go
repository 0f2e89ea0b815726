package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// importPath is that of this package.
const importPath = "github.com/blobsweep/blobsweep/bench/gateway"

// Build returns the path of the server's executable, which the go command builds
// where its cache has it not.
func Build(ctx context.Context) (string, error) {
	dir, err := moduleDir(ctx)
	if err != nil {
		return "", err
	}
	binary, err := goCommand(ctx, dir, []string{"GOWORK=off"}, "tool", "-n", "versitygw")
	if err != nil {
		return "", fmt.Errorf("build versitygw: %w", err)
	}
	return binary, nil
}

// moduleDir finds the module that pins the server: beside this file or, where
// the compiler was told to forget where that was, as the go command says.
func moduleDir(ctx context.Context) (string, error) {
	if _, file, _, ok := runtime.Caller(0); ok {
		dir := filepath.Join(filepath.Dir(file), "versitygw")
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
	}
	dir, err := goCommand(ctx, "", nil, "list", "-f", "{{.Dir}}", importPath)
	if err != nil {
		return "", fmt.Errorf("find the module of versitygw (run this from a checkout of blobsweep): %w", err)
	}
	return filepath.Join(dir, "versitygw"), nil
}

// goCommand runs the go command and returns the line that it prints.
func goCommand(ctx context.Context, dir string, env []string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return "", errors.Join(fmt.Errorf("go %s: %w", strings.Join(args, " "), err), errors.New(strings.TrimSpace(stderr.String())))
	}
	return strings.TrimSpace(string(out)), nil
}
