package oss

import (
	"errors"
	"hash"
	"hash/crc64"
	"io"
	"strconv"

	"github.com/blobsweep/blobsweep/internal/objectstore"
)

// checkedBody compares what was read with the store's own checksum.
type checkedBody struct {
	io.ReadCloser
	sum  hash.Hash64
	want string
}

// checked wraps the body of an object. Without a checksum there is none to
// compare.
func checked(body io.ReadCloser, crc string) io.ReadCloser {
	if crc == "" {
		return body
	}
	return &checkedBody{body, crc64.New(crc64.MakeTable(crc64.ECMA)), crc}
}

// Read implements io.Reader. At the end of a body that is another one than was
// stored, it fails.
func (b *checkedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if _, hashErr := b.sum.Write(p[:n]); hashErr != nil {
		return n, hashErr
	}
	if errors.Is(err, io.EOF) && strconv.FormatUint(b.sum.Sum64(), 10) != b.want {
		err = &objectstore.Fault{Class: objectstore.Transient, Message: "the checksum is not that of the object"}
	}
	return n, err
}
