package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

// uploadsOf makes a page of uploads, each given as "key?id".
func uploadsOf(keyMarker, idMarker string, uploads ...string) UploadsPage {
	p := UploadsPage{KeyMarker: keyMarker, IDMarker: idMarker, Truncated: keyMarker != "" || idMarker != ""}
	for _, u := range uploads {
		key, id, _ := strings.Cut(u, "?")
		p.Uploads = append(p.Uploads, storage.MultipartUpload{Key: key, ID: id})
	}
	return p
}

// TestUploads lists page by page, below the root and the prefix alone, to the
// end or to where the server leads in a circle.
func TestUploads(t *testing.T) {
	lost := uploadsOf("", "", "r/p/a?1")
	lost.Truncated = true
	const circle = "in a circle"
	for _, test := range []struct {
		name     string
		pages    map[string]UploadsPage // by "key marker/ID marker"
		listed   string
		requests int64
		says     string
	}{
		{"none", map[string]UploadsPage{"/": uploadsOf("", "")}, "", 1, ""},
		{"pages in no order", map[string]UploadsPage{
			"/": uploadsOf("r/p/b", "2", "r/p/b?1", "r/p/b?2"), "r/p/b/2": uploadsOf("r/p/b", "9", "r/p/b?9"),
			"r/p/b/9": uploadsOf("", "", "r/p/a?0"),
		}, "p/b?1 p/b?2 p/b?9 p/a?0", 3, ""},
		{"without ID markers", map[string]UploadsPage{
			"/": uploadsOf("r/p/b", "", "r/p/b?1"), "r/p/b/": uploadsOf("", "", "r/p/c?1"),
		}, "p/b?1 p/c?1", 2, ""},
		{"others", map[string]UploadsPage{
			"/": uploadsOf("r/q", "", "r/o?1", "r/p/a?1", "p/x?1", "r-2/p/a?1"), "r/q/": uploadsOf("", "", "r/p?1", "s?1"),
		}, "p/a?1", 2, ""},
		{"an empty page", map[string]UploadsPage{"/": uploadsOf("x", ""), "x/": uploadsOf("", "", "r/p/a?1")}, "p/a?1", 2, ""},
		{"no markers", map[string]UploadsPage{"/": lost}, "", 1, "not where"},
		{"no markers later", map[string]UploadsPage{"/": uploadsOf("x", "1", "r/p/0?1"), "x/1": lost}, "p/0?1", 2, "not where"},
		{"the same markers", map[string]UploadsPage{
			"/": uploadsOf("x", "1", "r/p/a?1"), "x/1": uploadsOf("x", "1", "r/p/b?1"),
		}, "p/a?1", 2, circle},
		{"two markers in turn", map[string]UploadsPage{
			"/": uploadsOf("x", "", "r/p/a?1"), "x/": uploadsOf("y", "", "r/p/b?1"), "y/": uploadsOf("x", "", "r/p/c?1"),
		}, "p/a?1 p/b?1", 3, circle},
		{"two markers in turn, empty", map[string]UploadsPage{
			"/": uploadsOf("x", ""), "x/": uploadsOf("x", "1"), "x/1": uploadsOf("x", ""),
		}, "", 3, circle},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake()
			f.uploads = func(q UploadsQuery) UploadsPage {
				page, ok := test.pages[q.KeyMarker+"/"+q.IDMarker]
				if !ok || q.Prefix != "r/p/" {
					t.Errorf("asked for %+v", q)
				}
				return page
			}
			d := f.driver("r/")
			got, err := collect(t, d.ListMultipartUploads(t.Context(), "p/"), 10)
			var listed []string
			for _, u := range got {
				listed = append(listed, u.Key+"?"+u.ID)
			}
			if strings.Join(listed, " ") != test.listed || (err != nil) != (test.says != "") {
				t.Errorf("listed %q, %v", listed, err)
			}
			if test.says != "" {
				wantError(t, err, nil, "list multipart uploads p/", test.says, `prefix "r/p/"`)
			}
			wantRequests(t, f, d, storage.Requests{List: test.requests})
		})
	}
}

// TestUploadsWithoutEnd ends where markers go on and on, and no upload comes.
func TestUploadsWithoutEnd(t *testing.T) {
	f := newFake()
	f.uploads = func(q UploadsQuery) UploadsPage { return uploadsOf(q.KeyMarker+"x", "") }
	d := f.driver("")
	_, err := collect(t, d.ListMultipartUploads(t.Context(), ""), 1)
	wantError(t, err, nil, "1000 pages")
	wantRequests(t, f, d, storage.Requests{List: emptyPages})
}

// TestUploadsBreak reads no page more than is asked for.
func TestUploadsBreak(t *testing.T) {
	f := newFake()
	f.uploads = func(q UploadsQuery) UploadsPage { return uploadsOf(q.KeyMarker+"x", "", "a?1", "b?1") }
	d := f.driver("")
	n := 0
	for range d.ListMultipartUploads(t.Context(), "") {
		if n++; n == 3 {
			break
		}
	}
	wantRequests(t, f, d, storage.Requests{List: 2})
}

