package rowformat

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/blobsweep/blobsweep/internal/text"
)

// Text is what a client may have written. However a template prints it, it is
// made safe; as JSON it is exact, with escapes for what is not printable.
type Text string

// String implements fmt.Stringer.
func (t Text) String() string { return text.Clean(string(t)) }

// labels are printed as docker prints them: k=v,l=w.
type labels map[string]Text

// String implements fmt.Stringer.
func (l labels) String() string {
	var pairs []string
	for _, key := range sortedKeys(l) {
		pairs = append(pairs, key+"="+l[key].String())
	}
	return strings.Join(pairs, ",")
}

// toJSON is the template function json.
func toJSON(value any) (string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	return text.EscapeJSON(strings.TrimSuffix(b.String(), "\n")), nil
}
