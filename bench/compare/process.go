package compare

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/blobsweep/blobsweep/bench/gateway"
)

// process does a task in a process of its own, below another program if that is
// given.
func (t task) process(ctx context.Context, below ...string) (a answer, err error) {
	self, err := os.Executable()
	if err != nil {
		return answer{}, err
	}
	input, err := json.Marshal(t)
	if err != nil {
		return answer{}, err
	}
	args := append(below, self, Subcommand)
	command := exec.CommandContext(ctx, args[0], args[1:]...)
	command.Stdin = bytes.NewReader(input)
	command.Env = environment()
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return answer{}, context.Cause(ctx)
		}
		return answer{}, fmt.Errorf("a run of %s: %w: %s", t.Collector, err, strings.TrimSpace(stderr.String()))
	}
	if err := json.Unmarshal(stdout.Bytes(), &a); err != nil {
		return answer{}, fmt.Errorf("a run of %s answers %.200q: %w", t.Collector, &stdout, err)
	}
	return a, nil
}

// environment is that of this process with the credentials of the gateway: what
// else there is of Amazon's would be used, or asked for over the network.
func environment() []string {
	var env []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "AWS_") {
			env = append(env, variable)
		}
	}
	return append(env, "AWS_ACCESS_KEY_ID="+gateway.AccessKey, "AWS_SECRET_ACCESS_KEY="+gateway.SecretKey,
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
}

// errNoStrace says that system calls cannot be counted here.
var errNoStrace = errors.New("system calls are not counted: strace is missing, or may not trace")

// systemCalls does a task once more and counts the calls that name or hold files.
// Those by which the Go runtime waits are none of them, as their number depends
// on the weather.
func (t task) systemCalls(ctx context.Context, dir string) (a answer, err error) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		return answer{}, errNoStrace
	}
	table := filepath.Join(dir, "strace")
	trace := []string{strace, "-f", "--seccomp-bpf", "-qq", "-c", "-U", "calls,name", "-e", "trace=%file,%desc", "-o", table}
	probe := exec.CommandContext(ctx, strace, append(trace[1:len(trace):len(trace)], "true")...)
	if err := probe.Run(); err != nil {
		return answer{}, errors.Join(errNoStrace, ctx.Err())
	}
	defer func() { err = errors.Join(err, os.Remove(table)) }()
	if a, err = t.process(ctx, trace...); err != nil {
		return a, err
	}
	text, err := os.ReadFile(table)
	if err != nil {
		return a, err
	}
	a.SystemCalls, err = countCalls(string(text))
	return a, err
}

// countCalls adds up a table of strace, whose rows are a number and a name.
func countCalls(table string) (total int64, err error) {
	for line := range strings.Lines(table) {
		var calls int64
		var name string
		if n, err := fmt.Sscan(line, &calls, &name); n != 2 || err != nil {
			continue // a heading
		}
		if name != "total" && !strings.HasPrefix(name, "epoll") && !strings.HasSuffix(name, "mmap") {
			total += calls
		}
	}
	if total == 0 {
		return 0, fmt.Errorf("strace counts nothing: %.200q", table)
	}
	return total, nil
}
