package e2e

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
)

// startRegistry serves a real registry over a directory until stop is called
// or the test ends, and returns where.
func startRegistry(t *testing.T, root string) (host string, stop func()) {
	t.Helper()
	config := &configuration.Configuration{
		Storage: configuration.Storage{
			"filesystem": {"rootdirectory": root},
			"delete":     {"enabled": true},
			"maintenance": {
				// Its purger would wait in the background for an hour.
				"uploadpurging": map[any]any{"enabled": false},
			},
		},
	}
	config.HTTP.Secret = "of one test"
	config.Catalog.MaxEntries = 1000
	config.Tags.MaxTags = 1000
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
