package s3

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/blobsweep/blobsweep/internal/objectstore"
)

// keyring hands out the credentials of a chain, and keeps them out of messages.
type keyring struct {
	chain aws.CredentialsProvider
	last  atomic.Pointer[aws.Credentials]
}

// Retrieve implements [aws.CredentialsProvider]. Where there are no credentials
// at all, trying again does not help; where there were some, they may be
// renewed a little later.
func (k *keyring) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := k.chain.Retrieve(ctx)
	if err == nil {
		k.last.Store(&c)
		return c, nil
	}
	fault := &objectstore.Fault{
		Class: objectstore.Failed,
		Message: "no credentials were found: set accesskey and secretkey in the registry's configuration, or " +
			"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or a profile (AWS_PROFILE), " +
			"or give the machine a role (web identity, container, instance)",
		Cause: err,
	}
	if k.last.Load() != nil {
		fault.Class, fault.Message = objectstore.Transient, "the temporary credentials could not be renewed"
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		fault.Code = api.ErrorCode()
	}
	return aws.Credentials{}, fault
}

// redact takes credentials out of a text.
func (k *keyring) redact(text string) string {
	if c := k.last.Load(); c != nil {
		return objectstore.Redact(text, c.SecretAccessKey, c.SessionToken, c.AccessKeyID)
	}
	return objectstore.Redact(text)
}
