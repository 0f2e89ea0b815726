package s3_test

import (
	"fmt"
	"net/url"

	"github.com/blobsweep/blobsweep/drivers/s3"
)

// A URL names everything but the credentials.
func ExampleParseURL() {
	u, err := url.Parse("s3://registry/prod?endpoint=minio.example:9000&path-style=true")
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := s3.ParseURL(u)
	fmt.Println(c, c.Endpoint, c.PathStyle, err)
	// Output: s3://registry/prod minio.example:9000 true <nil>
}
