package s3

import (
	"bytes"
	"slices"
	"strconv"
)

// markup reads XML of the plainest form: elements without attributes, which hold
// either elements and white space, or text in ASCII. Where a method returns
// false there is something else, and nothing that was read before counts.
type markup struct {
	rest    []byte // to be read
	decoded []byte // the text that was last read, if there were references in it
}

// take reads exactly this, if it comes next.
func (m *markup) take(next string) bool {
	if len(m.rest) < len(next) || string(m.rest[:len(next)]) != next {
		return false
	}
	m.rest = m.rest[len(next):]
	return true
}

// space reads white space, as much as there is.
func (m *markup) space() {
	for len(m.rest) > 0 {
		switch m.rest[0] {
		case ' ', '\t', '\r', '\n':
			m.rest = m.rest[1:]
		default:
			return
		}
	}
}

// mostNames is how many different elements may be in one.
const mostNames = 16

// children reads the elements in the one that was begun, and its end. None comes
// twice but those that are lists. For each, child reads what is in it and its
// end; what it is given may be no name, so it has to refuse what it does not
// know.
func (m *markup) children(parent string, child func(name []byte) bool, lists ...string) bool {
	var all [mostNames][]byte
	seen := all[:0]
	for {
		m.space()
		if !m.take("<") {
			return false
		}
		if m.take("/") {
			return m.take(parent) && m.take(">")
		}
		end := bytes.IndexByte(m.rest, '>')
		if end < 0 {
			return false
		}
		name := m.rest[:end]
		m.rest = m.rest[end+1:]
		if !slices.Contains(lists, string(name)) {
			for _, other := range seen {
				if bytes.Equal(other, name) {
					return false
				}
			}
			if len(seen) == mostNames {
				return false
			}
			seen = append(seen, name)
		}
		if !child(name) {
			return false
		}
	}
}

// text reads the text in the element that was begun, and its end. The text is
// there until the next call.
func (m *markup) text(element []byte) ([]byte, bool) {
	end := bytes.IndexByte(m.rest, '<')
	if end < 0 {
		return nil, false
	}
	raw := m.rest[:end]
	m.rest = m.rest[end:]
	n := len(element)
	if len(m.rest) < n+3 || m.rest[1] != '/' || !bytes.Equal(m.rest[2:n+2], element) || m.rest[n+2] != '>' {
		return nil, false
	}
	m.rest = m.rest[n+3:]
	for i, c := range raw {
		switch {
		case c == '&':
			return m.decode(raw, i)
		case !plain(c):
			return nil, false
		}
	}
	return raw, true
}

// plain tells whether a byte of a text is a character of ASCII that can be seen,
// or a space, and stands for itself wherever it is.
func plain(c byte) bool { return ' ' <= c && c <= '~' && c != '<' && c != '>' && c != '&' }

// decode puts characters in the place of references to them, of which there is
// none before the first.
func (m *markup) decode(raw []byte, first int) ([]byte, bool) {
	m.decoded = append(m.decoded[:0], raw[:first]...)
	for rest := raw[first:]; len(rest) > 0; {
		c := rest[0]
		rest = rest[1:]
		switch {
		case c == '&':
			name, after, closed := bytes.Cut(rest, []byte(";"))
			if c = referred(name); c == 0 || !closed {
				return nil, false
			}
			rest = after
		case !plain(c):
			return nil, false
		}
		m.decoded = append(m.decoded, c)
	}
	return m.decoded, true
}

// referred is the character that a reference names: one of the five that have a
// name, or one of ASCII that can be seen, by its number. It is 0 for all others.
func referred(name []byte) byte {
	switch string(name) {
	case "lt":
		return '<'
	case "gt":
		return '>'
	case "amp":
		return '&'
	case "apos":
		return '\''
	case "quot":
		return '"'
	}
	digits, numeric := bytes.CutPrefix(name, []byte("#"))
	digits, hexadecimal := bytes.CutPrefix(digits, []byte("x"))
	if !numeric {
		return 0
	}
	base := 10
	if hexadecimal {
		base = 16
	}
	if n, err := strconv.ParseUint(string(digits), base, 8); err == nil && ' ' <= n && n <= '~' {
		return byte(n)
	}
	return 0
}
