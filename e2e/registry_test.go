package e2e

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem" // configurations name it
	_ "github.com/distribution/distribution/v3/registry/storage/driver/s3-aws"     // configurations name it
)

// writeConfig writes the config.yml of a registry on a storage driver, with
// changes.
func writeConfig(t *testing.T, driver string, parameters map[string]any, changes ...func(map[string]any)) (file string) {
	t.Helper()
	off := map[string]any{"enabled": false}
	config := map[string]any{
		"version": "0.1",
		"storage": map[string]any{
			driver:   parameters,
			"delete": map[string]any{"enabled": true},
			// Its purger would wait in the background for an hour.
			"maintenance": map[string]any{"uploadpurging": off},
		},
		"http":    map[string]any{"secret": "of one test"},
		"catalog": map[string]any{"maxentries": 1000},
		"tags":    map[string]any{"maxtags": 1000},
	}
	for _, change := range changes {
		change(config)
	}
	content, err := json.Marshal(config) // which is YAML as well
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "config.yml")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// startRegistry serves a real registry, as its config.yml says, until stop is
// called or the test ends, and returns where.
func startRegistry(t *testing.T, file string) (host string, stop func()) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	config, err := configuration.Parse(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	app := handlers.NewApp(t.Context(), config)
	server := httptest.NewServer(app)
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		server.Close()
		if err := app.Shutdown(); err != nil {
			t.Errorf("stop the registry: %v", err)
		}
	}
	t.Cleanup(stop)
	return strings.TrimPrefix(server.URL, "http://"), stop
}
