package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/blobsweep/blobsweep/bench/workload"
	"github.com/blobsweep/blobsweep/drivers"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
)

// generation is one run of generate.
type generation struct {
	registryFlags
	truth string
	quiet bool
}

func newGenerate() *cobra.Command {
	var g generation
	cmd := &cobra.Command{
		Use:   "generate [flags] TARGET",
		Short: "Write a registry to a directory or bucket",
		Long: `generate writes a registry that is made up: the tree that CNCF Distribution would
have written, with manifests that hash to their digests. Layers are small, but for
their content everything is as it would be.

TARGET is a directory, which is made where there is none, or a bucket:

  s3://bucket/prefix?region=us-east-1
  s3://bucket/prefix?endpoint=http://127.0.0.1:9000&path-style=true
  oss://bucket/prefix?region=cn-hangzhou

Credentials come from the environment, as for blobsweep. A target that is not
empty is refused. Object stores do not take times from others: there, everything
is as old as its writing, and a collection needs --offline to remove any of it.

` + shapesHelp() + "\n\n" + exitStatuses,
		Example: `  blobsweep-bench generate --shape small /tmp/registry --truth /tmp/truth.json
  blobsweep plan --offline /tmp/registry`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("generate takes one TARGET, not %d: blobsweep-bench generate --shape small /tmp/registry", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.run(cmd.Context(), args[0], cmd.ErrOrStderr())
		},
	}
	g.register(cmd)
	cmd.Flags().StringVar(&g.truth, "truth", "", "file for what each mode must remove, as JSON")
	cmd.Flags().BoolVarP(&g.quiet, "quiet", "q", false, "no progress")
	return cmd
}

func (g *generation) run(ctx context.Context, target string, stderr io.Writer) error {
	w, err := g.workload()
	if err != nil {
		return err
	}
	sink, err := workload.OpenSink(ctx, target)
	if err != nil {
		return &failure{statusUsage, err}
	}
	if err := mustBeEmpty(ctx, target); err != nil {
		return err
	}
	truth := w.Truth()
	if g.truth != "" {
		if err := writeTruth(g.truth, truth); err != nil {
			return failed(err)
		}
	}
	logLine := logTo(stderr, g.quiet)
	counted := &countingSink{Sink: sink}
	stop := counted.tell(truth.Objects, logLine)
	start := time.Now()
	objects, err := workload.Lay(ctx, w, counted)
	stop()
	if err != nil {
		return failed(fmt.Errorf("after %d objects, which are left there: %w", objects, err))
	}
	seconds := time.Since(start).Seconds()
	logLine(fmt.Sprintf("%s: %s blobs, %s manifests, %s tags; %s objects, %.0f a second", w.Spec().Shape,
		humanize.Comma(int64(truth.Blobs)), humanize.Comma(int64(truth.Manifests)), humanize.Comma(int64(truth.Tags)),
		humanize.Comma(int64(objects)), float64(objects)/seconds))
	return nil
}

// mustBeEmpty refuses a target in which something is.
func mustBeEmpty(ctx context.Context, target string) error {
	refused := usagef("%s is not empty; name a directory or prefix that is, or is not there yet", target)
	dir, isFile := strings.CutPrefix(target, "file://localhost")
	if !isFile {
		dir, isFile = strings.CutPrefix(target, "file://")
	}
	if isFile || !strings.Contains(target, "://") {
		entries, err := os.ReadDir(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return failed(err)
		case len(entries) > 0:
			return refused
		}
		return nil
	}
	registry, err := drivers.Open(ctx, target, drivers.Options{})
	if err != nil {
		return &failure{statusUsage, err}
	}
	for _, err := range registry.Driver.List(ctx, "", storage.ListOptions{Delimiter: true}) {
		if err != nil {
			return failed(errors.Join(err, registry.Close()))
		}
		return errors.Join(refused, registry.Close())
	}
	return failed(registry.Close())
}

func writeTruth(name string, truth workload.Truth) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(truth.Write(f), f.Close())
}

// countingSink counts what is written.
type countingSink struct {
	workload.Sink
	written atomic.Int64
}

// Workers implements [workload.Parallel].
func (s *countingSink) Workers() int {
	if p, ok := s.Sink.(workload.Parallel); ok {
		return p.Workers()
	}
	return 1
}

// Put implements [workload.Sink].
func (s *countingSink) Put(ctx context.Context, o workload.Object) error {
	err := s.Sink.Put(ctx, o)
	if err == nil {
		s.written.Add(1)
	}
	return err
}

// tell says every few seconds how far it is, until it is stopped.
func (s *countingSink) tell(all int, logLine func(string)) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(2 * time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				logLine(fmt.Sprintf("%s of %s objects", humanize.Comma(s.written.Load()), humanize.Comma(int64(all))))
			case <-done:
				return
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}
