package inventory

import (
	"math"
	"sort"
	"strconv"
	"strings"

	"github.com/blobsweep/blobsweep/storage/layout"
)

// parts tells into how many parts to divide so many keys, so that each fills its
// pages but for some room, as the number is an estimate; and how many requests
// more than undivided that takes, which is at most what is allowed.
func parts(keys float64, most int, allowance float64) (n int, cost float64) {
	for pages := 1.0; ; pages++ {
		parts := math.Ceil(keys / (pages*page - 3*math.Sqrt(pages*page)))
		cost := max(0, parts*pages-keys/page)
		switch {
		case parts <= 1:
			return 1, 0
		case parts <= float64(most+1) && cost <= allowance:
			return int(parts), cost
		}
	}
}

// digests are the keys of a directory that is named after an algorithm. They
// are spread evenly, so that what is left can be told from what was listed.
type digests struct {
	dir         string
	nested      bool // blobs lie in directories named after their first two digits
	from, until float64
	left        float64 // keys, estimated
}

// digestsOf reports whether the first and the last key of a page are both in
// such a directory, which is given.
func digestsOf(dir, first, last, until string) (digests, bool) {
	d := digests{dir: dir, nested: strings.HasPrefix(dir, layout.Blobs), until: 1}
	begin, ok := d.position(first)
	if !ok {
		return d, false
	}
	if d.from, ok = d.position(last); !ok || d.from <= begin {
		return d, false
	}
	if end, ok := d.position(until); ok {
		d.until = end
	}
	d.left = page * (d.until - d.from) / (d.from - begin)
	return d, true
}

// precision is how many digits of a digest tell where it lies.
const precision = 8

// position tells where a key lies in the directory, from 0 to 1.
func (d digests) position(key string) (float64, bool) {
	rest, ok := strings.CutPrefix(key, d.dir)
	if ok && d.nested && len(rest) > 3 && rest[2] == '/' {
		rest = rest[3:]
	}
	if !ok || len(rest) < precision || !layout.IsHex(rest[:precision]) {
		return 0, false
	}
	n, err := strconv.ParseUint(rest[:precision], 16, 4*precision)
	return float64(n) / (1 << (4 * precision)), err == nil
}

// cuts divides what is left evenly, and tells what each cut costs.
func (d digests) cuts(most int, allowance float64) (cuts []string, each float64) {
	n, cost := parts(d.left, most, allowance)
	for i := 1; i < n; i++ {
		at := d.from + (d.until-d.from)*float64(i)/float64(n)
		digits := strconv.FormatUint(uint64(at*(1<<(4*precision))), 16)
		digits = strings.Repeat("0", precision-len(digits)) + digits
		if d.nested {
			digits = digits[:2] + "/" + digits
		}
		cuts = append(cuts, d.dir+digits)
	}
	return cuts, cost / float64(max(1, len(cuts)))
}

// names are what is known of the names in a directory on the way to a key.
type names struct {
	level int // of the directory, below the prefix
	known bool
	keys  []string // as a listing with the delimiter gives them
	more  bool     // there may be others after the last one
}

// beyond returns the names after a key.
func (n names) beyond(key string) []string {
	at := sort.Search(len(n.keys), func(i int) bool { return n.keys[i] > key })
	return n.keys[at:]
}

// between counts the names from one key to another.
func (n names) between(first, last string) int { return len(n.beyond(first)) - len(n.beyond(last)) }

// startingAt returns what is known of the part that begins at a cut.
func (n names) startingAt(cut string) names {
	n.keys = n.beyond(cut)
	n.known = n.known && (len(n.keys) > 0 || !n.more)
	n.more = n.more && n.known
	return n
}

// endingAt returns what is known of the part that ends at a cut.
func (n names) endingAt(cut string) names {
	kept := sort.SearchStrings(n.keys, cut)
	n.more = n.more && kept == len(n.keys)
	n.keys = n.keys[:kept]
	return n
}

// unmeasured is how many parts a directory is divided into when a whole page
// was of one name, so that nothing is known of the size of the others.
const unmeasured = 4

// cuts divides the names that are left by their number, when passed names had
// a page of keys; and if there may be more of them, the unknown by guesses.
func (n names) cuts(dir string, passed int, left []string, until string, most int) []string {
	count := min(most+1, unmeasured)
	if passed > 0 {
		// The page began and ended inside of names.
		count, _ = parts(page*float64(len(left))/float64(passed+1), most, math.Inf(1))
	}
	count = min(count, len(left)+1)
	var cuts []string
	for i := 1; i < count; i++ {
		cuts = append(cuts, left[i*len(left)/count])
	}
	if n.more {
		for _, guess := range guesses(name(n.keys[0], dir), name(left[len(left)-1], dir)) {
			if len(cuts) < most && (until == "" || dir+guess < until) {
				cuts = append(cuts, dir+guess)
			}
		}
	}
	return cuts
}

func name(key, dir string) string { return strings.TrimSuffix(key[len(dir):], "/") }

// guesses returns what names may begin with that follow two known ones, in
// order: where those differ, all letters or digits that come next; before that,
// the next one. A wrong guess costs a request.
func guesses(first, last string) []string {
	same := 0
	for same < min(len(first), len(last)) && first[same] == last[same] {
		same++
	}
	digits := "0123456789"
	if layout.IsHex(first) && layout.IsHex(last) {
		digits += "abcdef"
	}
	var all []string
	for at := min(same, len(last)-1); at >= 0; at-- {
		for _, alphabet := range []string{digits, "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"} {
			next := strings.IndexByte(alphabet, last[at]) + 1
			if next == 0 || next == len(alphabet) {
				continue
			}
			end := len(alphabet)
			if at < same {
				end = next + 1
			}
			for _, c := range alphabet[next:end] {
				all = append(all, last[:at]+string(c))
			}
			break
		}
	}
	return all
}
