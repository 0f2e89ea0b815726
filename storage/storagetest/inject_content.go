package storagetest

import (
	"context"
	"io"

	"github.com/blobsweep/blobsweep/storage"
)

// Open implements [storage.Opener], as one operation of kind "open". It fails
// with [errors.ErrUnsupported] if the driver below cannot do it.
func (f *Faulty) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	fault, err := f.begin("open", key)
	if err != nil {
		return nil, err
	}
	s, err := storage.Open(ctx, f.driver, key)
	if err != nil {
		return nil, err
	}
	broken := &faultyStream{ReadCloser: s, faulty: f, key: key, left: fault.FailByte - 1, fault: fault.Err}
	if broken.fault == nil {
		broken.fault = ErrInjected
	}
	return broken, nil
}

// faultyStream is an open object that breaks off after so many bytes more, or
// never if they are negative.
type faultyStream struct {
	io.ReadCloser
	faulty *Faulty
	key    string
	left   int64
	fault  error
	broken error // once it has broken off
}

// Read implements io.Reader.
func (s *faultyStream) Read(p []byte) (int, error) {
	switch {
	case s.faulty.crashed.Load():
		return 0, failure("open", s.key, ErrCrashed)
	case s.broken != nil:
		return 0, s.broken
	case s.left < 0:
		return s.ReadCloser.Read(p)
	case s.left == 0: // the next byte is the one, unless the object ends here
		if n, err := io.ReadFull(s.ReadCloser, make([]byte, 1)); n == 0 {
			return 0, err
		}
		s.broken = failure("open", s.key, s.fault)
		return 0, s.broken
	}
	n, err := s.ReadCloser.Read(p[:min(int64(len(p)), s.left)])
	s.left -= int64(n)
	return n, err
}

// Write implements [storage.Writer], as an operation of kind "write" and one
// deletion. It fails with [errors.ErrUnsupported] if the driver below cannot do
// it.
func (f *Faulty) Write(ctx context.Context, key string, content []byte) error {
	if _, err := f.begin("write", key); err != nil {
		return err
	}
	return f.change(key, "write", 1, func(n int) error {
		if n == 0 {
			return nil
		}
		return storage.Write(ctx, f.driver, key, content)
	})
}
