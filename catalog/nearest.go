package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// shown is how many names an error tells at most.
const shown = 5

// instead says which names there are instead of one that there is not.
func instead(one, many, name string, names []string) string {
	switch len(names) {
	case 0:
		return "there are no " + many
	case 1:
		return fmt.Sprintf("the only %s is %s", one, some(names, 1))
	}
	if len(names) <= shown {
		return fmt.Sprintf("the %s are %s", many, some(names, len(names)))
	}
	return fmt.Sprintf("the nearest of %d %s are %s", len(names), many, some(nearest(name, names, 3), 3))
}

// some joins names for a sentence, and counts those that are too many. One that
// could drive a terminal is quoted.
func some[S ~string](names []S, total int) string {
	quoted := make([]string, min(len(names), shown))
	for i := range quoted {
		quoted[i] = strconv.Quote(string(names[i]))
		if plain := quoted[i][1 : len(quoted[i])-1]; plain == string(names[i]) {
			quoted[i] = plain
		}
	}
	text := strings.Join(quoted, ", ")
	if more := total - len(quoted); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// nearest returns the n names most like one, the most alike first.
func nearest(name string, names []string, n int) []string {
	type candidate struct {
		name     string
		distance int
	}
	candidates := make([]candidate, len(names))
	for i, other := range names {
		candidates[i] = candidate{other, distance(name, other)}
		if name != "" && strings.Contains(other, name) {
			candidates[i].distance = 0 // a part of the name was given
		}
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	near := make([]string, min(n, len(candidates)))
	for i := range near {
		near[i] = candidates[i].name
	}
	return near
}

// distance is that of Levenshtein: how many bytes have to be put in, taken out
// or changed to make one of the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
