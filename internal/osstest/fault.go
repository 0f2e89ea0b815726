package osstest

import (
	"context"
	"time"
)

// Fault is how one request is answered wrongly. The zero value is not at all.
type Fault struct {
	// Delay is waited before the answer.
	Delay time.Duration
	// Reset closes the connection without an answer.
	Reset bool
	// Status other than zero refuses the request with this error.
	Status        int
	Code, Message string
	// Bare takes the document off every error.
	Bare bool
	// RetryAfter is the header of that name.
	RetryAfter string
	// Body replaces that of the answer.
	Body []byte
	// Cut closes the connection in the middle of the body.
	Cut bool

	// NoToken says of a page of a listing that there is more, and not where.
	NoToken bool
	// SameToken says so with a token that is always the same.
	SameToken bool
	// Disorder turns the order of a page around.
	Disorder bool

	// Keep leaves keys of a batch of deletes where they are, and unmentioned.
	Keep func(key string) bool
	// Unconfirmed deletes keys of a batch without mentioning them.
	Unconfirmed func(key string) bool
}

// AccessDenied is the fault of a missing permission.
func AccessDenied() Fault {
	return Fault{Status: 403, Code: "AccessDenied", Message: "You have no right to access this object."}
}

// Throttled is the fault of too many requests.
func Throttled() Fault {
	return Fault{Status: 503, Code: "QpsLimitExceeded", Message: "Please reduce your request rate."}
}

// wait delays, and tells whether there shall be an answer.
func (f Fault) wait(ctx context.Context) bool {
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return false
		}
	}
	return !f.Reset
}

func (f Fault) refusal() *failure {
	if f.Status == 0 {
		return nil
	}
	return fail(f.Status, f.Code, "0003-00000001", f.Message)
}

func (f Fault) keeps(key string) bool { return f.Keep != nil && f.Keep(key) }

func (f Fault) mentions(key string) bool {
	return !f.keeps(key) && (f.Unconfirmed == nil || !f.Unconfirmed(key))
}
