package s3

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/blobsweep/blobsweep/internal/objectstore"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/google/go-cmp/cmp"
)

// batch is the body of a request to delete.
type batch struct {
	Quiet   bool
	Objects []struct{ Key string } `xml:"Object"`
}

// confirm writes the answer to a batch that is gone as a whole.
func confirm(t *testing.T, w io.Writer, b batch) {
	var answer strings.Builder
	for _, o := range b.Objects {
		answer.WriteString("<Deleted><Key>")
		if err := xml.EscapeText(&answer, []byte(o.Key)); err != nil {
			t.Error(err)
		}
		answer.WriteString("</Key></Deleted>")
	}
	if _, err := io.WriteString(w, "<DeleteResult>"+answer.String()+"</DeleteResult>"); err != nil {
		t.Error(err)
	}
}

// deletes reads a batch and the bytes that it was sent as.
func deletes(t *testing.T, r *http.Request) (b batch, body []byte) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = xml.Unmarshal(body, &b)
	}
	if err != nil || r.Method != http.MethodPost || !r.URL.Query().Has("delete") || b.Quiet {
		t.Errorf("%s %s %s: %v", r.Method, r.RequestURI, body, err)
	}
	return b, body
}

func TestDeleteKeyByKey(t *testing.T) {
	failed := func(key, code string) string {
		return "<Error><Key>" + key + "</Key><Code>" + code + "</Code><Message>why " + secretKey + "</Message></Error>"
	}
	d, _ := scripted(t, ok("<DeleteResult><Deleted><Key>a &amp; b</Key></Deleted>"+failed("denied", "AccessDenied")+
		failed("internal", "InternalError")+failed("unavailable", "ServiceUnavailable")+failed("slow", "SlowDown")+
		failed("absent", "NoSuchKey")+failed("locked", "ObjectLocked")+failed("none", "")+"</DeleteResult>"))
	got, err := d.API.Delete(t.Context(), []string{"a & b", "x\x01y", "\xff"})
	if err != nil {
		t.Fatal(err)
	}
	fault := func(key, code string, class objectstore.Class) objectstore.KeyFault {
		return objectstore.KeyFault{Key: key, Fault: &objectstore.Fault{Class: class, Code: code, Message: "why …"}}
	}
	const cannot = "the key has characters that a request to delete cannot hold"
	want := objectstore.DeleteResult{Deleted: []string{"a & b"}, Failed: []objectstore.KeyFault{
		{Key: "x\x01y", Fault: &objectstore.Fault{Class: objectstore.Rejected, Message: cannot}},
		{Key: "\xff", Fault: &objectstore.Fault{Class: objectstore.Rejected, Message: cannot}},
		fault("denied", "AccessDenied", objectstore.Denied),
		fault("internal", "InternalError", objectstore.Transient),
		fault("unavailable", "ServiceUnavailable", objectstore.Transient),
		fault("slow", "SlowDown", objectstore.Throttled),
		fault("absent", "NoSuchKey", objectstore.Absent),
		fault("locked", "ObjectLocked", objectstore.Rejected),
		fault("none", "", objectstore.Rejected),
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Only what the store names is gone, whatever the status.
func TestDeleteUnconfirmed(t *testing.T) {
	for name, give := range map[string]answer{
		"nothing": ok(""), "no names": ok("<DeleteResult/>"), "HTML": ok("<html></html>"),
		"another": ok("<DeleteResult><Deleted><Key>another</Key></Deleted></DeleteResult>"),
		"error":   ok(xmlError("InternalError", "sorry")), "broken": ok("<DeleteResult><Deleted><Key>key</Key></Del"),
	} {
		t.Run(name, func(t *testing.T) {
			d, s := scripted(t, give)
			var failed *storage.DeleteError
			if err := d.Delete(t.Context(), "key"); !errors.As(err, &failed) || len(failed.Failed) != 1 || len(s.asked) != 3 {
				t.Errorf("%v after %q", err, s.asked)
			}
		})
	}
}

func TestDeleteNoMoreThanAThousand(t *testing.T) {
	d, s := scripted(t, ok(""))
	if _, err := d.API.Delete(t.Context(), make([]string, 1001)); err == nil || len(s.asked) > 0 {
		t.Errorf("%v, sent %q", err, s.asked)
	}
	if _, err := d.API.Delete(t.Context(), []string{"\xff"}); err != nil || len(s.asked) > 0 {
		t.Errorf("%v, sent %q", err, s.asked)
	}
}

func TestDeleteRequest(t *testing.T) {
	odd := []string{"a b", "a&b<c>\"'", "tab\tnew\nline\r", "é\u2028\u0085", "😀", "a/b+c%2F"}
	d := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := deletes(t, r)
		var got []string
		for _, o := range b.Objects {
			got = append(got, o.Key)
		}
		if diff := cmp.Diff(odd, got); diff != "" || r.Header.Get("X-Amz-Checksum-Crc32") == "" || r.Header.Get("Content-Md5") != "" {
			t.Errorf("%v %s", r.Header, diff)
		}
		confirm(t, w, b)
	})
	if err := d.Delete(t.Context(), odd...); err != nil {
		t.Error(err)
	}
}

// The ways of demanding Content-MD5, or of refusing anything newer.
var demands = []struct{ code, message string }{
	{"MissingContentMD5", "Missing required header for this request"},
	{"InvalidRequest", "Missing required header for this request: Content-MD5"},
	{"InvalidArgument", "content-md5 must be given"},
	{"MissingArgument", "Missing Some Required Arguments."},
	{"InvalidDigest", "The Content-MD5 you specified is not valid."},
	{"NotImplemented", "A header you provided implies functionality that is not implemented"},
	{"InvalidRequest", "x-amz-sdk-checksum-algorithm is not supported"},
}

func TestDeleteWithContentMD5(t *testing.T) {
	for _, demand := range demands {
		t.Run(demand.code, func(t *testing.T) {
			var mu sync.Mutex
			refused, served := 0, 0
			d := serve(t, func(w http.ResponseWriter, r *http.Request) {
				b, body := deletes(t, r)
				sum := md5.Sum(body)
				mu.Lock()
				defer mu.Unlock()
				var newer []string
				for name := range r.Header {
					if strings.Contains(strings.ToLower(name), "checksum") || strings.Contains(strings.ToLower(name), "trailer") {
						newer = append(newer, name)
					}
				}
				switch given := r.Header.Get("Content-Md5"); {
				case given == "" || len(newer) > 0:
					if refused++; given != "" {
						t.Errorf("sent %v besides Content-MD5", newer)
					}
					answer{status: 400, body: xmlError(demand.code, demand.message)}.write(w)
				case given != base64.StdEncoding.EncodeToString(sum[:]):
					t.Errorf("Content-MD5 is %s of %s", given, body)
				default:
					served++
					confirm(t, w, b)
				}
			})
			for i := range 3 {
				if err := d.Delete(t.Context(), fmt.Sprintf("key %d", i)); err != nil {
					t.Error(err)
				}
			}
			if refused != 1 || served != 3 || d.Requests().Delete != 4 {
				t.Errorf("%d refused, %d served, counted %+v", refused, served, d.Requests())
			}
		})
	}
}

// A store that refuses either way is not asked for ever.
func TestDeleteRefusedEitherWay(t *testing.T) {
	for _, demand := range demands {
		d, s := scripted(t, answer{status: 400, body: xmlError(demand.code, demand.message)})
		if err := remove(d); err == nil {
			t.Errorf("%s passes", demand.code)
		}
		err := d.Delete(t.Context(), "key")
		var fault *objectstore.Fault
		if !errors.As(err, &fault) || fault.Class == objectstore.Transient || len(s.asked) != 2 {
			t.Errorf("%v after %d requests", err, len(s.asked))
		}
	}
}

// A batch that was damaged on its way says nothing about what the store wants.
func TestDeleteDamaged(t *testing.T) {
	var checksums []string
	d := serve(t, func(w http.ResponseWriter, r *http.Request) {
		checksums = append(checksums, r.Header.Get("Content-Md5"))
		answer{status: 400, body: xmlError("BadDigest", "The Content-MD5 or checksum did not match")}.write(w)
	})
	wantClass(t, d.Delete(t.Context(), "key"), objectstore.Transient)
	if diff := cmp.Diff([]string{"", "", ""}, checksums); diff != "" {
		t.Error(diff)
	}
}
