package when

import (
	"testing"
	"time"
)

func TestAge(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"90m": 90 * time.Minute, "7d": 7 * Day, "0": 0, "0d": 0, "1d12h": 36 * time.Hour, "36500d": 36500 * Day,
	} {
		if got, err := Age(s); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "d", "-1h", "-1d", "1d-1h", "7", "1h1d", "36501d", "9000000h", "soon"} {
		if got, err := Age(s); err == nil {
			t.Errorf("%q: %v, want an error", s, got)
		}
	}
}

func TestMoment(t *testing.T) {
	zone := time.FixedZone("CST", 8*60*60)
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, zone)
	for s, want := range map[string]time.Time{
		"2026-11-19":                     time.Date(2026, 11, 19, 0, 0, 0, 0, zone),
		"2026-11-19Z":                    time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC),
		"2026-11-19T10:30":               time.Date(2026, 11, 19, 10, 30, 0, 0, zone),
		"2026-11-19T10:30:15":            time.Date(2026, 11, 19, 10, 30, 15, 0, zone),
		"2026-11-19T10:30:15Z":           time.Date(2026, 11, 19, 10, 30, 15, 0, time.UTC),
		"2026-11-19T10:30:15.5+02:00":    time.Date(2026, 11, 19, 8, 30, 15, 5e8, time.UTC),
		"2026-11-19T10:30:15.000000005Z": time.Date(2026, 11, 19, 10, 30, 15, 5, time.UTC),
		"1795000000":                     time.Unix(1795000000, 0),
		"1795000000.25":                  time.Unix(1795000000, 25e7),
		"7d":                             now.Add(-7 * Day),
		"1h30m":                          now.Add(-90 * time.Minute),
		"0":                              now,
		"0s":                             now,
	} {
		if got, err := Moment(s, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "yesterday", "-1h", "2026-13-01", "2026-11", "1e9", "20/11/2026", "999999999999", "1.", "-5"} {
		if got, err := Moment(s, now); err == nil {
			t.Errorf("%q: %v, want an error", s, got)
		}
	}
}
