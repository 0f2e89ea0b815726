package gateway

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// What is written into the directory of a bucket is in the bucket, for those who
// have the credentials.
func TestGateway(t *testing.T) {
	g, err := Start(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := g.Bucket("bucket")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	response, err := newClient(t).Get(g.Endpoint + "/bucket/key")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("unsigned: %s\n%s", response.Status, answer)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(g.Dir); !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", g.Dir, err)
	}
	if err := g.Close(); err == nil {
		t.Error("closed twice without a word")
	}
}
