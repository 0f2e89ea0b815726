package mark

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/internal/parallel"
)

func TestReach(t *testing.T) {
	for name, test := range map[string]struct {
		edges map[string]string // letters that a letter leads to
		roots string
		want  string
	}{
		"nothing":            {nil, "", ""},
		"roots alone":        {nil, "AB", "AB"},
		"a chain":            {map[string]string{"A": "B", "B": "C"}, "A", "ABC"},
		"a diamond":          {map[string]string{"A": "BC", "B": "D", "C": "D"}, "A", "ABCD"},
		"a cycle":            {map[string]string{"A": "B", "B": "C", "C": "A"}, "B", "ABC"},
		"itself":             {map[string]string{"A": "A"}, "A", "A"},
		"not what leads in":  {map[string]string{"X": "A", "A": "B"}, "A", "AB"},
		"two ways, repeated": {map[string]string{"A": "CCC", "B": "C"}, "ABA", "ABC"},
	} {
		for _, workers := range []int{1, 2, 64} {
			seen := map[string]bool{}
			err := reach(t.Context(), parallel.New(workers), strings.Split(test.roots, ""), seen, func(_ context.Context, n string) ([]string, error) {
				return strings.Split(test.edges[n], ""), nil
			})
			delete(seen, "")
			if got := strings.Join(slices.Sorted(maps.Keys(seen)), ""); got != test.want || err != nil {
				t.Errorf("%s, %d workers: reached %s, want %s, error %v", name, workers, got, test.want, err)
			}
		}
	}
}

func TestReachExpandsOnceAndGoesOn(t *testing.T) {
	seen := map[string]bool{}
	var expanded []string
	expand := func(_ context.Context, n string) ([]string, error) {
		expanded = append(expanded, n)
		return map[string][]string{"A": {"B", "C"}, "B": {"C"}, "D": {"C", "E"}}[n], nil
	}
	for _, root := range []string{"A", "D", "A"} {
		if err := reach(t.Context(), parallel.New(1), []string{root}, seen, expand); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(expanded, ""); got != "ABCDE" {
		t.Errorf("expanded %s, want ABCDE", got)
	}
}

func TestReachStopsAtAnError(t *testing.T) {
	boom := errors.New("boom")
	seen := map[string]bool{}
	err := reach(t.Context(), parallel.New(4), []string{"A"}, seen, func(_ context.Context, n string) ([]string, error) {
		if n == "B" {
			return nil, boom
		}
		return []string{n + "x", "B"}, nil
	})
	if !errors.Is(err, boom) {
		t.Errorf("error %v", err)
	}
}
