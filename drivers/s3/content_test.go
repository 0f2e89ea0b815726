package s3

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Of content its length is told as the SDK tells it, and no status but 200 is
// taken for content without the SDK.
func TestContent(t *testing.T) {
	step := sdks(t, func(c *s3.Client, option func(*s3.Options)) error {
		_, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key")}, option)
		return err
	})
	read := func(step middleware.DeserializeMiddleware, status int, lengths []string) (*s3.GetObjectOutput, error) {
		response := &smithyhttp.Response{Response: &http.Response{
			StatusCode: status, Header: http.Header{"Content-Length": lengths}, Body: io.NopCloser(strings.NewReader("content")),
		}}
		out, _, err := step.HandleDeserialize(t.Context(), middleware.DeserializeInput{},
			answered{out: middleware.DeserializeOutput{RawResponse: response}})
		content, _ := out.Result.(*s3.GetObjectOutput)
		return content, err
	}
	for _, status := range []int{200, 206, 304, 404, 500} {
		for _, lengths := range [][]string{nil, {""}, {"7"}, {"0"}, {"x"}, {"9223372036854775808"}, {"7", "8"}} {
			want, wantErr := read(step, status, lengths)
			got, err := read(&answerReader{step, readContent}, status, lengths)
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("%d with a length of %q: %v, the SDK says %v", status, lengths, err, wantErr)
			}
			if err != nil {
				continue
			}
			if sizeOf(got.ContentLength) != sizeOf(want.ContentLength) {
				t.Errorf("%d with a length of %q has %d bytes, the SDK says %d",
					status, lengths, sizeOf(got.ContentLength), sizeOf(want.ContentLength))
			}
			if content, err := io.ReadAll(got.Body); err != nil || string(content) != "content" {
				t.Errorf("%d with a length of %q: %q, %v", status, lengths, content, err)
			}
		}
	}
}
