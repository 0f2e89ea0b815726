package s3

import (
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// readContent reads the answer to GetObject. There are some forty headers that
// the SDK looks for, and this driver wants one of them.
func readContent(_ context.Context, response *smithyhttp.Response) (any, bool) {
	length, err := strconv.ParseInt(response.Header.Get("Content-Length"), 10, 64)
	return &s3.GetObjectOutput{Body: response.Body, ContentLength: &length}, err == nil
}
