package listing

import (
	"errors"

	"github.com/blobsweep/blobsweep/catalog"
)

// pattern is one of repositories, and of their tags where it has one.
type pattern struct{ name, tag string }

func parsePattern(s string) (pattern, error) {
	r := catalog.SplitReference(s)
	if r.Digest != "" || r.Repository == "" || r.String() != s {
		return pattern{}, errors.New("it is no pattern of names; write 'team/*' or 'team/*:v1.*'")
	}
	for _, part := range []string{r.Repository, r.Tag} {
		if err := catalog.CheckPattern(part); err != nil {
			return pattern{}, err
		}
	}
	return pattern{r.Repository, r.Tag}, nil
}

func (p pattern) repository(name string) bool { return catalog.Match(p.name, name) }

func (p pattern) match(repository, tag string) bool {
	return p.repository(repository) && (p.tag == "" || catalog.Match(p.tag, tag))
}
