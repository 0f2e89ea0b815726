package osstest

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// answer is what a request gets.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// reply is an answer of status 200 whose body is a document, or nothing.
func reply(document any) *answer {
	a := &answer{status: http.StatusOK, header: http.Header{}}
	if document == nil {
		return a
	}
	content, err := xml.Marshal(document)
	if err != nil {
		panic(err) // the documents of this package can all be written
	}
	a.header.Set("Content-Type", "application/xml")
	a.body = append([]byte(xml.Header), content...)
	return a
}

// failure is an error answer.
type failure struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	RequestID string `xml:"RequestId"`
	HostID    string `xml:"HostId"`
	EC        string
	status    int
}

func fail(status int, code, ec, message string) *failure {
	return &failure{status: status, Code: code, Message: message, EC: ec}
}

// answer writes the error into the body or, for HEAD, into a header; a bare one
// is written nowhere.
func (f *failure) answer(q *request) *answer {
	f.HostID, f.RequestID = q.Host, q.id
	a := reply(f)
	a.status = f.status
	if q.fault.Bare {
		return &answer{status: f.status, header: http.Header{}}
	}
	a.header.Set("x-oss-ec", f.EC)
	if q.Method == http.MethodHead {
		a.header.Set("x-oss-err", base64.StdEncoding.EncodeToString(a.body))
	}
	return a
}

// write sends the answer, as well as the fault lets it.
func (a *answer) write(w http.ResponseWriter, q *request) {
	f := q.fault
	if f.Body != nil {
		a.body = f.Body
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	w.Header().Set("x-oss-request-id", q.id)
	head := q.Method == http.MethodHead
	if !head {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if head || a.status == http.StatusNoContent {
		return
	}
	if f.Cut {
		a.body = a.body[:len(a.body)/2]
	}
	_, err := w.Write(a.body)
	if f.Cut {
		err = errors.Join(http.ErrAbortHandler, http.NewResponseController(w).Flush())
	}
	if err != nil {
		panic(http.ErrAbortHandler) // the client is gone, or shall think that the server is
	}
}

// next is the next serial number in a format of fmt.
func (s *Server) next(format string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	return fmt.Sprintf(format, s.serial)
}
