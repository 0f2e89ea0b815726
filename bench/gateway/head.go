package gateway

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxHead bounds the size of a request's head, in bytes.
const maxHead = 1 << 20

var (
	errHead  = errors.New("no head of an HTTP/1.1 request")
	errChunk = errors.New("no chunk of an HTTP/1.1 body")
)

// head is the beginning of a request, with what it tells of the rest.
type head struct {
	raw     []byte // with the empty line
	length  int64  // of the body
	chunked bool   // the length shows as it goes
}

// readHead reads up to and including the empty line.
func readHead(r *bufio.Reader) (h head, err error) {
	for number := 0; ; number++ {
		start := len(h.raw)
		if h.raw, err = appendLine(h.raw, r); err != nil {
			return h, err
		}
		line := bytes.TrimRight(h.raw[start:], "\r\n")
		switch {
		case number == 0 && !bytes.HasSuffix(line, []byte(" HTTP/1.1")) && !bytes.HasSuffix(line, []byte(" HTTP/1.0")):
			return h, fmt.Errorf("%w: %.40q", errHead, line)
		case number > 0 && len(line) == 0:
			return h, nil
		case number > 0:
			if err := h.field(line); err != nil {
				return h, err
			}
		}
	}
}

// field takes note of a field that tells how long the body is.
func (h *head) field(line []byte) (err error) {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok {
		return fmt.Errorf("%w: %.40q", errHead, line)
	}
	value = bytes.TrimSpace(value)
	switch {
	case bytes.EqualFold(name, []byte("Content-Length")):
		if h.length, err = strconv.ParseInt(string(value), 10, 64); err != nil || h.length < 0 {
			return fmt.Errorf("%w: %.40q", errHead, line)
		}
	case bytes.EqualFold(name, []byte("Transfer-Encoding")):
		h.chunked = bytes.EqualFold(value, []byte("chunked"))
		if !h.chunked {
			return fmt.Errorf("%w: %.40q", errHead, line)
		}
	}
	return nil
}

// appendLine reads a line of any length.
func appendLine(to []byte, r *bufio.Reader) ([]byte, error) {
	for {
		part, err := r.ReadSlice('\n')
		to = append(to, part...)
		switch {
		case err == nil:
			return to, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return to, unexpected(err)
		case len(to) > maxHead:
			return to, errHead
		}
	}
}

// copyChunks passes on a chunked body with its trailers.
func copyChunks(w io.Writer, r *bufio.Reader) error {
	for {
		line, err := appendLine(nil, r)
		if err != nil {
			return err
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
		digits, _, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(";"))
		size, err := strconv.ParseInt(string(bytes.TrimSpace(digits)), 16, 64)
		if err != nil || size < 0 {
			return fmt.Errorf("%w: %.40q", errChunk, line)
		}
		if size == 0 {
			return copyTrailers(w, r)
		}
		if _, err := io.CopyN(w, r, size+2); err != nil { // with the end of its line
			return unexpected(err)
		}
	}
}

func copyTrailers(w io.Writer, r *bufio.Reader) error {
	for {
		line, err := appendLine(nil, r)
		if err != nil {
			return err
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return nil
		}
	}
}

// unexpected is an error in the middle of something.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
