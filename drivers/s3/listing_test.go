package s3

import (
	"errors"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/blobsweep/blobsweep/internal/objectstore"
	"github.com/blobsweep/blobsweep/storage"
)

// sdks is the step of the SDK that reads the answer to a request, which is not
// sent.
func sdks(t testing.TB, request func(c *s3.Client, option func(*s3.Options)) error) middleware.DeserializeMiddleware {
	t.Helper()
	var step middleware.DeserializeMiddleware
	stop := errors.New("that is all")
	err := request(s3.New(s3.Options{Region: "eu-west-3"}), s3.WithAPIOptions(func(stack *middleware.Stack) error {
		step, _ = stack.Deserialize.Get(deserializer)
		return stop
	}))
	if !errors.Is(err, stop) || step == nil {
		t.Fatalf("%v, %v", step, err)
	}
	return step
}

// sdksOfListing is the one that reads a listing.
func sdksOfListing(t testing.TB) middleware.DeserializeMiddleware {
	t.Helper()
	return sdks(t, func(c *s3.Client, option func(*s3.Options)) error {
		_, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("bucket")}, option)
		return err
	})
}

// readBy reads an answer by a step.
func readBy(t testing.TB, step middleware.DeserializeMiddleware, body io.Reader) (*s3.ListObjectsV2Output, error) {
	t.Helper()
	response := &smithyhttp.Response{Response: &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body),
	}}
	out, _, err := step.HandleDeserialize(t.Context(), middleware.DeserializeInput{},
		answered{out: middleware.DeserializeOutput{RawResponse: response}})
	page, _ := out.Result.(*s3.ListObjectsV2Output)
	return looked(page), err
}

// looked is what this driver looks at in a page.
func looked(page *s3.ListObjectsV2Output) *s3.ListObjectsV2Output {
	if page != nil {
		for i, o := range page.Contents {
			page.Contents[i] = types.Object{Key: o.Key, Size: o.Size, LastModified: o.LastModified}
		}
	}
	return page
}

// A page that breaks off is what the SDK makes of it, wherever it does: nothing,
// as long as its end is missing.
func TestPageBrokenOff(t *testing.T) {
	step, whole := sdksOfListing(t), plainPages["Amazon"]
	for i := range len(whole) + 1 {
		body := func() io.Reader {
			return io.MultiReader(strings.NewReader(whole[:i]), iotest.ErrReader(io.ErrUnexpectedEOF))
		}
		want, wantErr := readBy(t, step, body())
		got, err := readBy(t, &answerReader{step, readListing}, body())
		if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("broken off at %d it becomes\n%+v, %v, the SDK says\n%+v, %v", i, got, err, want, wantErr)
		}
		if i < len(whole) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("broken off at %d: %v", i, err)
		}
	}
}

func TestPageCutShort(t *testing.T) {
	page := plainPages["indented"]
	for _, cut := range []int{0, 1, len(begin), len(page) / 2, len(page) - 10} {
		short := answer{status: 200, body: page[:cut], header: map[string]string{"Content-Length": strconv.Itoa(len(page))}}
		d, s := scripted(t, short, ok(page))
		_, err := d.API.List(t.Context(), objectstore.ListQuery{})
		wantClass(t, err, objectstore.Transient)
		keys := 0
		for o, err := range d.List(t.Context(), "", storage.ListOptions{}) {
			if keys++; err != nil || o.Key != " a&b&''<>]] " {
				t.Errorf("%+v, %v", o, err)
			}
		}
		if keys != 1 || len(s.asked) != 2 {
			t.Errorf("%d keys in %d requests", keys, len(s.asked))
		}
	}
}

// What is larger than a page is left to the SDK, from its first byte to its last.
func TestPageTooLarge(t *testing.T) {
	step, space := sdksOfListing(t), strings.Repeat(" ", largestPage)
	for _, body := range []string{
		begin + ofAmazon + space + ofMinIO + end, begin + ofAmazon + space,
	} {
		want, wantErr := readBy(t, step, strings.NewReader(body))
		got, err := readBy(t, &answerReader{step, readListing}, strings.NewReader(body))
		if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("it becomes\n%+v, %v, the SDK says\n%+v, %v", got, err, want, wantErr)
		}
	}
}

// Pages come without the SDK's decoder, which needs some fifty allocations for
// each object.
func TestPageAllocations(t *testing.T) {
	const objects = 1000
	d, _ := scripted(t, listing(false, strings.Repeat(ofVersitygw, objects)))
	allocations := testing.AllocsPerRun(3, func() {
		page, err := d.API.List(t.Context(), objectstore.ListQuery{})
		if err != nil || len(page.Objects) != objects {
			t.Errorf("%d objects, %v", len(page.Objects), err)
		}
	})
	if allocations > 10*objects {
		t.Errorf("%v allocations for %d objects", allocations, objects)
	}
}
