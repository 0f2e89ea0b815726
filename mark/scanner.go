package mark

import (
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"strconv"
	"strings"
)

// scanner reads JSON in place, without building values. It accepts what
// encoding/json accepts as valid, and fails for good on anything else. It is
// written for manifests, where it is some ten times as fast as decoding.
type scanner struct {
	b      []byte
	i      int
	depth  int
	failed bool
}

// maxDepth is the nesting that encoding/json allows.
const maxDepth = 10000

func (s *scanner) fail() {
	s.failed = true
	s.i = len(s.b)
}

// peek skips white space and returns the next byte, or 0 at the end.
func (s *scanner) peek() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\r', '\n':
			s.i++
		default:
			return c
		}
	}
	return 0
}

// take skips white space and the byte c, if that comes next.
func (s *scanner) take(c byte) bool {
	if s.peek() != c || s.i >= len(s.b) {
		return false
	}
	s.i++
	return true
}

// end reports whether nothing but white space is left.
func (s *scanner) end() bool {
	s.peek()
	return !s.failed && s.i == len(s.b)
}

// object calls field for each field; field must consume the value.
func (s *scanner) object(field func(name []byte)) {
	if !s.take('{') || s.depth >= maxDepth {
		s.fail()
		return
	}
	s.depth++
	defer func() { s.depth-- }()
	if s.take('}') {
		return
	}
	for {
		name := s.text()
		if !s.take(':') {
			s.fail()
		}
		if s.failed {
			return
		}
		field(name)
		if s.failed || s.take('}') {
			return
		}
		if !s.take(',') {
			s.fail()
			return
		}
	}
}

// array calls element for each element; element must consume it.
func (s *scanner) array(element func()) {
	if !s.take('[') || s.depth >= maxDepth {
		s.fail()
		return
	}
	s.depth++
	defer func() { s.depth-- }()
	if s.take(']') {
		return
	}
	for {
		element()
		if s.failed || s.take(']') {
			return
		}
		if !s.take(',') {
			s.fail()
			return
		}
	}
}

// text reads a string. The bytes are valid until the content changes.
func (s *scanner) text() []byte {
	if !s.take('"') {
		s.fail()
		return nil
	}
	start := s.i
	escaped := false
	for s.plain(); s.i < len(s.b); s.plain() {
		switch c := s.b[s.i]; {
		case c == '"':
			raw := s.b[start:s.i]
			s.i++
			if !escaped {
				return raw
			}
			var text string
			if err := json.Unmarshal(s.b[start-1:s.i], &text); err != nil {
				s.fail()
				return nil
			}
			return []byte(text)
		case c == '\\':
			escaped = true
			s.i += 2
		case c < ' ':
			s.fail()
			return nil
		default:
			s.i++
		}
	}
	s.fail()
	return nil
}

// plain skips bytes that mean nothing in a string, eight at a time: up to a
// quote, a backslash, a control character, or the last few bytes.
func (s *scanner) plain() {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; s.i+8 <= len(s.b); s.i += 8 {
		w := binary.LittleEndian.Uint64(s.b[s.i:])
		quotes, backslashes := w^ones*'"', w^ones*'\\'
		// The high bit is set in the first byte that is special, and perhaps
		// in some after it.
		special := ((quotes-ones)&^quotes | (backslashes-ones)&^backslashes | (w-ones*' ')&^w) & highs
		if special != 0 {
			s.i += bits.TrailingZeros64(special) / 8
			return
		}
	}
}

// null consumes a null, if that comes next.
func (s *scanner) null() bool {
	if s.peek() != 'n' {
		return false
	}
	s.word("null")
	return true
}

func (s *scanner) word(w string) {
	if len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		s.fail()
		return
	}
	s.i += len(w)
}

// integer reads a number that is one; null is zero.
func (s *scanner) integer() int64 {
	if s.null() {
		return 0
	}
	n, err := strconv.ParseInt(string(s.number()), 10, 64)
	if err != nil {
		s.fail()
	}
	return n
}

// number reads a number of JSON's grammar.
func (s *scanner) number() []byte {
	s.peek()
	start := s.i
	s.optional("-")
	if !s.optional("0") && s.digits() == 0 {
		s.fail()
		return nil
	}
	if s.optional(".") && s.digits() == 0 {
		s.fail()
		return nil
	}
	if s.optional("eE") {
		s.optional("+-")
		if s.digits() == 0 {
			s.fail()
			return nil
		}
	}
	return s.b[start:s.i]
}

func (s *scanner) optional(set string) bool {
	if s.i < len(s.b) && strings.IndexByte(set, s.b[s.i]) >= 0 {
		s.i++
		return true
	}
	return false
}

func (s *scanner) digits() int {
	start := s.i
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i - start
}

// skip reads a value of any kind.
func (s *scanner) skip() {
	switch s.peek() {
	case '{':
		s.object(func([]byte) { s.skip() })
	case '[':
		s.array(s.skip)
	default:
		s.scalar()
	}
}

func (s *scanner) scalar() {
	switch s.peek() {
	case '"':
		s.text()
	case 't':
		s.word("true")
	case 'f':
		s.word("false")
	case 'n':
		s.word("null")
	default:
		s.number()
	}
}
