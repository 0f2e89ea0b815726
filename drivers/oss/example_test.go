package oss_test

import (
	"fmt"
	"net/url"

	"github.com/blobsweep/blobsweep/drivers/oss"
)

func ExampleParseURL() {
	u, err := url.Parse("oss://registry/prod?region=cn-hangzhou&internal=true")
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := oss.ParseURL(u)
	fmt.Println(c, c.Region, c.Internal, err)
	// Output: oss://registry/prod cn-hangzhou true <nil>
}
