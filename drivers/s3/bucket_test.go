package s3

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/internal/objectstore"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/google/go-cmp/cmp"
)

// query is the query of a request that was noted.
func query(t *testing.T, asked string) url.Values {
	t.Helper()
	_, uri, _ := strings.Cut(asked, " ")
	u, err := url.ParseRequestURI(uri)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

const modified = "<LastModified>2026-02-03T04:05:06.000Z</LastModified>"

func TestListPage(t *testing.T) {
	first := `<EncodingType>url</EncodingType><Name>bucket</Name>
		<Contents><Key>p/a+b%2Bc%25</Key><Size>7</Size>` + modified + `</Contents>
		<Contents><Key>p/%C3%A9%01</Key></Contents>
		<CommonPrefixes><Prefix>p/d+e/</Prefix></CommonPrefixes>
		<NextContinuationToken>to+ken%20</NextContinuationToken>`
	// Some stores do not encode, and some say so by an empty element.
	plain := `<EncodingType></EncodingType><Contents><Key>p/a+b%2Fc&amp;</Key><Size>0</Size></Contents>`
	d, s := scripted(t, listing(true, first), listing(false, plain))

	page, err := d.API.List(t.Context(), objectstore.ListQuery{Prefix: "p/ +%", StartAfter: "p/A", Delimiter: "/"})
	want := objectstore.ListPage{
		Objects: []storage.Object{
			{Key: "p/a b+c%", Size: 7, ModTime: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)},
			{Key: "p/é\x01", Size: -1},
		},
		Prefixes:  []string{"p/d e/"},
		Truncated: true, Token: "to+ken%20",
	}
	if diff := cmp.Diff(want, page); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	page, err = d.API.List(t.Context(), objectstore.ListQuery{StartAfter: "p/A", Token: page.Token})
	if diff := cmp.Diff([]storage.Object{{Key: "p/a+b%2Fc&"}}, page.Objects); diff != "" || err != nil || page.Truncated {
		t.Errorf("%v %s", err, diff)
	}
	for i, want := range []map[string]string{
		{"list-type": "2", "max-keys": "1000", "encoding-type": "url", "prefix": "p/ +%", "start-after": "p/A", "delimiter": "/"},
		{"list-type": "2", "max-keys": "1000", "encoding-type": "url", "continuation-token": "to+ken%20"},
	} {
		got := map[string]string{}
		for name := range query(t, s.asked[i]) {
			got[name] = query(t, s.asked[i]).Get(name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("request %d: %s", i, diff)
		}
	}
}

// There is more where a token is, whatever else the answer says.
func TestListTokenAlone(t *testing.T) {
	d, _ := scripted(t, listing(false, "<NextContinuationToken>more</NextContinuationToken><Contents><Key>a</Key></Contents>"),
		listing(false, "<Contents><Key>b</Key></Contents>"))
	var keys []string
	for o, err := range d.List(t.Context(), "", storage.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	if diff := cmp.Diff([]string{"a", "b"}, keys); diff != "" {
		t.Error(diff)
	}
}

// An answer that repeats another question than ours, or that has lost its
// keys, is none.
func TestListingOfAnotherQuestion(t *testing.T) {
	const encoded, entry = "<EncodingType>url</EncodingType>", "<Contents><Key>p/b</Key></Contents>"
	for _, c := range []struct {
		inner, token string
		refused      bool
	}{
		{inner: "<Name>bucket</Name>" + encoded + "<Prefix>p%2F+%2B</Prefix><StartAfter>p%2F+%2Ba</StartAfter><KeyCount>0</KeyCount>"},
		{inner: "<Name></Name><EncodingType></EncodingType><Prefix>p/ +</Prefix><StartAfter>p/ +a</StartAfter>"},
		{inner: encoded + "<Prefix>p/ +</Prefix>"}, // not encoded, though it says so
		{inner: "<KeyCount>1</KeyCount>" + entry},
		{inner: "<KeyCount>1</KeyCount><CommonPrefixes><Prefix>p/b/</Prefix></CommonPrefixes>"},
		{inner: "<KeyCount>0</KeyCount>" + entry},
		{inner: "<StartAfter></StartAfter>", token: "t"},
		{inner: "<StartAfter>p/ +a</StartAfter>", token: "t"},

		{inner: "<Name>other</Name>", refused: true},
		{inner: "<Prefix></Prefix>", refused: true},
		{inner: "<Prefix>p/</Prefix>", refused: true},
		{inner: encoded + "<Prefix>p%2F+</Prefix>", refused: true},
		{inner: "<StartAfter>p/ +b</StartAfter>", refused: true},
		{inner: "<StartAfter></StartAfter>", refused: true},
		{inner: "<StartAfter>p/ +b</StartAfter>", token: "t", refused: true},
		{inner: "<KeyCount>1</KeyCount>", refused: true},
	} {
		d, s := scripted(t, listing(false, c.inner))
		_, err := d.API.List(t.Context(), objectstore.ListQuery{Prefix: "p/ +", StartAfter: "p/ +a", Token: c.token})
		if c.refused {
			wantClass(t, err, objectstore.Transient, "no listing")
		} else if err != nil || len(s.asked) != 1 {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// A bucket may go by another name than it is asked for by.
func TestNamed(t *testing.T) {
	for _, c := range []struct {
		bucket, said string
		want         bool
	}{
		{"bucket", "bucket", true},
		{"bucket", "", true},
		{"bucket", "bucket-2", false},
		{"tenant:bucket", "bucket", true},
		{"tenant:bucket", "tenant:bucket", true},
		{"tenant:bucket", "tenant", false},
		{"arn:aws:s3:eu-west-3:1:accesspoint/ap", "other", true},
		{"ap-x-s3alias", "other", true},
		{"s3alias", "other", false},
	} {
		if got := (&bucket{name: c.bucket}).named(c.said); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// A key that is not encoded as the answer says could be any key.
func TestListWrongEncoding(t *testing.T) {
	const wrong = "<EncodingType>url</EncodingType><Contents><Key>100%</Key></Contents>" +
		"<CommonPrefixes><Prefix>100%/</Prefix></CommonPrefixes><Upload><Key>100%</Key></Upload>"
	for name, call := range map[string]call{"list": list, "uploads": uploads} {
		d, _ := scripted(t, result(name, false, wrong))
		wantClass(t, call(d), objectstore.Failed, "URL encoded", "100%")
	}
	d, _ := scripted(t, listing(false, "<Contents><Size>3</Size></Contents>"))
	wantClass(t, list(d), objectstore.Transient)
}

func TestGet(t *testing.T) {
	d := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/bucket/root/a b+%/é" {
			t.Errorf("asked for %q", r.URL.Path)
		}
		if _, err := w.Write([]byte("content")); err != nil {
			t.Error(err)
		}
	})
	d.Root = "root/"
	if content, err := d.Get(t.Context(), "a b+%/é", 7); err != nil || string(content) != "content" {
		t.Errorf("%q, %v", content, err)
	}
	if _, err := d.Get(t.Context(), "a b+%/é", 6); err == nil {
		t.Error("a limit passes")
	}
}

// A HEAD alone never proves that a key is absent.
func TestStat(t *testing.T) {
	head := answer{status: 200, header: map[string]string{
		"Content-Length": "5", "Last-Modified": "Tue, 03 Feb 2026 04:05:06 GMT",
	}}
	when := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	entry := func(key string) answer {
		return listing(false, "<EncodingType>url</EncodingType><Contents><Key>"+key+"</Key><Size>5</Size>"+modified+"</Contents>")
	}
	missing := answer{status: 404}
	for _, c := range []struct {
		name    string
		answers []answer
		absent  bool
		class   objectstore.Class // of another failure
	}{
		{name: "present", answers: []answer{head}},
		{name: "listed all the same", answers: []answer{missing, entry("the+key")}},
		{name: "absent", answers: []answer{missing, listing(false, "")}, absent: true},
		{name: "absent, and a longer key is there", answers: []answer{missing, entry("the+key2")}, absent: true},
		{name: "no bucket", answers: []answer{missing, failure(404, "NoSuchBucket")}, class: objectstore.Failed},
		{name: "listing denied", answers: []answer{missing, failure(403, "AccessDenied")}, class: objectstore.Denied},
		{name: "listing fails", answers: []answer{missing, failure(500, "InternalError")}, class: objectstore.Transient},
		{name: "no listing", answers: []answer{missing, ok("")}, class: objectstore.Transient},
		{name: "wrong encoding", answers: []answer{missing, entry("100%")}, class: objectstore.Failed},
		{name: "more to come", answers: []answer{missing, listing(true, "<NextContinuationToken>t</NextContinuationToken>")},
			class: objectstore.Transient},
		{name: "a token", answers: []answer{missing, listing(false, "<NextContinuationToken>t</NextContinuationToken>")},
			class: objectstore.Transient},
		{name: "another key", answers: []answer{missing, entry("a+key")}, class: objectstore.Transient},
		{name: "another prefix", answers: []answer{missing, listing(false, "<Prefix>a key</Prefix>")}, class: objectstore.Transient},
		{name: "HEAD fails", answers: []answer{{status: 500}}, class: objectstore.Transient},
		{name: "denied", answers: []answer{{status: 403}}, class: objectstore.Denied},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, s := scripted(t, c.answers...)
			o, err := d.API.Stat(t.Context(), "the key")
			switch {
			case c.absent:
				wantClass(t, err, objectstore.Absent)
			case c.class != objectstore.Class(0) || strings.Contains(c.name, "no bucket") || c.name == "wrong encoding":
				wantClass(t, err, c.class)
			case err != nil || o.Size != 5 || !o.ModTime.Equal(when):
				t.Errorf("%+v, %v", o, err)
			}
			if len(s.asked) != len(c.answers) {
				t.Errorf("sent %q", s.asked)
			}
			if len(s.asked) == 2 {
				if q := query(t, s.asked[1]); q.Get("prefix") != "the key" || q.Get("max-keys") != "1" {
					t.Errorf("listed %v", q)
				}
			}
		})
	}
}

func TestUploads(t *testing.T) {
	d, s := scripted(t,
		result("ListMultipartUploadsResult", true, `<EncodingType>url</EncodingType>
			<NextKeyMarker>a+b</NextKeyMarker><NextUploadIdMarker>id+1</NextUploadIdMarker>
			<Upload><Key>a+b</Key><UploadId>id+1</UploadId><Initiated>2026-02-03T04:05:06Z</Initiated></Upload>`),
		result("ListMultipartUploadsResult", false, "<Upload><Key>c+d</Key><UploadId>id2</UploadId></Upload>"),
		result("ListPartsResult", true, "<NextPartNumberMarker>2</NextPartNumberMarker><Part><Size>5</Size>"+modified+"</Part>"+
			"<Part><Size>6</Size><LastModified>2026-02-03T04:05:07Z</LastModified></Part>"),
		result("ListPartsResult", false, "<Part><Size>7</Size>"+modified+"</Part>"),
		result("ListPartsResult", false, "<Part><Size>7</Size>"+modified+"</Part><Part><Size>1</Size></Part>"),
		answer{status: 204},
	)
	var all []storage.MultipartUpload
	for u, err := range d.ListMultipartUploads(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
	want := []storage.MultipartUpload{
		{Key: "a b", ID: "id+1", Initiated: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)},
		{Key: "c+d", ID: "id2"},
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Fatal(diff)
	}
	for _, want := range []storage.MultipartParts{
		{Bytes: 18, Newest: time.Date(2026, 2, 3, 4, 5, 7, 0, time.UTC), Count: 3},
		{Bytes: 8, Count: 2}, // one has no time
	} {
		if parts, err := d.MultipartParts(t.Context(), all[0]); err != nil || parts != want {
			t.Errorf("%+v, %v", parts, err)
		}
	}
	if err := d.AbortMultipartUpload(t.Context(), all[0]); err != nil {
		t.Error(err)
	}
	for i, want := range []url.Values{
		{"encoding-type": {"url"}},
		{"key-marker": {"a b"}, "upload-id-marker": {"id+1"}},
		{"uploadId": {"id+1"}},
		{"uploadId": {"id+1"}, "part-number-marker": {"2"}},
		{"uploadId": {"id+1"}},
		{"uploadId": {"id+1"}},
	} {
		got := query(t, s.asked[i])
		for name := range want {
			if got.Get(name) != want.Get(name) {
				t.Errorf("%s: %s is %q", s.asked[i], name, got.Get(name))
			}
		}
	}
}

func TestVersioned(t *testing.T) {
	for status, want := range map[string]bool{
		"": false, "<Status>Enabled</Status>": true, "<Status>Suspended</Status>": true,
	} {
		d, _ := scripted(t, ok("<VersioningConfiguration>"+status+"</VersioningConfiguration>"))
		if got, err := d.KeepsVersions(t.Context()); err != nil || got != want {
			t.Errorf("%q: %v, %v", status, got, err)
		}
	}
}
