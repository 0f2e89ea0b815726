package osstest

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/memory"
)

// Config says who may use the server, and how it behaves. What is left empty
// has the values of the constants.
type Config struct {
	Bucket, Region               string
	AccessKeyID, AccessKeySecret string
	// SecurityToken, if any, must come with each request.
	SecurityToken string
	// Versioning is the bucket's: empty, Enabled or Suspended.
	Versioning string
	// Now is the server's clock; nil means time.Now.
	Now func() time.Time
	// Fault is asked about every request before it is answered.
	Fault func(op Op, r *http.Request) Fault
}

// Defaults of [Config].
const (
	Bucket          = "registry"
	Region          = "cn-hangzhou"
	AccessKeyID     = "LTAI-test"
	AccessKeySecret = "a-secret-of-the-test"
)

// Op is a kind of request, by the name that OSS gives it.
type Op string

// The requests that are understood.
const (
	GetBucketVersioning     Op = "GetBucketVersioning"
	ListObjectsV2           Op = "ListObjectsV2"
	PutObject               Op = "PutObject"
	GetObject               Op = "GetObject"
	HeadObject              Op = "HeadObject"
	DeleteMultipleObjects   Op = "DeleteMultipleObjects"
	InitiateMultipartUpload Op = "InitiateMultipartUpload"
	UploadPart              Op = "UploadPart"
	ListMultipartUploads    Op = "ListMultipartUploads"
	ListParts               Op = "ListParts"
	AbortMultipartUpload    Op = "AbortMultipartUpload"
)

// Server is an OSS with one bucket. It is an http.Handler, safe for concurrent
// use.
type Server struct {
	// URL of the server, once it was started by [Start].
	URL string

	config  Config
	objects *memory.Driver

	mu       sync.Mutex
	requests map[Op]int
	uploads  map[string]*upload // by ID
	serial   int                // of requests and uploads
}

// New returns a server that listens nowhere.
func New(c Config) *Server {
	for field, value := range map[*string]string{
		&c.Bucket: Bucket, &c.Region: Region, &c.AccessKeyID: AccessKeyID, &c.AccessKeySecret: AccessKeySecret,
	} {
		if *field == "" {
			*field = value
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Server{config: c, objects: memory.New(), requests: map[Op]int{}, uploads: map[string]*upload{}}
}

// Start returns a server that listens on a free port of 127.0.0.1 until the
// test ends.
func Start(t testing.TB, c Config) *Server {
	t.Helper()
	s := New(c)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// SetFault replaces the hook of [Config].
func (s *Server) SetFault(hook func(op Op, r *http.Request) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config.Fault = hook
}

// Put stores an object with the time of its last change, without a request.
func (s *Server) Put(ctx context.Context, key string, content []byte, modTime time.Time) error {
	return s.objects.Put(ctx, key, content, modTime)
}

// Keys returns the keys of all objects in byte order, without a request.
func (s *Server) Keys() []string { return s.objects.Keys() }

// Content reads an object without a request.
func (s *Server) Content(ctx context.Context, key string) ([]byte, error) {
	return s.objects.Get(ctx, key, maxObject)
}

// Requests returns how many requests of each kind came, whatever became of
// them. Those that are not understood count under the empty kind.
func (s *Server) Requests() map[Op]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// Total is the sum of [Server.Requests].
func (s *Server) Total() int {
	total := 0
	for _, n := range s.Requests() {
		total += n
	}
	return total
}

// request is what the server has to know of a request.
type request struct {
	*http.Request
	id          string
	op          Op
	bucket, key string
	query       map[string]string
	content     []byte
	fault       Fault
}

// read takes the body in. Until that is done, the server does not notice that
// the client goes away.
func (q *request) read() (err error) {
	q.content, err = io.ReadAll(q.Body)
	return err
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := s.parse(r)
	q.id = s.next("%024X")
	if err := q.read(); err != nil {
		panic(http.ErrAbortHandler) // the client is gone
	}
	s.mu.Lock()
	s.requests[q.op]++
	hook := s.config.Fault
	s.mu.Unlock()
	if hook != nil {
		q.fault = hook(q.op, r)
	}
	if !q.fault.wait(r.Context()) {
		panic(http.ErrAbortHandler)
	}
	var a *answer
	failed := q.fault.refusal()
	if failed == nil {
		failed = s.authorize(q)
	}
	if failed == nil {
		a, failed = s.answer(q)
	}
	if failed != nil {
		a = failed.answer(q)
	}
	a.write(w, q)
}

// parse finds out what a request asks for. The bucket is the first label of the
// host, unless that is an address or localhost.
func (s *Server) parse(r *http.Request) *request {
	q := &request{Request: r, query: map[string]string{}}
	for name, values := range r.URL.Query() {
		q.query[name] = values[0]
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	path := strings.TrimPrefix(r.URL.Path, "/")
	if net.ParseIP(host) != nil || host == "localhost" {
		q.bucket, q.key, _ = strings.Cut(path, "/")
	} else {
		q.bucket, _, _ = strings.Cut(host, ".")
		q.key = path
	}
	q.op = q.kind()
	return q
}

// kind tells the operation.
func (q *request) kind() Op {
	has := func(name string) bool { _, ok := q.query[name]; return ok }
	if q.key == "" {
		switch {
		case q.Method == http.MethodGet && has("versioning"):
			return GetBucketVersioning
		case q.Method == http.MethodGet && has("uploads"):
			return ListMultipartUploads
		case q.Method == http.MethodGet && q.query["list-type"] == "2":
			return ListObjectsV2
		case q.Method == http.MethodPost && has("delete"):
			return DeleteMultipleObjects
		}
		return ""
	}
	switch {
	case q.Method == http.MethodPost && has("uploads"):
		return InitiateMultipartUpload
	case q.Method == http.MethodPut && has("uploadId"):
		return UploadPart
	case q.Method == http.MethodGet && has("uploadId"):
		return ListParts
	case q.Method == http.MethodDelete && has("uploadId"):
		return AbortMultipartUpload
	case q.Method == http.MethodPut:
		return PutObject
	case q.Method == http.MethodGet:
		return GetObject
	case q.Method == http.MethodHead:
		return HeadObject
	}
	return ""
}

// answer does what an authorized request asks for.
func (s *Server) answer(q *request) (*answer, *failure) {
	if q.bucket != s.config.Bucket {
		return nil, fail(404, "NoSuchBucket", "0015-00000101", "The specified bucket does not exist.")
	}
	handler, known := map[Op]func(*request) (*answer, *failure){
		GetBucketVersioning: s.versioning, ListObjectsV2: s.list, DeleteMultipleObjects: s.delete,
		PutObject: s.put, GetObject: s.get, HeadObject: s.get,
		InitiateMultipartUpload: s.initiate, UploadPart: s.uploadPart, AbortMultipartUpload: s.abort,
		ListMultipartUploads: s.listUploads, ListParts: s.listParts,
	}[q.op]
	if !known {
		return nil, fail(501, "NotImplemented", "0099-00000001", "This server does not know the operation.")
	}
	return handler(q)
}
