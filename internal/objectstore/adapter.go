package objectstore

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

// What the adapters of all stores need.

// NormalRoot makes of a registry's root directory what is put before a key, as
// registries do: TrimLeft(TrimRight(root, "/")+path, "/").
func NormalRoot(root string) string {
	return strings.TrimLeft(strings.TrimRight(root, "/")+"/", "/")
}

// Secretive tells whether the name of a parameter promises credentials.
func Secretive(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"key", "secret", "token", "pass", "pwd", "cred", "auth", "sign"},
		func(word string) bool { return strings.Contains(name, word) })
}

// RetryAfter reads the header of that name, in either of its forms.
// Source: RFC 9110, section 10.2.3.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// userinfo is the part of a URL that may hold a password. What does not belong
// there, such as a slash or a space, may be in it all the same.
var userinfo = regexp.MustCompile(`//(?:\S*|[^"\n]*)@`)

// port is what net/url says of a password with a slash, whose start it takes for
// a port.
var port = regexp.MustCompile(`invalid port "(?:[^"\\]|\\.)*"`)

// Redact takes secrets, and what stands before the host of a URL, out of a text.
// It rather takes out too much.
func Redact(text string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return port.ReplaceAllString(userinfo.ReplaceAllString(text, "//…@"), `invalid port "…"`)
}

// Listed is what the first page of a listing says of a key that is its prefix,
// and thus comes first. Only a page that can have left nothing out, and that has
// what was asked for, tells that it is absent, as the request of that ID did.
func Listed(page ListPage, key, requestID string) (storage.Object, error) {
	absent := &Fault{Class: Absent, Status: http.StatusNotFound, RequestID: requestID}
	switch {
	case len(page.Objects)+len(page.Prefixes) == 0 && !page.Truncated:
		return storage.Object{}, absent
	case len(page.Objects) == 0 || !strings.HasPrefix(page.Objects[0].Key, key):
		return storage.Object{}, &Fault{Class: Transient, Message: "the listing does not tell whether the key is there"}
	case page.Objects[0].Key != key:
		return storage.Object{}, absent
	}
	o := page.Objects[0]
	o.Key = ""
	return o, nil
}

// Echoes tells whether an answer that repeats a part of the question, encoded or
// not, has that of ours. One that leaves it out may.
func Echoes(said *string, asked string) bool {
	if said == nil || *said == asked {
		return true
	}
	plain, err := url.QueryUnescape(*said)
	return err == nil && plain == asked
}
