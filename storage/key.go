package storage

import (
	"strconv"
	"unicode"
	"unicode/utf8"
)

// DisplayKey returns key as it can be shown: as it is when it is plain text,
// quoted when it holds control characters or is no UTF-8.
func DisplayKey(key string) string {
	plain := utf8.ValidString(key)
	for _, r := range key {
		plain = plain && unicode.IsPrint(r)
	}
	if plain && key != "" {
		return key
	}
	return strconv.Quote(key)
}
