package main

import (
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/internal/when"
)

func TestAge(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"90m":    90 * time.Minute,
		"7d":     7 * when.Day,
		"0":      0,
		"0d":     0,
		"1d12h":  36 * time.Hour,
		"1.5h":   90 * time.Minute,
		"36500d": 36500 * when.Day,
	} {
		var a age
		if err := a.Set(s); err != nil || time.Duration(a) != want {
			t.Errorf("%q: %v, %v, want %v", s, time.Duration(a), err, want)
		}
	}
	for _, s := range []string{"", "d", "-1h", "-1d", "1d-1h", "7", "1h1d", "36501d", "9000000h", "99999999999999999999d", "soon"} {
		a := age(time.Hour)
		if err := a.Set(s); err == nil || time.Duration(a) != time.Hour {
			t.Errorf("%q: %v, %v, want an error and no change", s, time.Duration(a), err)
		}
	}
}

func TestSize(t *testing.T) {
	for s, want := range map[string]int64{"8MiB": 8 << 20, "8388608": 8 << 20, "4 mb": 4_000_000, "1GiB": 1 << 30} {
		var n size
		if err := n.Set(s); err != nil || int64(n) != want {
			t.Errorf("%q: %d, %v, want %d", s, n, err, want)
		}
	}
	for _, s := range []string{"", "0", "-1", "2GiB", "big", "16EiB"} {
		if n := size(1); n.Set(s) == nil || n != 1 {
			t.Errorf("%q: %d, want an error and no change", s, n)
		}
	}
}
