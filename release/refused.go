package release

import (
	"fmt"
	"strings"

	"github.com/opencontainers/go-digest"
)

// Refusal is a digest that was chosen and that something else still names.
type Refusal struct {
	Repository string
	Digest     digest.Digest
	// Tags and Manifests are what names it.
	Tags      []string
	Manifests []digest.Digest
}

// RefusedError lists what must not go without Options.Force. It is [ErrNamed]
// for errors.Is.
type RefusedError struct{ Refusals []Refusal }

// Error implements error, with a line for each.
func (e *RefusedError) Error() string {
	lines := make([]string, len(e.Refusals))
	for i, r := range e.Refusals {
		var by []string
		for _, tag := range r.Tags {
			by = append(by, "tag "+tag)
		}
		for _, d := range r.Manifests {
			by = append(by, "manifest "+string(d))
		}
		lines[i] = fmt.Sprintf("%s@%s is %v, by %s", r.Repository, r.Digest, ErrNamed, strings.Join(by, ", "))
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives ErrNamed.
func (e *RefusedError) Unwrap() error { return ErrNamed }
