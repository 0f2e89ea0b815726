package oss

import (
	"encoding/xml"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/blobsweep/blobsweep/internal/objectstore"
)

// The codes by which a request learns that what it names is not there.
const (
	noSuchKey    = "NoSuchKey"
	noSuchUpload = "NoSuchUpload"
)

// unreadable is what the SDK calls an error answer that it cannot read.
const unreadable = "BadErrorResponse"

// meaning is what a code means in every answer, and what can be done.
type meaning struct {
	class  objectstore.Class
	remedy string
}

// meanings of the codes whose status does not tell. All others go by it.
// Source: "Error codes", OSS API reference.
var meanings = map[string]meaning{
	"AccessDenied":          {objectstore.Denied, ""},
	"InvalidAccessKeyId":    {objectstore.Denied, "check the access key ID"},
	"InvalidSecurityToken":  {objectstore.Denied, "check the security token, which belongs to its access key"},
	"RequestTimeTooSkewed":  {objectstore.Denied, "check the clock of this machine"},
	"SecurityTokenExpired":  {objectstore.Denied, "renew the security token"},
	"SecurityTokenExpire":   {objectstore.Denied, "renew the security token"},
	"SignatureDoesNotMatch": {objectstore.Denied, "check the access key secret and the version of signatures"},
	"UserDisable":           {objectstore.Denied, "the account is disabled or owes money"},

	"BadDigest":        {objectstore.Transient, ""},
	"IncompleteBody":   {objectstore.Transient, ""},
	"InternalError":    {objectstore.Transient, ""},
	"InvalidDigest":    {objectstore.Transient, ""},
	"OperationAborted": {objectstore.Transient, ""},
	"RequestTimeout":   {objectstore.Transient, ""},

	"MethodNotAllowed":      {objectstore.Unsupported, ""},
	"NotImplemented":        {objectstore.Unsupported, ""},
	"OperationNotSupported": {objectstore.Unsupported, ""},

	"InvalidBucketName":  {objectstore.Failed, "check the bucket"},
	"InvalidObjectState": {objectstore.Failed, "the object is archived; restore it first"},
	"NoSuchBucket":       {objectstore.Failed, "check the bucket, the region and the endpoint"},
	"SecondLevelDomainForbidden": {objectstore.Failed,
		"the endpoint wants the bucket's name in front of the host, not in the path; leave out path-style"},
	"SymlinkTargetNotExist": {objectstore.Failed, "the object is a symbolic link that leads nowhere"},
}

// overload are parts of the codes by which a store asks for fewer requests.
var overload = []string{
	"Throttl", "TooManyRequests", "SlowDown", "QpsLimit", "RateLimit", "RequestLimitExceeded", "FlowControl",
}

// fault classifies an error of the SDK. Absent is the code, if any, by which
// this request learns that what it names is not there. What the SDK says of an
// error is not shown, since pieces of answers may be in it.
func (b *bucket) fault(err error, absent string) *objectstore.Fault {
	var known *objectstore.Fault
	var service *oss.ServiceError
	var broken *oss.DeserializationError
	var client *oss.ClientError
	var parameter oss.InvalidParamError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &service):
		return b.serviceFault(service, absent)
	case errors.As(err, &broken), errors.As(err, &client):
		return &objectstore.Fault{Class: objectstore.Transient, Message: "the answer cannot be read", Cause: err}
	case errors.As(err, &parameter):
		return &objectstore.Fault{Class: objectstore.Failed, Message: "the request cannot be made: " + parameter.Error()}
	}
	return b.network(err)
}

// serviceFault classifies an error answer.
func (b *bucket) serviceFault(e *oss.ServiceError, absent string) *objectstore.Fault {
	f := &objectstore.Fault{
		Class: classOfStatus(e.StatusCode), Status: e.StatusCode, RequestID: e.RequestID, RetryAfter: objectstore.RetryAfter(e.Headers, time.Now()),
	}
	if e.Code == unreadable || e.Code == "" {
		f.Message = "the answer cannot be read"
	} else {
		f.Code, f.Message = e.Code, b.keyring.redact(e.Message)
	}
	known, fixed := meanings[f.Code]
	switch {
	case overloaded(f.Code):
		f.Class = objectstore.Throttled
	case absent != "" && f.Code == absent && f.Status == http.StatusNotFound:
		f.Class = objectstore.Absent
	case fixed && f.Class != objectstore.Throttled:
		f.Class = known.class
	}
	if remedy := b.elsewhere(e); remedy != "" {
		f.Class, known.remedy = objectstore.Failed, remedy
	}
	if known.remedy != "" {
		f.Message = strings.TrimPrefix(strings.TrimRight(f.Message, ". ")+"; "+known.remedy, "; ")
	}
	return f
}

// elsewhere is the remedy for a region or an endpoint that is not the bucket's,
// which is refused under codes that mean other things as well.
func (b *bucket) elsewhere(e *oss.ServiceError) string {
	switch {
	case strings.Contains(e.Message, "specified endpoint"), e.StatusCode/100 == 3:
		var at struct{ Endpoint string }
		if err := xml.Unmarshal(e.Snapshot, &at); err == nil && at.Endpoint != "" {
			return "set endpoint to " + b.keyring.redact(at.Endpoint) + ", and region to its region"
		}
		return "set region and endpoint to those of the bucket"
	case strings.Contains(e.Message, "signing region"):
		return "set region to that of the bucket (the request was signed for " + b.region + ")"
	}
	return ""
}

func overloaded(code string) bool {
	for _, part := range overload {
		if strings.Contains(code, part) {
			return true
		}
	}
	return false
}

// classOfStatus is the class of a status whose code says nothing. That of 404
// is Transient: nobody said what was not found.
func classOfStatus(status int) objectstore.Class {
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return objectstore.Throttled
	case status == http.StatusNotImplemented, status == http.StatusMethodNotAllowed:
		return objectstore.Unsupported
	case status >= 500, status == http.StatusNotFound, status == http.StatusRequestTimeout:
		return objectstore.Transient
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return objectstore.Denied
	case status >= 400:
		return objectstore.Rejected
	}
	return objectstore.Failed
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
	case f.Class == objectstore.Failed && errors.As(err, &name):
		f.Message += "; check region and endpoint"
	}
	return f
}
