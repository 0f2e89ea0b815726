package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/blobsweep/blobsweep/drivers"
	"github.com/blobsweep/blobsweep/internal/text"
	"github.com/spf13/cobra"
)

// errInterrupted ends a run that a signal reached before it deleted anything.
var errInterrupted = errors.New("interrupted while planning, nothing was deleted")

// session is an opened registry, with the streams that a command speaks to.
type session struct {
	*drivers.Registry
	stdout io.Writer
	stderr io.Writer // the progress bar where one is drawn
	bar    *progress // nil where none is
	logger *slog.Logger
}

// access is how a registry is opened.
type access struct {
	quiet       bool // no progress bar
	maxRequests int  // per second; zero for no limit
}

// withRegistry opens a registry, hands it to use, and closes it.
func withRegistry(cmd *cobra.Command, name string, a access, use func(context.Context, *session) error) (err error) {
	ctx := cmd.Context()
	s := &session{stdout: cmd.OutOrStdout(), stderr: cmd.ErrOrStderr()}
	if !a.quiet && isTerminal(s.stderr) {
		s.bar = &progress{w: s.stderr}
		defer s.bar.done()
		s.stderr = s.bar
	}
	s.logger = slog.New(slog.NewTextHandler(s.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	registry, err := drivers.Open(ctx, name, drivers.Options{MaxRequests: a.maxRequests, Logger: s.logger})
	switch {
	case err != nil && ctx.Err() != nil:
		return failed(errInterrupted)
	case errors.Is(err, drivers.ErrUsage):
		return &failure{status: statusUsage, err: err}
	case err != nil:
		return failed(err)
	}
	defer func() {
		if closeErr := registry.Close(); err == nil && closeErr != nil {
			err = failed(fmt.Errorf("close %s: %w", registry.Name, closeErr))
		}
	}()
	s.Registry = registry
	return use(ctx, s)
}

// printJSON writes one document to standard output. What a terminal could take
// for more than text is escaped, as JSON can.
func (s *session) printJSON(document any) error {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		return err
	}
	_, err := io.WriteString(s.stdout, text.EscapeJSON(b.String()))
	return err
}

// registryAnd checks that a command got a REGISTRY, and after it so many other
// arguments; any number when most is negative.
func registryAnd(least, most int, takes string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= 1+least && (most < 0 || len(args) <= 1+most) {
			return nil
		}
		return usagef("%s takes %s, not %d", cmd.Name(), takes, len(args)).
			hint("Give its config.yml or the directory that holds docker/registry/v2: blobsweep " + cmd.Name() + " /var/lib/registry")
	}
}