// TestUploadsFailures tells what a bucket that has no such thing, or that is
// not there, is not: an empty list.
func TestUploadsFailures(t *testing.T) {
	for _, test := range []struct {
		fault *Fault
		is    error
		says  string
	}{
		{&Fault{Class: Unsupported, Code: "NotImplemented"}, errors.ErrUnsupported, "NotImplemented"},
		{&Fault{Class: Denied, Code: "AccessDenied"}, fs.ErrPermission, "AccessDenied"},
		{&Fault{Class: Absent, Code: "NoSuchBucket"}, nil, "NoSuchBucket"},
	} {
		f := newFake()
		f.fail = func(context.Context, call) error { return test.fault }
		d := f.driver("r/")
		_, err := collect(t, d.ListMultipartUploads(t.Context(), ""), 0)
		wantError(t, err, test.is, test.says, `prefix "r/"`)
		_, versionErr := d.KeepsVersions(t.Context())
		wantError(t, versionErr, test.is, test.says, `bucket "bucket"`)
		if errors.Is(err, storage.ErrNotFound) || errors.Is(versionErr, storage.ErrNotFound) {
			t.Errorf("a bucket passes for a key: %v, %v", err, versionErr)
		}
	}
}

// TestMultipartParts adds up the parts of all pages, and finds the newest.
func TestMultipartParts(t *testing.T) {
	u := storage.MultipartUpload{Key: "a", ID: "1"}
	early := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	late := early.Add(time.Hour)
	page := func(next string, bytes int64, arrived ...time.Time) PartsPage {
		p := PartsPage{Truncated: next != "", Next: next}
		for _, at := range arrived {
			p.Add(bytes, at)
		}
		return p
	}
	nowhere := page("", 5, early)
	nowhere.Truncated = true
	for _, test := range []struct {
		pages    map[string]PartsPage
		want     storage.MultipartParts
		requests int64
		says     string
	}{
		{map[string]PartsPage{"": {}}, storage.MultipartParts{}, 1, ""},
		{map[string]PartsPage{"": page("1000", 5, early, late, early), "1000": page("2000", 7, early), "2000": page("", 0, early)},
			storage.MultipartParts{Bytes: 22, Newest: late, Count: 5}, 3, ""},
		{map[string]PartsPage{"": page("1", 5, early), "1": page("", 7, late)},
			storage.MultipartParts{Bytes: 12, Newest: late, Count: 2}, 2, ""},
		{map[string]PartsPage{"": page("1", 5, time.Time{}, early), "1": page("", 7, late)},
			storage.MultipartParts{Bytes: 17, Count: 3}, 2, ""},
		{map[string]PartsPage{"": page("1", 5, early), "1": page("", 7, late, time.Time{})},
			storage.MultipartParts{Bytes: 19, Count: 3}, 2, ""},
		{map[string]PartsPage{"": nowhere}, storage.MultipartParts{}, 1, "not where"},
		{map[string]PartsPage{"": page("1", 5, early), "1": page("1", 5, early)}, storage.MultipartParts{}, 2, "in a circle"},
		{map[string]PartsPage{"": page("1", 5, early), "1": page("2", 5, early), "2": page("1", 5, early)},
			storage.MultipartParts{}, 3, "in a circle"},
	} {
		f := newFake()
		f.parts = func(after string) PartsPage { return test.pages[after] }
		d := f.driver("r/")
		got, err := d.MultipartParts(t.Context(), u)
		if test.says != "" {
			wantError(t, err, nil, "list parts a", test.says, `key "r/a"`)
		} else if err != nil {
			t.Error(err)
		}
		if got != test.want || f.seen()[0].key != "r/a" {
			t.Errorf("%+v: %+v of %s", test, got, f.seen()[0].key)
		}
		wantRequests(t, f, d, storage.Requests{List: test.requests})
	}
	f := newFake()
	f.fail = always(OpParts, &Fault{Class: Absent, Code: "NoSuchUpload"}, -1)
	_, err := f.driver("").MultipartParts(t.Context(), u)
	wantError(t, err, storage.ErrNotFound, "NoSuchUpload")
}

// TestAbortCancelled sends nothing once the context is over, and says so,
// whatever that is for.
func TestAbortCancelled(t *testing.T) {
	f := newFake()
	d := f.driver("")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(&storage.Error{Op: "get", Key: "b", Err: storage.ErrNotFound})
	err := d.AbortMultipartUpload(ctx, storage.MultipartUpload{Key: "a", ID: "1"})
	wantError(t, err, context.Canceled, "get b")
	wantRequests(t, f, d, storage.Requests{})
}

// TestAbort takes an upload that is not there for success, and nothing else.
func TestAbort(t *testing.T) {
	u := storage.MultipartUpload{Key: "a", ID: "1"}
	for _, test := range []struct {
		err, is error
		ok      bool
	}{
		{nil, nil, true}, {&Fault{Class: Absent, Code: "NoSuchUpload"}, nil, true},
		{&Fault{Class: Denied}, fs.ErrPermission, false}, {&Fault{Class: Failed, Status: 404}, nil, false},
		{errSudden, errSudden, false},
	} {
		f := newFake()
		f.fail = always(OpAbort, test.err, -1)
		d := f.driver("r/")
		if err := d.AbortMultipartUpload(t.Context(), u); !test.ok {
			wantError(t, err, test.is, "abort multipart upload a")
		} else if err != nil {
			t.Errorf("%v: %v", test.err, err)
		}
		if calls := f.seen(); !slices.Equal([]string{"r/a?1"}, []string{calls[0].key}) {
			t.Errorf("sent %+v", calls)
		}
		wantRequests(t, f, d, storage.Requests{Delete: 1})
	}
	if u.Key != "a" {
		t.Error(fmt.Sprint("the caller's upload was changed: ", u))
	}
}
