package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestComplain(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		want   string
	}{
		{errors.New("unknown flag: --x"), statusUsage, "blobsweep: unknown flag: --x\nSee blobsweep --help.\n"},
		{failed(errors.New("two\nlines")), statusFailed, "blobsweep: two; lines\n"},
		{usagef("bad %d", 1).hint("do this", "or that"), statusUsage, "blobsweep: bad 1\ndo this\nor that\n"},
		{failed(errors.New("tag \x1b[31mred\u202e")).hint("not \a"), statusFailed, "blobsweep: tag \\x1b[31mred\\u202e\nnot \\a\n"},
		{fmt.Errorf("wrapped: %w", &failure{status: statusBlocked}), statusBlocked, ""},
	} {
		var b strings.Builder
		if status := complain(&b, test.err); status != test.status || b.String() != test.want {
			t.Errorf("%v: status %d, %q", test.err, status, b.String())
		}
	}
}

// closed is an output that is gone.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestOutputGone(t *testing.T) {
	if status := run([]string{"version"}, closed{}, io.Discard); status != statusFailed {
		t.Errorf("report not printed: status %d", status)
	}
	if status := run([]string{"nonsense"}, io.Discard, closed{}); status != statusUsage {
		t.Errorf("error not printed: status %d", status)
	}
}
