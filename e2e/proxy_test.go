package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// proxy stands between a client and an object store. It counts requests, makes
// each take its time, and answers those that it is told to in the store's place.
// Requests pass as they are, so signatures hold.
type proxy struct {
	*httptest.Server
	// delay is added to each request.
	delay time.Duration
	// fault says what happens to a request; nil is nothing. It is called for one
	// request at a time.
	fault func(request) fault
	// edit changes what is forwarded; nil changes nothing.
	edit func(*http.Request) error

	mu           sync.Mutex
	seen, struck []request
}

// request is what a proxy knows of one.
type request struct {
	index int
	kind  string // "list", "get", "stat", "delete", "write", "uploads", "parts", "abort", "versioning", or another method
	key   string // of an object, or the prefix of a listing
	more  bool   // a listing's page after the first
}

func (r request) String() string { return fmt.Sprintf("request %d, %s %q", r.index, r.kind, r.key) }

// newProxy starts a proxy in front of a store. What its fields are to be is set
// before the first request.
func newProxy(t testing.TB, endpoint string) *proxy {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 256}
	p := &proxy{}
	forward := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = target.Scheme, target.Host, r.In.Host
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := p.admit(r)
		time.Sleep(p.delay)
		if p.edit != nil {
			if err := p.edit(r); err != nil {
				t.Error(err)
			}
		}
		if answer == nil {
			forward.ServeHTTP(w, r)
			return
		}
		answer(w, r, forward)
	}))
	t.Cleanup(func() {
		p.Close()
		transport.CloseIdleConnections()
	})
	return p
}

// admit takes note of a request and tells what is to happen to it.
func (p *proxy) admit(r *http.Request) fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	request := parse(r)
	request.index = len(p.seen)
	p.seen = append(p.seen, request)
	if p.fault == nil {
		return nil
	}
	answer := p.fault(request)
	if answer != nil {
		p.struck = append(p.struck, request)
	}
	return answer
}

// reset forgets what was seen, and takes a new fault.
func (p *proxy) reset(fault func(request) fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen, p.struck, p.fault = nil, nil, fault
}

// requests are those seen since the last reset.
func (p *proxy) requests() []request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

// faults are the requests, of those, that did not just pass.
func (p *proxy) faults() []request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.struck)
}

// counts are the numbers of requests by kind.
func (p *proxy) counts() map[string]int {
	counts := map[string]int{}
	for _, r := range p.requests() {
		counts[r.kind]++
	}
	return counts
}

// parse tells what a path-style request to S3 or OSS is.
func parse(r *http.Request) request {
	query := r.URL.Query()
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	q := request{key: key, kind: r.Method}
	switch r.Method {
	case http.MethodGet:
		q.kind = "get"
		switch {
		case query.Has("versioning"):
			q.kind = "versioning"
		case query.Has("uploads"):
			q.kind, q.key = "uploads", query.Get("prefix")
		case query.Has("uploadId"):
			q.kind = "parts"
		case key == "":
			q.kind, q.key, q.more = "list", query.Get("prefix"), query.Has("continuation-token")
		}
	case http.MethodHead:
		q.kind = "stat"
	case http.MethodPut:
		if !query.Has("uploadId") {
			q.kind = "write"
		}
	case http.MethodDelete:
		q.kind = "delete"
		if query.Has("uploadId") {
			q.kind = "abort"
		}
	case http.MethodPost:
		if query.Has("delete") {
			q.kind = "delete"
		}
	}
	return q
}

// fault answers a request. It may send it on first.
type fault func(w http.ResponseWriter, r *http.Request, forward http.Handler)

// status answers with an error of the store's; without a code, with a bare
// status as other servers on the way send it.
func status(status int, code string) fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		body := ""
		if code != "" {
			w.Header().Set("Content-Type", "application/xml")
			w.Header().Set("X-Oss-Ec", "0000-00000000")
			body = fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>`+"\n"+
				`<Error><Code>%s</Code><Message>by the test</Message><RequestId>test</RequestId></Error>`, code)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // a client that is gone needs no answer
	}
}

// breakOff ends the connection with a reset, and nothing was done.
func breakOff(w http.ResponseWriter, r *http.Request, _ http.Handler) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	err = conn.(*net.TCPConn).SetLinger(0)
	if closeErr := conn.Close(); err != nil || closeErr != nil {
		panic(fmt.Sprint(err, closeErr))
	}
}

// cutShort lets the store answer, and half of the body arrive; where there is
// none, nothing of the answer.
func cutShort(w http.ResponseWriter, r *http.Request, forward http.Handler) {
	answer := record(r, forward)
	if body := answer.Body.Bytes(); r.Method != http.MethodHead && len(body) > 0 {
		send(w, answer, body[:len(body)/2], len(body))
	}
	panic(http.ErrAbortHandler)
}

// late lets the store answer, and the client wait in vain.
func late(w http.ResponseWriter, r *http.Request, forward http.Handler) {
	record(r, forward)
	select {
	case <-r.Context().Done():
	case <-time.After(time.Minute):
	}
	panic(http.ErrAbortHandler)
}

// brokenXML lets the store answer, and whole XML arrive that ends too early.
func brokenXML(w http.ResponseWriter, r *http.Request, forward http.Handler) {
	answer := record(r, forward)
	body := answer.Body.Bytes()[:answer.Body.Len()/2]
	send(w, answer, body, len(body))
}

func record(r *http.Request, forward http.Handler) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	forward.ServeHTTP(answer, r)
	return answer
}

// send passes an answer on with another body, of an announced length.
func send(w http.ResponseWriter, answer *httptest.ResponseRecorder, body []byte, length int) {
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", fmt.Sprint(length))
	w.WriteHeader(answer.Code)
	_, _ = w.Write(body) // a client that is gone needs no answer
	w.(http.Flusher).Flush()
}
