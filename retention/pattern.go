package retention

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/blobsweep/blobsweep/catalog"
)

// Pattern matches names of repositories or tags, as a whole: a glob, as
// [catalog.Match] has it, or a regular expression. The zero value matches
// nothing.
type Pattern struct {
	text   string
	plain  bool // a name
	regexp *regexp.Regexp
}

// regexpPrefix is what the text of a regular expression begins with.
const regexpPrefix = "regexp:"

// maxPattern is more than any name is long.
const maxPattern = 1000

// ParsePattern reads a glob, or a regular expression after "regexp:".
func ParsePattern(text string) (Pattern, error) {
	expression, isRegexp := strings.CutPrefix(text, regexpPrefix)
	switch {
	case len(text) > maxPattern:
		return Pattern{}, fmt.Errorf("a pattern of more than %d bytes", maxPattern)
	case expression == "":
		return Pattern{}, errors.New("an empty pattern matches nothing")
	case isRegexp:
		// On its own first: a bracket too many could undo the anchors.
		if _, err := regexp.Compile(expression); err != nil {
			return Pattern{}, err
		}
		anchored, err := regexp.Compile(`\A(?:` + expression + `)\z`)
		return Pattern{text: text, regexp: anchored}, err
	}
	if c := alien(text); c != 0 {
		return Pattern{}, fmt.Errorf("%q: no name holds a %q; a regular expression begins with %q", text, c, regexpPrefix)
	}
	return Pattern{text: text, plain: !catalog.IsPattern(text)}, catalog.CheckPattern(text)
}

// ParseTagPattern is [ParsePattern] for tags, which hold no slash.
func ParseTagPattern(text string) (Pattern, error) {
	p, err := ParsePattern(text)
	if err == nil && p.regexp == nil && strings.Contains(text, "/") {
		return Pattern{}, fmt.Errorf("%q: no tag holds a slash", text)
	}
	return p, err
}

// alien returns the first character of a glob that neither a name nor a glob
// has, or zero. Such a glob is a mistake that would match nothing.
func alien(glob string) rune {
	set := false
	for _, c := range glob {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.ContainsRune(`._-/*?{},\`, c):
		case c == '[':
			set = true
		case c == ']':
			set = false
		case set && (c == '!' || c == '^'):
		default:
			return c
		}
	}
	return 0
}

// String is the text that the pattern was made of.
func (p Pattern) String() string { return p.text }

// Match reports whether the pattern matches a name.
func (p Pattern) Match(name string) bool {
	switch {
	case p.plain:
		return p.text == name
	case p.regexp != nil:
		return p.regexp.MatchString(name)
	}
	return p.text != "" && catalog.Match(p.text, name)
}

// matches returns the first pattern that matches a name, or nil.
func matches(patterns []Pattern, name string) *Pattern {
	for i := range patterns {
		if patterns[i].Match(name) {
			return &patterns[i]
		}
	}
	return nil
}

// list joins patterns for a sentence.
func list(patterns []Pattern) string {
	const shown = 5
	texts := make([]string, 0, shown+1)
	for i, p := range patterns {
		if i == shown {
			texts = append(texts, fmt.Sprintf("%d more", len(patterns)-shown))
			break
		}
		texts = append(texts, p.text)
	}
	return strings.Join(texts, ", ")
}
