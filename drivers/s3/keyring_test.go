package s3

import (
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/blobsweep/blobsweep/internal/objectstore"
)

func TestKeyring(t *testing.T) {
	var failure error
	k := keyring{chain: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "hush", SessionToken: "quiet"}, failure
	})}
	wantFault := func(class objectstore.Class) {
		t.Helper()
		c, err := k.Retrieve(t.Context())
		var fault *objectstore.Fault
		if !errors.As(err, &fault) || fault.Class != class || fault.Code != "Denied" || !errors.Is(err, failure) ||
			strings.Contains(err.Error(), "hush") || c.HasKeys() {
			t.Errorf("%v, %v", c, err)
		}
	}
	failure = &smithy.GenericAPIError{Code: "Denied", Message: "you said hush"}
	wantFault(objectstore.Failed) // there were none yet
	failure = nil
	if c, err := k.Retrieve(t.Context()); err != nil || c.AccessKeyID != "id" {
		t.Errorf("%v, %v", c, err)
	}
	failure = &smithy.GenericAPIError{Code: "Denied", Message: "you said hush"}
	wantFault(objectstore.Transient) // there were some, and may be again

	if got := k.redact("id, hush and quiet at http://me:pass@host/x"); got != "…, … and … at http://…@host/x" {
		t.Errorf("redacted to %q", got)
	}
}

func TestNetworkHints(t *testing.T) {
	b := &bucket{name: "b"}
	for _, c := range []struct {
		name string
		err  error
		want objectstore.Class
		says string
	}{
		{"host of the bucket", &net.DNSError{Err: "no such host", Name: "b.minio", IsNotFound: true}, objectstore.Failed, "forcepathstyle"},
		{"other host", &net.DNSError{Err: "no such host", Name: "minio", IsNotFound: true}, objectstore.Failed, "no such host"},
		{"resolver in trouble", &net.DNSError{Err: "server misbehaving", Name: "b.minio", IsTemporary: true}, objectstore.Transient, "misbehaving"},
		{"proxy", errors.New(`invalid proxy address "http://me:hush@%zz"`), objectstore.Transient, "proxy address"},
	} {
		sent := &smithyhttp.RequestSendError{Err: &url.Error{Op: "Get", URL: "http://b.minio/x?secret=hush", Err: c.err}}
		f := b.fault(&smithy.OperationError{Err: sent}, "")
		if f.Class != c.want || !strings.Contains(f.Error(), c.says) || strings.Contains(f.Error(), "hush") {
			t.Errorf("%s: class %d, %v", c.name, f.Class, f)
		}
	}
}

func TestWhatCannotBeSent(t *testing.T) {
	b := &bucket{name: "b"}
	b.keyring.last.Store(&aws.Credentials{SecretAccessKey: "hush"})
	f := b.fault(&smithy.OperationError{Err: errors.New("invalid region, hush")}, "")
	if f.Class != objectstore.Failed || !strings.Contains(f.Error(), "invalid region, …") {
		t.Errorf("class %d, %v", f.Class, f)
	}
}
