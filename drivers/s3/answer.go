package s3

import (
	"context"
	"net/http"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// deserializer is the name of the SDK's step that reads an answer.
const deserializer = "OperationDeserializer"

// reading has the answer to a request read by a function. Those that it does
// not read, leaving them as they came, and those of another status than 200 are
// left to the SDK's own step.
func reading(read func(context.Context, *smithyhttp.Response) (output any, ok bool)) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		r := &answerReader{read: read}
		sdks, err := stack.Deserialize.Swap(deserializer, r)
		r.sdks = sdks
		return err
	}
}

// answerReader stands in the place of the SDK's step.
type answerReader struct {
	sdks middleware.DeserializeMiddleware
	read func(context.Context, *smithyhttp.Response) (any, bool)
}

// ID implements [middleware.DeserializeMiddleware].
func (*answerReader) ID() string { return deserializer }

// HandleDeserialize implements [middleware.DeserializeMiddleware].
func (r *answerReader) HandleDeserialize(
	ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err == nil && ok && response.StatusCode == http.StatusOK {
		if output, ok := r.read(ctx, response); ok {
			out.Result = output
			return out, metadata, nil
		}
	}
	return r.sdks.HandleDeserialize(ctx, in, answered{out, metadata, err})
}

// answered is the step before, when the answer is there already.
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
