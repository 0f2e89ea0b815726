// Package storagetest checks drivers against the contract of package storage,
// and breaks storage on purpose.
//
// [TestDriver] is one conformance suite for all drivers. [Inject] wraps a
// driver so that chosen operations fail, in the ways in which storage fails.
package storagetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

// Harness is an empty backend to run the suite on, and the means to fill it.
type Harness struct {
	Driver storage.Driver
	// Put stores an object. A backend that sets times itself ignores modTime.
	Put func(ctx context.Context, key string, content []byte, modTime time.Time) error
	// KeepsTimes tells that the time given to Put is the one to be read back.
	KeepsTimes bool
	// Refuse makes the deletion of one existing key fail, while that of others
	// succeeds. Nil where the backend cannot be brought to do that.
	Refuse func(t *testing.T, key string)
	// BeginUpload begins a multipart upload of one part of so many bytes. Nil
	// where the backend has none, or the driver is no storage.MultipartLister.
	BeginUpload func(ctx context.Context, key string, bytes int64) (storage.MultipartUpload, error)
}

// TestDriver runs the suite: once on keys at the root, once on keys below a
// prefix with neighbours on both sides of it. Each subtest calls open, which
// registers its own cleanup. No key of the suite is also the directory of
// another one, so filesystems can hold them all. Subtests of an optional power
// run where the driver has it.
func TestDriver(t *testing.T, open func(t *testing.T) Harness) {
	for _, base := range []string{"", "under/a prefix/"} {
		name := "Root"
		if base != "" {
			name = "Prefix"
		}
		t.Run(name, func(t *testing.T) {
			for _, test := range subtests(open(t)) {
				t.Run(test.name, func(t *testing.T) {
					s := &suite{T: t, Harness: open(t), base: base}
					if base != "" {
						s.putAt("under/a prefi", "under/a prefix!", "under/a prefix-2/a", "under/a", "zz")
					}
					test.run(s)
				})
			}
		})
	}
}

type subtest struct {
	name string
	run  func(*suite)
}

// subtests returns those that apply to what a harness can do.
func subtests(h Harness) []subtest {
	tests := []subtest{
		{"ListOrder", (*suite).listOrder},
		{"ListModel", (*suite).listModel},
		{"ListNothing", (*suite).listNothing},
		{"ListPages", (*suite).listPages},
		{"ListPrefixPages", (*suite).listPrefixPages},
		{"ListNeighbours", (*suite).listNeighbours},
		{"ListOddKeys", (*suite).listOddKeys},
		{"ListCancel", (*suite).listCancel},
		{"ListBreak", (*suite).listBreak},
		{"Get", (*suite).get},
		{"NotFound", (*suite).notFound},
		{"Stat", (*suite).stat},
		{"Delete", (*suite).delete},
		{"DeleteMany", (*suite).deleteMany},
		{"DeleteCancelled", (*suite).deleteCancelled},
		{"Concurrent", (*suite).concurrent},
	}
	if h.Refuse != nil {
		tests = append(tests, subtest{"DeletePartial", (*suite).deletePartial})
	}
	if h.BeginUpload != nil {
		tests = append(tests, subtest{"MultipartUploads", (*suite).multipartUploads})
	}
	if _, ok := storage.AsTree(h.Driver); ok {
		tests = append(tests, subtest{"ReadDir", (*suite).readDir}, subtest{"TreeStat", (*suite).treeStat})
		if _, ok := h.Driver.(storage.DirRemover); ok {
			tests = append(tests, subtest{"RemoveDir", (*suite).removeDir})
		}
	}
	if _, ok := h.Driver.(storage.Opener); ok {
		tests = append(tests, subtest{"Open", (*suite).open}, subtest{"OpenCancelled", (*suite).openCancelled})
	}
	if _, ok := h.Driver.(storage.Writer); ok {
		tests = append(tests, subtest{"Write", (*suite).write}, subtest{"WriteWhole", (*suite).writeWhole})
		if _, ok := storage.AsTree(h.Driver); ok {
			tests = append(tests, subtest{"TreeWrite", (*suite).treeWrite})
		}
	}
	if _, ok := h.Driver.(storage.Requester); ok {
		tests = append(tests, subtest{"Requests", (*suite).requests})
	}
	return tests
}

// suite runs one subtest. Its methods take and give keys relative to base.
type suite struct {
	*testing.T
	Harness
	base string
}

// putTime is when every object of the suite was last changed.
var putTime = time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)

// content is what the suite stores under a key.
func content(key string) []byte { return []byte("content of " + key) }

func (s *suite) put(keys ...string) {
	s.Helper()
	for _, key := range keys {
		s.putAt(s.base + key)
	}
}

// putAt takes full keys.
func (s *suite) putAt(keys ...string) {
	s.Helper()
	for _, key := range keys {
		s.noError(s.Put(s.Context(), key, content(strings.TrimPrefix(key, s.base)), putTime))
	}
}

func (s *suite) list(prefix string, opts storage.ListOptions) iter.Seq2[storage.Object, error] {
	if opts.StartAfter != "" {
		opts.StartAfter = s.base + opts.StartAfter
	}
	return s.Driver.List(s.Context(), s.base+prefix, opts)
}

// keys collects a listing that has to be complete.
func (s *suite) keys(prefix string, opts storage.ListOptions) []string {
	s.Helper()
	var keys []string
	for o, err := range s.list(prefix, opts) {
		s.noError(err)
		key, below := strings.CutPrefix(o.Key, s.base)
		if !below || o.IsPrefix != strings.HasSuffix(key, "/") || o.Irregular {
			s.Fatalf("listing of %q has %+v", prefix, o)
		}
		keys = append(keys, key)
	}
	return keys
}

func (s *suite) remove(keys ...string) error {
	full := make([]string, len(keys))
	for i, key := range keys {
		full[i] = s.base + key
	}
	return s.Driver.Delete(s.Context(), full...)
}

func (s *suite) noError(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// wantError fails unless err is target, and names the key.
func (s *suite) wantError(err, target error, key string) {
	s.Helper()
	var named *storage.Error
	switch {
	case !errors.Is(err, target):
		s.Errorf("error is %v, want %v", err, target)
	case !errors.As(err, &named) || named.Key != s.base+key:
		s.Errorf("error %v does not name %q", err, s.base+key)
	}
}

func (s *suite) wantKeys(what string, got []string, want ...string) {
	s.Helper()
	if !slices.Equal(got, want) {
		s.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// numbered returns n keys in byte order.
func numbered(format string, n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf(format, i)
	}
	return keys
}
