package s3

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/blobsweep/blobsweep/internal/objectstore"
)

// classes of the codes that mean the same in every answer. All others go by the
// status.
// Source: the error codes of the S3 API reference, and those of MinIO and Ceph.
var classes = map[string]objectstore.Class{
	"AccessDenied":                       objectstore.Denied,
	"AccountProblem":                     objectstore.Denied,
	"AllAccessDisabled":                  objectstore.Denied,
	"ExpiredToken":                       objectstore.Denied,
	"InvalidAccessKeyId":                 objectstore.Denied,
	"InvalidToken":                       objectstore.Denied,
	"NotSignedUp":                        objectstore.Denied,
	"RequestExpired":                     objectstore.Denied,
	"RequestTimeTooSkewed":               objectstore.Denied,
	"SignatureDoesNotMatch":              objectstore.Denied,
	"TokenRefreshRequired":               objectstore.Denied,
	"RequestLimitExceeded":               objectstore.Throttled,
	"BandwidthLimitExceeded":             objectstore.Throttled,
	"BadDigest":                          objectstore.Transient,
	"IncompleteBody":                     objectstore.Transient,
	"InternalError":                      objectstore.Transient,
	"InternalFailure":                    objectstore.Transient,
	"OperationAborted":                   objectstore.Transient,
	"RequestTimeout":                     objectstore.Transient,
	"ServiceUnavailable":                 objectstore.Transient,
	"XAmzContentChecksumMismatch":        objectstore.Transient,
	"XAmzContentSHA256Mismatch":          objectstore.Transient,
	"MethodNotAllowed":                   objectstore.Unsupported,
	"NotImplemented":                     objectstore.Unsupported,
	"AuthorizationHeaderMalformed":       objectstore.Failed,
	"IllegalLocationConstraint":          objectstore.Failed,
	"IllegalLocationConstraintException": objectstore.Failed,
	"InvalidBucketName":                  objectstore.Failed,
	"InvalidObjectState":                 objectstore.Failed,
	"NoSuchBucket":                       objectstore.Failed,
	"PermanentRedirect":                  objectstore.Failed,
}

// remedies by code.
var remedies = map[string]string{
	"ExpiredToken":          "renew the session token",
	"InvalidAccessKeyId":    "check the access key",
	"InvalidObjectState":    "the object is archived; restore it first",
	"InvalidToken":          "check the session token",
	"NoSuchBucket":          "check the bucket, the region and the endpoint",
	"RequestTimeTooSkewed":  "check the clock of this machine",
	"SignatureDoesNotMatch": "check the secret key; requests are signed with version 4 of the signatures",
	"TokenRefreshRequired":  "renew the session token",
}

// classOf is the class of a code that means the same in every answer.
func classOf(code string) (objectstore.Class, bool) {
	for _, prefix := range []string{"SlowDown", "Throttl", "RequestThrottl", "TooManyRequests"} {
		if strings.HasPrefix(code, prefix) {
			return objectstore.Throttled, true
		}
	}
	class, known := classes[code]
	return class, known
}

// classOfStatus is the class of a status whose code says nothing. That of 404
// is Transient: nobody said what was not found.
func classOfStatus(status int) objectstore.Class {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return objectstore.Denied
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return objectstore.Throttled
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return objectstore.Unsupported
	case http.StatusNotFound, http.StatusRequestTimeout:
		return objectstore.Transient
	}
	switch {
	case status >= 500 || status < 300: // an answer that cannot be read has any status
		return objectstore.Transient
	case status < 400:
		return objectstore.Failed
	}
	return objectstore.Rejected
}

// fault classifies an error of the SDK. Absent is the code, if any, by which
// this request learns that what it names is not there. What the SDK says of an
// error is not shown, since requests with their credentials may be in it.
func (b *bucket) fault(err error, absent string) *objectstore.Fault {
	var known *objectstore.Fault
	if errors.As(err, &known) {
		return known
	}
	var sent *smithyhttp.RequestSendError
	if errors.As(err, &sent) {
		return b.network(sent.Err)
	}
	var response *awshttp.ResponseError
	if !errors.As(err, &response) {
		return b.unsent(err)
	}
	f := &objectstore.Fault{
		Status: response.HTTPStatusCode(), RequestID: response.ServiceRequestID(),
		RetryAfter: objectstore.RetryAfter(response.Response.Header, time.Now()), Cause: err,
	}
	f.Class = classOfStatus(f.Status)
	var api smithy.APIError
	if !errors.As(err, &api) {
		f.Message = "the answer cannot be read"
		return f
	}
	f.Code = api.ErrorCode()
	if f.Message = b.keyring.redact(api.ErrorMessage()); f.Message == f.Code {
		f.Message = ""
	}
	class, fixed := classOf(f.Code)
	switch {
	case absent != "" && f.Code == absent && f.Status == http.StatusNotFound:
		f.Class = objectstore.Absent
	case fixed && f.Class != objectstore.Throttled:
		f.Class = class
	}
	b.advise(f, response.Response.Header)
	return f
}

// advise adds to a message what can be done.
func (b *bucket) advise(f *objectstore.Fault, header http.Header) {
	remedy := remedies[f.Code]
	if f.Code == "AuthorizationHeaderMalformed" || strings.HasPrefix(f.Code, "IllegalLocationConstraint") ||
		f.Status/100 == 3 {
		remedy = "set region to that of the bucket, and endpoint to its store"
		if region := header.Get("X-Amz-Bucket-Region"); region != "" && region != b.client.Options().Region {
			remedy = fmt.Sprintf("set region to %q, where the bucket is", region)
		}
	}
	if remedy != "" {
		f.Message = strings.TrimPrefix(strings.TrimSuffix(f.Message, ".")+"; "+remedy, "; ")
	}
}

// unsent classifies what went wrong before there was a request.
func (b *bucket) unsent(err error) *objectstore.Fault {
	reason := err
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		reason = operation.Err
	}
	return &objectstore.Fault{
		Class: objectstore.Failed, Message: "the request cannot be made: " + b.keyring.redact(reason.Error()), Cause: err,
	}
}

// network classifies an error of the connection.
func (b *bucket) network(err error) *objectstore.Fault {
	var request *url.Error
	if errors.As(err, &request) { // it repeats the URL
		err = request.Err
	}
	f := objectstore.Network(err)
	f.Message = b.keyring.redact(f.Message)
	var name *net.DNSError
	switch {
	case errors.Is(err, http.ErrSchemeMismatch):
		f.Class = objectstore.Failed
		f.Message = "the endpoint speaks http, not https; write http:// in front of it, or secure: false"
	case f.Class == objectstore.Failed && errors.As(err, &name) && strings.HasPrefix(name.Name, b.name+"."):
		f.Message += "; if the store takes the bucket's name in the path of requests, set forcepathstyle or path-style"
	}
	return f
}
