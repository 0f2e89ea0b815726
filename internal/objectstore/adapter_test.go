package objectstore

import (
	"errors"
	"testing"

	"github.com/blobsweep/blobsweep/storage"
)

// TestRedact takes out what may be a password, whatever is in it.
func TestRedact(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		"a@b":                                "a@b",
		"https://host.invalid/a b":           "https://host.invalid/a b",
		"https://user:hush@host.invalid/a":   "https://…@host.invalid/a",
		"https://user:hu/sh@host.invalid":    "https://…@host.invalid",
		"https://user:hu@sh@host.invalid":    "https://…@host.invalid",
		`parse "https://u:hu\"sh@host": bad`: `parse "https://…@host": bad`,
		`parse "https://u:hu sh@host": bad`:  `parse "https://…@host": bad`,
		"https://u:hu`sh@host":               "https://…@host",
		`parse "http://u:hush\"/2@a": invalid port ":hush\"" after host "u"`: `parse "http://…@a": invalid port "…" after host "u"`,
		"http://u:hush@a and http://u:hush@b":                                "http://…@a and http://…@b",
		"you sent KEY, KEY":                                                  "you sent …, …",
	} {
		if got := Redact(text, "", "KEY"); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestListed takes only a whole page for the proof of an absence.
func TestListed(t *testing.T) {
	for _, test := range []struct {
		page ListPage
		want Class // Failed where it is there
	}{
		{ListPage{Objects: []storage.Object{{Key: "a", Size: 7}}}, Failed},
		{ListPage{Objects: []storage.Object{{Key: "a", Size: 7}}, Truncated: true, Token: "t"}, Failed},
		{ListPage{}, Absent},
		{ListPage{Objects: []storage.Object{{Key: "ab"}}}, Absent},
		{ListPage{Objects: []storage.Object{{Key: "ab"}}, Truncated: true, Token: "t"}, Absent},
		{ListPage{Truncated: true, Token: "t"}, Transient},
		{ListPage{Truncated: true}, Transient},
		{ListPage{Prefixes: []string{"a/"}}, Transient},
		{ListPage{Objects: []storage.Object{{Key: "b"}}}, Transient},
		{ListPage{Objects: []storage.Object{{Key: "0"}, {Key: "a"}}}, Transient},
	} {
		o, err := Listed(test.page, "a", "R1")
		var fault *Fault
		switch {
		case test.want == Failed && (err != nil || o != storage.Object{Size: 7}):
			t.Errorf("%+v: %+v, %v", test.page, o, err)
		case test.want != Failed && (!errors.As(err, &fault) || fault.Class != test.want || o != storage.Object{}):
			t.Errorf("%+v: %+v, %v", test.page, o, err)
		case test.want == Absent && fault.RequestID != "R1":
			t.Errorf("%+v: %v", test.page, err)
		}
	}
}

// TestEchoes compares what an answer repeats, encoded or not.
func TestEchoes(t *testing.T) {
	ask := func(s string) *string { return &s }
	for _, test := range []struct {
		said  *string
		asked string
		want  bool
	}{
		{nil, "", true}, {nil, "a b+%", true}, {ask(""), "", true}, {ask("a b+%"), "a b+%", true},
		{ask("a+b%2B%25"), "a b+%", true}, {ask("a%20b%2b%25"), "a b+%", true},
		{ask(""), "a", false}, {ask("a"), "", false}, {ask("ab"), "a", false}, {ask("a+b"), "a%20b", false}, {ask("%"), "a", false},
	} {
		if got := Echoes(test.said, test.asked); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}
