package verify

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blobsweep/blobsweep/internal/inventory"
	"github.com/blobsweep/blobsweep/mark"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/layout"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/opencontainers/go-digest"
	"golang.org/x/time/rate"
)

// bufferSize is how much of a blob is read at a time.
const bufferSize = 256 << 10

var errPace = errors.New("waiting for the bandwidth limit")

// hashing reads blobs.
type hashing struct {
	*Check
	limiter *rate.Limiter          // nil for no limit
	buffers sync.Pool              // of *[]byte
	gone    map[digest.Digest]bool // since they were listed

	read    atomic.Int64 // bytes, for those who watch
	telling sync.Mutex
	told    time.Time
}

// hashBlobs reads all blobs and tells which are not what their digest names. They
// are listed once more, so that not all of them need to be remembered.
func (c *Check) hashBlobs(ctx context.Context) error {
	if !c.opts.Blobs {
		return nil
	}
	h := &hashing{Check: c, gone: map[digest.Digest]bool{}}
	h.buffers.New = func() any {
		b := make([]byte, bufferSize)
		return &b
	}
	if c.opts.MaxBandwidth > 0 {
		h.limiter = rate.NewLimiter(rate.Limit(c.opts.MaxBandwidth), bufferSize)
	}
	walker := inventory.Walker{
		Reader: c.reader, Pool: c.pool,
		OnStranger: func(inventory.Stranger) {}, // they were met before
		OnMarker:   func(storage.Object) {},
	}
	err := walker.Blobs(ctx, func(ctx context.Context, d inventory.BlobDir) error {
		return c.pool.ForEach(ctx, len(d.Blobs), func(ctx context.Context, i int) error {
			return h.blob(ctx, d.Blobs[i].Digest())
		})
	})
	h.tell(true)
	if err != nil {
		return err
	}
	return h.lost(ctx)
}

// blob reads a blob. What is wrong with it is believed when it was seen twice.
func (h *hashing) blob(ctx context.Context, d digest.Digest) error {
	wrong, n, err := h.examine(ctx, d)
	if wrong != "" || err != nil && ctx.Err() == nil {
		h.read.Add(-n)
		wrong, n, err = h.examine(ctx, d)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, errPace):
		return err
	case errors.Is(err, storage.ErrIrregular):
		return nil // a finding was made of the symbolic link
	case errors.Is(err, storage.ErrNotFound):
		h.mu.Lock()
		defer h.mu.Unlock()
		h.gone[d] = true
		return nil
	case err != nil:
		wrong = "it cannot be read: " + causeOf(err)
	default:
		h.hashed.Add(1)
		h.bytes.Add(n)
	}
	if wrong != "" {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.found(Finding{Digest: d, Finding: mark.Finding{Kind: mark.CorruptBlob, Key: layout.BlobKey(d), Detail: wrong}})
	}
	return nil
}

// examine reads a blob once, and says what is wrong with its bytes and how many
// there are. The digest of a signed manifest of schema 1 is that of what was
// signed.
func (h *hashing) examine(ctx context.Context, d digest.Digest) (wrong string, n int64, err error) {
	sum, n, err := h.sum(ctx, d)
	switch {
	case err != nil || sum == d:
		return "", n, err
	case n == 0:
		return "it is empty", n, nil
	case n <= h.opts.MaxManifestSize:
		doc, err := mark.ReadDocument(ctx, h.reader, d, h.opts.MaxManifestSize)
		if err != nil || doc.Fault == nil || errors.Is(doc.Fault, mark.ErrUnknown) {
			return "", n, err
		}
	}
	return fmt.Sprintf("the %d bytes that are stored hash to %s", n, sum), n, nil
}

// sum reads a blob and returns the digest of its bytes, and how many there are.
func (h *hashing) sum(ctx context.Context, d digest.Digest) (digest.Digest, int64, error) {
	stream, err := storage.Open(ctx, h.reader, layout.BlobKey(d))
	if err != nil {
		return "", 0, err
	}
	to := d.Algorithm().Hash()
	n, err := h.copy(ctx, to, stream)
	if closeErr := stream.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", n, err
	}
	return digest.NewDigestFromEncoded(d.Algorithm(), hex.EncodeToString(to.Sum(nil))), n, nil
}

func (h *hashing) copy(ctx context.Context, to hash.Hash, from io.Reader) (total int64, err error) {
	buffer, ok := h.buffers.Get().(*[]byte)
	if !ok {
		return 0, errors.New("verify: a buffer of another kind")
	}
	defer h.buffers.Put(buffer)
	for {
		n, readErr := from.Read(*buffer)
		if n > 0 {
			if _, err := to.Write((*buffer)[:n]); err != nil {
				return total, err
			}
			total += int64(n)
			h.read.Add(int64(n))
			h.tell(false)
			if h.limiter != nil {
				if err := h.limiter.WaitN(ctx, n); err != nil {
					return total, fmt.Errorf("%w: %w", errPace, err)
				}
			}
		}
		switch {
		case errors.Is(readErr, io.EOF):
			return total, nil
		case readErr != nil:
			return total, readErr
		case ctx.Err() != nil:
			return total, ctx.Err()
		}
	}
}

// lost looks at blobs that were listed and then gone: those that a manifest needs
// are missing.
func (h *hashing) lost(ctx context.Context) error {
	missing := map[digest.Digest]lacking{}
	if len(h.gone) > 0 {
		for _, r := range h.catalog.Repositories {
			for m := range served(r) {
				for _, d := range blobsOf(m) {
					if h.gone[d] && !h.missing[d] {
						missing[d] = lacking{digest: d, by: m.Digest}
					}
				}
			}
		}
	}
	return h.confirmMissing(ctx, missing)
}

// tellEvery is how often progress is told at most.
const tellEvery = 200 * time.Millisecond

// tell says how many bytes were read.
func (h *hashing) tell(last bool) {
	if last {
		h.telling.Lock()
	} else if !h.telling.TryLock() {
		return
	}
	defer h.telling.Unlock()
	if now := time.Now(); last || now.Sub(h.told) >= tellEvery {
		h.told = now
		total := max(h.stored.bytes, 1)
		h.opts.Progress(sweep.Progress{Phase: PhaseHash, Done: min(h.read.Load(), total), Total: total})
	}
}
