package text

import (
	"testing"
	"time"
)

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                       "0s",
		953690 * time.Nanosecond:                "954µs",
		1234 * time.Microsecond:                 "1ms",
		2449 * time.Millisecond:                 "2.4s",
		90 * time.Second:                        "1m30s",
		time.Hour:                               "1h",
		90 * time.Minute:                        "1h30m",
		time.Hour + 10*time.Second:              "1h0m10s",
		7 * 24 * time.Hour:                      "7d",
		25 * time.Hour:                          "25h",
		10 * time.Minute:                        "10m",
		59*time.Minute + 59900*time.Millisecond: "1h",
	} {
		if got := Span(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestNumbered(t *testing.T) {
	for _, test := range []struct {
		n          int
		noun, want string
	}{
		{0, "blob", "0 blobs"},
		{1, "directory", "1 directory"},
		{1014, "directory", "1,014 directories"},
		{2, "key", "2 keys"},
	} {
		if got := Numbered(test.n, test.noun); got != test.want {
			t.Errorf("%d %s: %q, want %q", test.n, test.noun, got, test.want)
		}
	}
}

func TestCacheWarning(t *testing.T) {
	if CacheWarning("") != "" {
		t.Error("a registry without a cache needs no warning")
	}
	if CacheWarning("inmemory") == CacheWarning("redis") {
		t.Error("the remedies differ")
	}
}
