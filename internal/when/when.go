// Package when reads ages and moments as people write them on a command line,
// and prints ages the same way.
package when

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Day is what "1d" is: 24 hours.
const Day = 24 * time.Hour

// longest is the age from which on someone has mistyped.
const longest = 100 * 365 * Day

var daysAndRest = regexp.MustCompile(`^(\d+)d(.*)$`)

// Age reads a duration as Go writes it, with days besides: 90m, 12h, 7d, 1d12h.
// It is never negative, and at most a hundred years.
func Age(s string) (time.Duration, error) {
	if strings.HasPrefix(s, "-") {
		return 0, errors.New("it is negative; an age such as 90m, 12h or 7d is needed")
	}
	days, rest := time.Duration(0), s
	if part := daysAndRest.FindStringSubmatch(s); part != nil {
		n, err := strconv.ParseInt(part[1], 10, 64)
		if err != nil || n > int64(longest/Day) {
			return 0, errors.New("it is more than a hundred years")
		}
		if days, rest = time.Duration(n)*Day, part[2]; rest == "" {
			return days, nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 {
		return 0, errors.New("it is no duration; write 90m, 12h or 7d")
	}
	if d > longest {
		return 0, errors.New("it is more than a hundred years")
	}
	return days + d, nil
}

// forms are how a moment is written. One without a zone is in the zone of now.
var forms = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02Z07:00", time.DateOnly}

var seconds = regexp.MustCompile(`^\d{1,11}(\.\d{1,9})?$`)

// Moment reads a point in time as docker's filters take it: RFC 3339, a part of
// it (2026-11-20, 2026-11-20T12:00), seconds since 1970, or an age before now.
func Moment(s string, now time.Time) (time.Time, error) {
	for _, form := range forms {
		if t, err := time.ParseInLocation(form, s, now.Location()); err == nil {
			return t, nil
		}
	}
	if seconds.MatchString(s) && s != "0" {
		whole, fraction, _ := strings.Cut(s, ".")
		n, err := strconv.ParseInt(whole, 10, 64)
		nanos, fractionErr := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
		if err := errors.Join(err, fractionErr); err != nil {
			return time.Time{}, err
		}
		return time.Unix(n, nanos).In(now.Location()), nil
	}
	d, err := Age(s)
	if err != nil {
		return time.Time{}, errors.New("it is no time; write 2026-11-20, 2026-11-20T12:00:00Z, " +
			"seconds since 1970, or an age such as 12h or 7d")
	}
	return now.Add(-d), nil
}
