package compare

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/blobsweep/blobsweep/bench/gateway"
	"github.com/blobsweep/blobsweep/bench/result"
	"github.com/blobsweep/blobsweep/bench/workload"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/distribution/distribution/v3/registry/storage"
	"github.com/distribution/distribution/v3/registry/storage/driver"
	"github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	awss3 "github.com/distribution/distribution/v3/registry/storage/driver/s3-aws"
	"github.com/opencontainers/go-digest"
	"github.com/sirupsen/logrus"
)

// upstreamThreads is maxthreads of a registry's configuration, the default.
const upstreamThreads = 100

// upstream collects as registry garbage-collect does. Where what it removes is
// asked for, it has to print it.
func (t task) upstream(ctx context.Context) (a answer, err error) {
	logrus.SetOutput(io.Discard)
	printed, err := os.CreateTemp("", "blobsweep-upstream-")
	if err != nil {
		return answer{}, err
	}
	defer func() { err = errors.Join(err, printed.Close(), os.Remove(printed.Name())) }()
	os.Stdout = printed // of this process, which is for this run alone

	a.Run, err = measured(result.Upstream, func() (int64, error) {
		d, counted, err := t.upstreamDriver(ctx)
		if err != nil {
			return 0, err
		}
		registry, err := storage.NewRegistry(ctx, d, storage.EnableDelete)
		if err != nil {
			return 0, err
		}
		err = storage.MarkAndSweep(ctx, d, registry, storage.GCOpts{
			DryRun: !t.Execute, RemoveUntagged: t.DeleteUntagged, Quiet: !t.Removal,
		})
		return counted(), err
	})
	if err != nil || !t.Removal || t.Execute {
		return a, err
	}
	if _, err := printed.Seek(0, io.SeekStart); err != nil {
		return a, err
	}
	removal, err := readUpstream(printed)
	a.Removal = &removal
	return a, err
}

// upstreamDriver opens Distribution's own driver. Where there is a delay it
// counts what it is asked, else that is not known: a driver in between would
// take time itself.
func (t task) upstreamDriver(ctx context.Context) (d driver.StorageDriver, counted func() int64, err error) {
	unknown := func() int64 { return 0 }
	if t.Dir == "" {
		d, err := awss3.FromParameters(ctx, map[string]any{
			"accesskey": gateway.AccessKey, "secretkey": gateway.SecretKey, "region": gateway.Region,
			"regionendpoint": t.Endpoint, "forcepathstyle": true, "bucket": t.Bucket, "rootdirectory": "",
		})
		return d, unknown, err
	}
	d = filesystem.New(filesystem.DriverParameters{RootDirectory: t.Dir, MaxThreads: upstreamThreads})
	if t.Delay <= 0 {
		return d, unknown, nil
	}
	slow := &slowUpstream{StorageDriver: d, delay: t.Delay}
	return slow, slow.operations.Load, nil
}

// readUpstream reads what a run that is not quiet prints.
func readUpstream(r io.Reader) (workload.Removal, error) {
	var keys []string
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return workload.Removal{}, err
		}
		path, found, badErr := upstreamLine(strings.TrimSuffix(line, "\n"))
		if badErr != nil {
			return workload.Removal{}, badErr
		}
		if found {
			key, err := path.Key()
			if err != nil {
				return workload.Removal{}, fmt.Errorf("upstream prints %.200q: %w", line, err)
			}
			keys = append(keys, key)
		}
		if err != nil {
			return workload.RemovalOfKeys(slices.Values(keys))
		}
	}
}

// upstreamLine tells what is to be removed by a line. Entries in the history of
// tags are in none.
func upstreamLine(line string) (path layout.Path, found bool, err error) {
	before, after, ok := strings.Cut(line, " eligible for deletion: ")
	if !ok {
		return path, false, nil
	}
	fields := strings.Fields(strings.TrimPrefix(after, "{"))
	repository, isLink := strings.CutSuffix(before, ": layer link")
	switch {
	case before == "manifest" && len(fields) >= 2: // {name digest [tags]}
		return layout.Path{Kind: layout.RevisionLink, Repository: fields[0], Digest: digest.Digest(fields[1])}, true, nil
	case before == "blob" && len(fields) == 1:
		return layout.Path{Kind: layout.BlobData, Digest: digest.Digest(fields[0])}, true, nil
	case isLink && len(fields) == 1:
		return layout.Path{Kind: layout.LayerLink, Repository: repository, Digest: digest.Digest(fields[0])}, true, nil
	}
	return path, false, fmt.Errorf("upstream prints what is not understood: %.200q", line)
}
