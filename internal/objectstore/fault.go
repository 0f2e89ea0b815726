package objectstore

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/blobsweep/blobsweep/storage"
)

// Class is what an error means for what is done next.
type Class uint8

// The classes.
const (
	// Failed: nothing is known, and repeating does not help.
	Failed Class = iota
	// Absent: the named key, or upload, is not there. Never a bucket, and never
	// a mere status. On requests that name none it counts as Failed.
	Absent
	// Denied: a permission is missing, or credentials are wrong.
	Denied
	// Throttled: the store asks for fewer requests.
	Throttled
	// Transient: a server or a connection failed in passing.
	Transient
	// Rejected: the store finds fault with this request.
	Rejected
	// Unsupported: the store does not know this operation.
	Unsupported
)

// String is what is said of an error without a message.
func (c Class) String() string {
	switch c {
	case Absent:
		return "not found"
	case Denied:
		return "access denied"
	case Throttled:
		return "too many requests"
	case Transient:
		return "failed in passing"
	case Rejected:
		return "rejected"
	case Unsupported:
		return "not supported"
	}
	return "failed"
}

// Fault is a store's error answer in short. It holds no credentials. It is what
// errors.Is finds to be [storage.ErrNotFound], [fs.ErrPermission] or
// [errors.ErrUnsupported], by its class.
type Fault struct {
	Class     Class
	Status    int    // of HTTP, or 0
	Code      string // as the store names the error
	Message   string
	RequestID string
	// RetryAfter is how long the store asked to wait, or zero. No more than a
	// minute is granted.
	RetryAfter time.Duration
	// Cause is the error of the SDK or the network, where there is more to
	// know by errors.Is. Its text is not shown.
	Cause error
}

// longest is how many characters of a store's message are shown: some answer
// with a whole page.
const longest = 500

// Error implements error. It is one line, and never empty.
func (f *Fault) Error() string {
	var said []string
	for _, part := range []string{f.Code, f.Message} {
		if part = oneLine(part); part != "" {
			said = append(said, part)
		}
	}
	if len(said) == 0 {
		said = []string{f.Class.String()}
	}
	var about []string
	if f.Status != 0 {
		about = append(about, fmt.Sprintf("status %d", f.Status))
	}
	if f.RequestID != "" {
		about = append(about, "request "+oneLine(f.RequestID))
	}
	text := strings.Join(said, ": ")
	if len(about) > 0 {
		text += " (" + strings.Join(about, ", ") + ")"
	}
	return text
}

// oneLine makes white space and control characters single spaces, and cuts what
// is long.
func oneLine(text string) string {
	words := strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	})
	runes := []rune(strings.Join(words, " "))
	if len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return string(runes)
}

// forbids reports whether a permission is missing. Other refusals have codes
// that say what is wrong with the credentials or the clock.
func (f *Fault) forbids() bool {
	return f.Class == Denied &&
		(f.Code == "" || strings.Contains(f.Code, "AccessDenied") || strings.Contains(f.Code, "Forbidden"))
}

// Unwrap gives what errors.Is should know: the meaning of the class, and the
// cause.
func (f *Fault) Unwrap() []error {
	var all []error
	switch f.Class {
	case Absent:
		all = append(all, storage.ErrNotFound)
	case Denied:
		all = append(all, fs.ErrPermission)
	case Unsupported:
		all = append(all, errors.ErrUnsupported)
	}
	if f.Cause != nil {
		all = append(all, f.Cause)
	}
	return all
}

// Network makes a Fault of an error below HTTP. What a look at the name, the
// certificate or the scheme settles is Failed, everything else Transient. Of a
// URL only the host is shown.
func Network(err error) *Fault {
	f := &Fault{Class: Transient, Message: err.Error(), Cause: err}
	var request *url.Error
	if errors.As(err, &request) {
		f.Message = request.Err.Error()
		if u, parseErr := url.Parse(request.URL); parseErr == nil && u.Host != "" {
			f.Message = u.Host + ": " + f.Message
		}
	}
	var dns *net.DNSError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound,
		errors.As(err, &authority), errors.As(err, &name), errors.As(err, &invalid),
		errors.Is(err, http.ErrSchemeMismatch),
		strings.Contains(f.Message, "net/http: invalid header field"): // net/http has no value for it
		f.Class = Failed
	}
	return f
}

// explain says of an operation that failed where it happened and, where a
// permission is missing, which.
func (d *Driver) explain(op Op, key string, attempts int, err error) *storage.Error {
	var fault *Fault
	if errors.As(err, &fault) {
		where := fmt.Sprintf("bucket %q", d.Bucket)
		switch op {
		case OpVersioning:
		case OpList, OpUploads:
			where += fmt.Sprintf(", prefix %q", d.Root+key)
		default:
			where += fmt.Sprintf(", key %q", d.Root+key)
		}
		if fault.forbids() && d.Permissions[op] != "" {
			where += ": access denied, the credentials need the permission " + d.Permissions[op]
		}
		if attempts > 1 {
			where += fmt.Sprintf(": given up after %d attempts", attempts)
		}
		err = fmt.Errorf("%s: %w", where, err)
	}
	return &storage.Error{Op: string(op), Key: key, Err: err}
}
