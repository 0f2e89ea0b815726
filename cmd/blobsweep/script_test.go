package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what was printed into the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"blobsweep": main,
		"nopriv":    dropPrivileges,
	})
}

// TestScripts runs testdata/script. Beside the commands of testscript they
// have:
//
//	registry DIR SHAPE...       write a registry's tree, see shapes
//	status N COMMAND...         run a command, expect this exit status
//	interrupt N DIR COMMAND...  the same, with SIGINT once files vanish from DIR
//	steady OUTPUT FILE          copy stdout or stderr, with times made constant
//	count N DIR                 expect N files below a directory
//	bucket ARGUMENT...          serve a registry from a bucket, see [buckets]
//	keys N PREFIX               expect N keys in the bucket
//
// and the program nopriv, which runs another without root's power to pass by
// permissions.
func TestScripts(t *testing.T) {
	var b buckets
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"registry":  writeRegistry,
			"status":    expectStatus,
			"interrupt": interrupt,
			"steady":    steady,
			"count":     count,
			"bucket":    b.write,
			"keys":      b.count,
		},
	})
}

func expectStatus(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := statusOf(ts, ts.Exec(args[1], args[2:]...)); got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func statusOf(ts *testscript.TestScript, err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	ts.Fatalf("%v", err)
	return -1
}

// interrupt leaves the output in the files interrupted.stdout and
// interrupted.stderr.
func interrupt(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	dir := ts.MkAbs(args[1])
	program, err := exec.LookPath(args[2])
	ts.Check(err)
	cmd := exec.Command(program, args[3:]...)
	cmd.Dir = ts.MkAbs(".")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr

	before := files(ts, dir)
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for files(ts, dir) == before {
		select {
		case err := <-ended:
			ts.Fatalf("ended by itself: %v\n%s", err, stderr.String())
		case <-time.After(time.Millisecond):
		}
	}
	ts.Check(cmd.Process.Signal(os.Interrupt))
	status := statusOf(ts, <-ended)
	ts.Check(os.WriteFile(ts.MkAbs("interrupted.stdout"), stdout.Bytes(), 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("interrupted.stderr"), stderr.Bytes(), 0o644))
	if status != want {
		ts.Fatalf("exit status %d, want %d\n%s", status, want, stderr.String())
	}
}

// files counts the files below a directory, which may be changing.
func files(ts *testscript.TestScript, dir string) int {
	n := 0
	ts.Check(filepath.WalkDir(dir, func(_ string, entry os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err == nil && !entry.IsDir() {
			n++
		}
		return err
	}))
	return n
}

func count(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := files(ts, ts.MkAbs(args[1])); got != want {
		ts.Fatalf("%d files, want %d", got, want)
	}
}

// unsteady is what differs from run to run.
var unsteady = []struct {
	pattern     *regexp.Regexp
	replacement string
}{
	{regexp.MustCompile(`"startedAt": "\d{4}-\d\d-\d\dT[0-9:.]+Z"`), `"startedAt": "2026-11-20T12:00:00Z"`},
	{regexp.MustCompile(`"seconds": [0-9.e-]+`), `"seconds": 0.5`},
	{regexp.MustCompile(`Took [0-9a-zµ.]+ and [0-9,]+ requests: .*`), `Took 500ms and 4 requests: 1 list, 1 get, 1 stat, 1 delete.`},
	{regexp.MustCompile(`"(list|get|stat|delete)": \d+`), `"$1": 1`},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`), `2026-11-20 13:00:00 UTC`},
	{regexp.MustCompile(`"pushed": "[^"]+"`), `"pushed": "2026-10-21T12:00:00Z"`},
	{regexp.MustCompile(`(?m)(B  )\d{4}-\d\d-\d\d(  \S)`), `${1}2026-10-21${2}`}, // of an image
	{regexp.MustCompile(`\d+ years ago`), `15 years ago`},
	{regexp.MustCompile(`ago, 202\d-\d\d-\d\dT\d\d:\d\d:\d\dZ`), `ago, 2026-11-01T12:00:00Z`},
	{regexp.MustCompile(`(pushed|created) \d{4}-\d\d-\d\d( \d\d:\d\d UTC)?`), `$1 2026-10-21`},
	{regexp.MustCompile(`since \d{4}-\d\d-\d\d`), `since 2026-10-21`},
}

func steady(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 || !slices.Contains([]string{"stdout", "stderr"}, args[0]) {
		ts.Fatalf("usage: steady stdout|stderr FILE")
	}
	output := strings.ReplaceAll(ts.ReadFile(args[0]), ts.Getenv("WORK"), "/srv")
	for _, u := range unsteady {
		output = u.pattern.ReplaceAllString(output, u.replacement)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(output), 0o644))
}
