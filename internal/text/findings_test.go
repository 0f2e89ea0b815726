package text

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/blobsweep/blobsweep/mark"
)

// findingKinds reads the kinds from their declaration, so that one that is
// added there is seen here.
func findingKinds(t *testing.T) []mark.FindingKind {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../mark/finding.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []mark.FindingKind
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != "FindingKind" {
			return true
		}
		for _, value := range spec.Values {
			kind, err := strconv.Unquote(value.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, mark.FindingKind(kind))
		}
		return true
	})
	return kinds
}

func TestEveryFindingHasARemedy(t *testing.T) {
	kinds := findingKinds(t)
	if len(kinds) < 10 {
		t.Fatalf("found the kinds %q only", kinds)
	}
	seen := map[string]mark.FindingKind{}
	for _, kind := range kinds {
		r := remedy(kind)
		if r == "" || seen[r] != "" {
			t.Errorf("%s has no remedy of its own", kind)
		}
		seen[r] = kind
	}
}
