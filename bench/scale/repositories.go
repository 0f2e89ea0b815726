package scale

import (
	"bytes"
	"encoding/hex"
	"slices"
	"sort"
	"strconv"

	"github.com/blobsweep/blobsweep/storage/layout"
)

// Names are numbers of so many digits, so that their order is that of the
// numbers.
const nameDigits = 10

func appendNumber(to []byte, letter byte, n int64) []byte {
	var text [20]byte
	digits := strconv.AppendInt(text[:0], n, 10)
	to = append(to, letter)
	for range nameDigits - len(digits) {
		to = append(to, '0')
	}
	return append(to, digits...)
}

// numberOf is the reverse of appendNumber, for names that may be others.
func numberOf(name string, letter byte, most int64) (int64, bool) {
	if len(name) != 1+nameDigits || name[0] != letter {
		return 0, false
	}
	var n int64
	for _, c := range []byte(name[1:]) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, n < most
}

// repositories walks over the links of all repositories, in the order of their
// keys: of each the layer links, the revisions, and of each tag where it leads
// and its history.
type repositories struct {
	*Driver
	current   int64
	position  int64    // among the keys of the current one
	revisions []uint32 // images of the current one, in the order of their digests
	key       []byte
}

func (d *Driver) repositories() *repositories { return &repositories{Driver: d} }

// keys is how many there are in a repository.
func (s shape) keys() int64 { return s.links() + 3*s.images }

// seek goes to the first key that is not before the given one.
func (r *repositories) seek(from string) {
	r.current = int64(sort.Search(int(r.shape.repositories), func(i int) bool {
		// After everything in it: "0" is the byte after the slash.
		return string(appendNumber([]byte(layout.Repositories), 'r', int64(i)))+"0" > from
	}))
	r.position = 0
	if r.current == r.shape.repositories {
		return
	}
	r.load()
	r.position = int64(sort.Search(int(r.keys()), func(i int) bool { return r.format(int64(i)) >= from }))
}

// load prepares the current repository.
func (r *repositories) load() {
	r.revisions = r.revisions[:0]
	for i := range r.images {
		r.revisions = append(r.revisions, uint32(r.current*r.images+i))
	}
	slices.SortFunc(r.revisions, func(a, b uint32) int {
		return bytes.Compare(r.manifests.sums[a][:], r.manifests.sums[b][:])
	})
}

func (r *repositories) next() (entry, bool) {
	if r.position == r.keys() {
		r.current++
		r.position = 0
		if r.current < r.shape.repositories {
			r.load()
		}
	}
	if r.current >= r.shape.repositories {
		return entry{}, false
	}
	e := entry{r.format(r.position), linkLength}
	r.position++
	return e, true
}

// format makes the key at a position in the current repository.
func (r *repositories) format(position int64) string {
	key := append(r.key[:0], layout.Repositories...)
	key = appendNumber(key, 'r', r.current)
	if position < r.links() {
		key = append(key, "/_layers/sha256/"...)
		key = appendHex(key, r.used.at(r.layer(r.current, position)))
		r.key = append(key, "/link"...)
		return string(r.key)
	}
	position -= r.links()
	if position < r.images {
		key = append(key, "/_manifests/revisions/sha256/"...)
		key = appendHex(key, r.manifests.sums[r.revisions[position]])
		r.key = append(key, "/link"...)
		return string(r.key)
	}
	position -= r.images
	tag := position / 2
	key = append(key, "/_manifests/tags/"...)
	key = appendNumber(key, 'v', tag)
	if position%2 == 0 {
		r.key = append(key, "/current/link"...)
		return string(r.key)
	}
	key = append(key, "/index/sha256/"...)
	key = appendHex(key, r.manifests.sums[r.current*r.images+tag])
	r.key = append(key, "/link"...)
	return string(r.key)
}

func appendHex(to []byte, s sum) []byte { return hex.AppendEncode(to, s[:]) }
