package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// EscapeJSON replaces what is not printable in a JSON document, which can only be
// in its strings, by JSON's own escapes. Line feeds stay.
func EscapeJSON(document string) string {
	if !strings.ContainsFunc(document, unprintable) {
		return document
	}
	var b strings.Builder
	for _, r := range document {
		switch {
		case !unprintable(r):
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func unprintable(r rune) bool { return r != '\n' && r != utf8.RuneError && !unicode.IsPrint(r) }
