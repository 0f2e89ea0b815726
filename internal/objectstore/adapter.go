package objectstore

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
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

// userinfo is the part of a URL that may hold a password.
var userinfo = regexp.MustCompile(`//[^/\s"]*@`)

// Redact takes secrets, and what stands before the host of a URL, out of a text.
func Redact(text string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return userinfo.ReplaceAllString(text, "//…@")
}
