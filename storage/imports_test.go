package storage_test

import (
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/blobsweep/blobsweep"

// importsOf calls check for everything that the code in a directory imports.
func importsOf(t *testing.T, dir string, check func(file, path string)) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		files++
		f, err := parser.ParseFile(token.NewFileSet(), dir+"/"+e.Name(), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, imported := range f.Imports {
			path, err := strconv.Unquote(imported.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			check(dir+"/"+e.Name(), path)
		}
	}
	if files == 0 {
		t.Errorf("%s has no files", dir)
	}
}

// The contract is what every driver and embedder links: it imports the
// standard library and go-digest alone, and so does the grammar.
func TestImports(t *testing.T) {
	for _, dir := range []string{".", "layout"} {
		importsOf(t, dir, func(file, path string) {
			domain, _, _ := strings.Cut(path, "/")
			if strings.Contains(domain, ".") && path != "github.com/opencontainers/go-digest" {
				t.Errorf("%s imports %s", file, path)
			}
		})
	}
}

// Imports run one way, from the facade down to the contract, and who links one
// driver links no other.
func TestImportsRunOneWay(t *testing.T) {
	below := []string{"", "/drivers", "/mark", "/sweep"}
	for dir, forbidden := range map[string][]string{
		"..":                      {"/drivers"},
		"../sweep":                {"", "/drivers"},
		"../mark":                 {"", "/drivers", "/sweep"},
		"../drivers/filesystem":   below,
		"../drivers/memory":       below,
		"../drivers/distribution": below,
		"../drivers/oss":          below,
		"../drivers/s3":           below,
	} {
		importsOf(t, dir, func(file, path string) {
			for _, part := range forbidden {
				if path == module+part || part != "" && strings.HasPrefix(path, module+part+"/") {
					t.Errorf("%s imports %s", file, path)
				}
			}
		})
	}
}
