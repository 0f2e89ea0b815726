package objectstore

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/blobsweep/blobsweep/storage"
)

// TestWriteAttempts repeats what failed in passing. Nothing that a store says of
// a write is the absence of anything.
func TestWriteAttempts(t *testing.T) {
	for _, test := range []struct {
		err      error
		times    int
		requests int64
		is       error
		says     string // empty where it succeeds
	}{
		{nil, 0, 1, nil, ""},
		{&Fault{Class: Transient}, 7, 8, nil, ""},
		{&Fault{Class: Transient}, -1, 8, nil, `write a: bucket "bucket", key "r/a": given up after 8 attempts`},
		{&Fault{Class: Denied}, -1, 1, fs.ErrPermission, "s3:PutObject"},
		{&Fault{Class: Rejected}, -1, 1, nil, "rejected"},
		{&Fault{Class: Absent, Code: "NoSuchKey"}, -1, 1, nil, "NoSuchKey"},
	} {
		bubble(t, func(t *testing.T) {
			f := newFake()
			f.fail = always(OpWrite, test.err, test.times)
			d := f.driver("r/")
			err := d.Write(t.Context(), "a", []byte("content"))
			if test.says != "" {
				wantError(t, err, test.is, test.says)
			} else if err != nil || string(f.objects["r/a"].content) != "content" {
				t.Errorf("%v: %v, %q", test.err, err, f.objects["r/a"].content)
			}
			if errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%v passes for absence", err)
			}
			wantRequests(t, f, d, storage.Requests{Write: test.requests})
		})
	}
}
