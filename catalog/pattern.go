package catalog

import (
	"fmt"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// IsPattern reports whether s is a pattern of names and not a name: whether it
// has any of the characters *?[{ and backslash, which no name of a repository
// or tag has.
func IsPattern(s string) bool { return strings.ContainsAny(s, `*?[{\`) }

// CheckPattern reports what is wrong with a pattern.
func CheckPattern(pattern string) error {
	if !doublestar.ValidatePattern(pattern) {
		return fmt.Errorf("%q is no pattern: a bracket or brace is not closed, or is empty", pattern)
	}
	return nil
}

// Match reports whether a name of a repository or tag is of a pattern, as a
// whole. In a pattern, * stands for any characters but slashes, ? for one
// character, [a-z] and [!a-z] for one of a set or not of it, {a,b} for one of
// several, and ** between slashes for any components or none: team/** are team
// and all below it. A name that has none of these is a pattern of itself.
//
// A pattern that is not valid matches nothing; see [CheckPattern].
func Match(pattern, name string) bool {
	ok, err := doublestar.Match(pattern, name)
	return ok && err == nil
}
