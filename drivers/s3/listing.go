package s3

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// largestPage is more than a page of 1,000 keys can have. What is larger is not
// read into memory first.
const largestPage = 4 << 20

// deserializer is the name of the SDK's step that reads an answer.
const deserializer = "OperationDeserializer"

// withPages has listings read by [readPage], where it can.
func withPages(stack *middleware.Stack) error {
	pages := &pageDeserializer{}
	sdks, err := stack.Deserialize.Swap(deserializer, pages)
	pages.sdks = sdks
	return err
}

// pageDeserializer reads the pages of a listing. All that [readPage] does not
// understand, and all that is no page, goes to the SDK's own step as it came.
type pageDeserializer struct {
	sdks middleware.DeserializeMiddleware
}

// ID implements [middleware.DeserializeMiddleware].
func (*pageDeserializer) ID() string { return deserializer }

// HandleDeserialize implements [middleware.DeserializeMiddleware].
func (d *pageDeserializer) HandleDeserialize(
	ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err == nil && ok && response.StatusCode == http.StatusOK {
		body, whole := readBody(response)
		if whole {
			if page, ok := readPage(body); ok {
				smithyhttp.CloseResponseBody(ctx, response, false, nil)
				out.Result = page
				return out, metadata, nil
			}
		}
	}
	return d.sdks.HandleDeserialize(ctx, in, answered{out, metadata, err})
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

// answered is the step after which an answer is there.
type answered struct {
	out      middleware.DeserializeOutput
	metadata middleware.Metadata
	err      error
}

// HandleDeserialize implements [middleware.DeserializeHandler].
func (a answered) HandleDeserialize(context.Context, middleware.DeserializeInput) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	return a.out, a.metadata, a.err
}
