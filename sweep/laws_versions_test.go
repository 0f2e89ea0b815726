package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/storagetest"
	"github.com/blobsweep/blobsweep/sweep"
)

// collected plans and executes, and returns the plan and the bytes that were
// said to be reclaimed along the way.
func collected(t *testing.T, d storage.Driver) (*sweep.Plan, int64) {
	t.Helper()
	told := int64(0)
	opts := sweep.Options{Now: start, Progress: func(p sweep.Progress) { told = max(told, p.Bytes) }}
	plan, err := sweep.New(t.Context(), d, opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Execute(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	return plan, told
}

// TestLaw10VersionedBucket: what stays as a noncurrent version is removed, and
// not reclaimed.
func TestLaw10VersionedBucket(t *testing.T) {
	d := filled(t, everythingFlat.build)
	d.KeepVersions()
	plan, told := collected(t, d)
	c := plan.Counts()
	if c.Bytes.Reclaimable == 0 || c.Bytes.Reclaimed != 0 || c.Bytes.Noncurrent != c.Bytes.Reclaimable || told != 0 {
		t.Errorf("bytes %+v, %d told of", c.Bytes, told)
	}
	if c.Blobs.Removed != c.Blobs.Eligible || c.MultipartUploads.Removed != 2 || len(d.Noncurrent()) == 0 {
		t.Errorf("blobs %+v, multipart uploads %+v, %d noncurrent", c.Blobs, c.MultipartUploads, len(d.Noncurrent()))
	}
	findings := plan.Findings()
	if got := findings[len(findings)-1]; got.Kind != mark.VersionedBucket || got.Key != "docker/registry/v2/" ||
		!strings.Contains(got.Detail, "NoncurrentVersionExpiration") {
		t.Errorf("found %+v", findings)
	}
}

// TestLaw10VersionsNotKnown: that versions cannot be asked for is a finding,
// and stops nothing.
func TestLaw10VersionsNotKnown(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		says []string // in the finding; none, no finding
	}{
		{"not kept", nil, nil},
		{"not supported", errors.ErrUnsupported, nil},
		{"denied", fmt.Errorf("bucket x: %w", fs.ErrPermission), []string{"bucket x", "s3:GetBucketVersioning", "oss:GetBucketVersioning"}},
		{"broken", errBroken, []string{errBroken.Error()}},
		{"not found", storage.ErrNotFound, []string{storage.ErrNotFound.Error()}},
	} {
		asked := 0
		d := storagetest.Inject(filled(t, everything.build), func(op storagetest.Op) storagetest.Fault {
			if op.Kind != "versioning" {
				return storagetest.Fault{}
			}
			asked++
			return storagetest.Fault{Err: test.err}
		})
		plan, told := collected(t, d)
		c := plan.Counts().Bytes
		if asked != 1 || c.Reclaimed == 0 || c.Reclaimed != c.Reclaimable || c.Noncurrent != 0 || told != c.Reclaimed {
			t.Errorf("%s: asked %d times, bytes %+v, %d told of", test.name, asked, c, told)
		}
		var details []string
		for _, f := range plan.Findings() {
			if f.Kind == mark.VersionedBucket || f.Kind == mark.VersioningUnknown {
				details = append(details, string(f.Kind)+" "+f.Detail)
			}
		}
		if test.says == nil {
			if details != nil {
				t.Errorf("%s: found %q", test.name, details)
			}
			continue
		}
		for _, word := range append(test.says, "versioning-unknown", "count as reclaimed are so only if it keeps none") {
			if len(details) != 1 || !strings.Contains(details[0], word) {
				t.Errorf("%s: found %q, without %q", test.name, details, word)
			}
		}
		if permission := strings.Contains(details[0], "GetBucketVersioning"); permission != errors.Is(test.err, fs.ErrPermission) {
			t.Errorf("%s: found %q", test.name, details)
		}
	}
}

// interrupted is a store whose question for versions is the end of it all.
type interrupted struct {
	*memory.Driver
	cancel context.CancelFunc
	err    error
}

func (d interrupted) KeepsVersions(context.Context) (bool, error) {
	d.cancel()
	return false, d.err
}

func TestLaw10VersionsNotKnownForCancellation(t *testing.T) {
	for _, err := range []error{context.Canceled, errBroken, nil} {
		ctx, cancel := context.WithCancel(t.Context())
		_, got := sweep.New(ctx, interrupted{filled(t, everything.build), cancel, err}, sweep.Options{Now: start})
		if !errors.Is(got, context.Canceled) {
			t.Errorf("%v: got %v", err, got)
		}
	}
}
