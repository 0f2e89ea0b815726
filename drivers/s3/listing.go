package s3

import (
	"bytes"
	"context"
	"io"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// largestPage is more than a page of 1,000 keys can have. What is larger is not
// read into memory first.
const largestPage = 4 << 20

// readListing reads the answer to ListObjectsV2 by [readPage], where that
// understands it.
func readListing(ctx context.Context, response *smithyhttp.Response) (any, bool) {
	body, whole := readBody(response)
	if !whole {
		return nil, false
	}
	page, ok := readPage(body)
	if ok {
		smithyhttp.CloseResponseBody(ctx, response, false, nil)
	}
	return page, ok
}

// readBody reads a body that is not too large to its end, and leaves it to be
// read again: each byte of it, and the error in which it ended.
func readBody(response *smithyhttp.Response) (body []byte, whole bool) {
	var read bytes.Buffer
	read.Grow(int(min(max(response.ContentLength, 0), largestPage)) + bytes.MinRead)
	_, err := read.ReadFrom(io.LimitReader(response.Body, largestPage))
	body = read.Bytes()
	rest := io.Reader(response.Body)
	if err != nil {
		rest = failed{err}
	}
	response.Body = &replay{io.MultiReader(bytes.NewReader(body), rest), response.Body}
	return body, err == nil && len(body) < largestPage
}

// replay is a body of which something was read.
type replay struct {
	io.Reader
	io.Closer
}

// failed is the end of a body that broke off.
type failed struct{ err error }

// Read implements [io.Reader].
func (f failed) Read([]byte) (int, error) { return 0, f.err }
