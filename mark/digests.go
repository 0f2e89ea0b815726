package mark

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/opencontainers/go-digest"
)

// digestsIn returns every digest that appears anywhere in the content, for
// manifests that cannot be understood (law 3). Where the content is JSON with
// escapes, or begins as such, its strings are searched as well.
func digestsIn(content []byte) []digest.Digest {
	seen := map[digest.Digest]bool{}
	found := search(nil, seen, string(content))
	if bytes.IndexByte(content, '\\') < 0 {
		return found
	}
	for decoder := json.NewDecoder(bytes.NewReader(content)); ; {
		token, err := decoder.Token()
		if err != nil {
			return found // the end, or no JSON from here on
		}
		if text, ok := token.(string); ok {
			found = search(found, seen, text)
		}
	}
}

func search(found []digest.Digest, seen map[digest.Digest]bool, text string) []digest.Digest {
	for _, algorithm := range []digest.Algorithm{digest.SHA256, digest.SHA384, digest.SHA512} {
		for rest := text; ; {
			_, after, ok := strings.Cut(rest, algorithm.String()+":")
			if !ok {
				break
			}
			rest = after
			hex := after[:min(len(after), 2*algorithm.Size())]
			if layout.ValidHex(algorithm.String(), hex) {
				if d := digest.NewDigestFromEncoded(algorithm, hex); !seen[d] {
					seen[d] = true
					found = append(found, d)
				}
			}
		}
	}
	return found
}
