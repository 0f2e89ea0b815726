package gateway

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// echo answers with what it was sent, and tells how many connections it had.
func echo(t *testing.T) (endpoint string, connections *atomic.Int64) {
	t.Helper()
	connections = new(atomic.Int64)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil { // some tests send half of it
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("X-Saw", fmt.Sprintf("%s %s %d %v", r.Method, r.RequestURI, r.ContentLength, r.TransferEncoding))
		if r.URL.Path == "/fail" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		if _, err := w.Write(body); err != nil && r.Method != http.MethodHead {
			t.Error(err)
		}
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, connections
}

func newProxy(t *testing.T, endpoint string, delay time.Duration) *Proxy {
	t.Helper()
	p, err := NewProxy(endpoint, delay)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func newClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{ExpectContinueTimeout: time.Minute}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// unsized hides how long a body is, so that it is sent in chunks.
type unsized struct{ io.Reader }

func TestProxyPassesAndCounts(t *testing.T) {
	endpoint, connections := echo(t)
	p, client := newProxy(t, endpoint, 0), newClient(t)
	large := strings.Repeat("0123456789", 50_000)
	cases := []struct {
		method, path string
		body         io.Reader
		expect       bool // the client waits for a word of the server
		saw, answer  string
		status       int
	}{
		{method: "GET", path: "/a?b=c%20d", saw: "GET /a?b=c%20d 0 []"},
		{method: "HEAD", path: "/a", saw: "HEAD /a 0 []"},
		{method: "PUT", path: "/sized", body: strings.NewReader(large), saw: "PUT /sized 500000 []", answer: large},
		{method: "POST", path: "/chunks", body: unsized{strings.NewReader(large)}, saw: "POST /chunks -1 [chunked]", answer: large},
		{method: "PUT", path: "/expected", body: strings.NewReader("x"), expect: true, saw: "PUT /expected 1 []", answer: "x"},
		{method: "GET", path: "/fail", saw: "GET /fail 0 []", status: http.StatusServiceUnavailable},
		{method: "DELETE", path: "/" + strings.Repeat("long", 10_000), saw: "DELETE /" + strings.Repeat("long", 10_000) + " 0 []"},
		{method: "GET", path: "/last", saw: "GET /last 0 []"},
	}
	for _, c := range cases {
		request, err := http.NewRequestWithContext(t.Context(), c.method, p.Endpoint+c.path, c.body)
		if err != nil {
			t.Fatal(err)
		}
		if c.expect {
			request.Header.Set("Expect", "100-continue")
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatalf("%s %.40s: %v", c.method, c.path, err)
		}
		answer, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if saw := response.Header.Get("X-Saw"); saw != c.saw || string(answer) != c.answer {
			t.Errorf("%s %.40s: the server saw %.60s, and answered %d bytes", c.method, c.path, saw, len(answer))
		}
		if want := max(c.status, http.StatusOK); response.StatusCode != want {
			t.Errorf("%s %.40s: status %d, want %d", c.method, c.path, response.StatusCode, want)
		}
	}
	if got := p.Requests(); got != int64(len(cases)) {
		t.Errorf("%d requests, want %d", got, len(cases))
	}
	if got := connections.Load(); got != 1 {
		t.Errorf("%d connections, want one that is kept", got)
	}
}

// Requests on several connections are all held back, side by side.
func TestProxyDelaysEachRequest(t *testing.T) {
	const delay, each, clients = 20 * time.Millisecond, 3, 8
	endpoint, _ := echo(t)
	p := newProxy(t, endpoint, delay)
	var wg sync.WaitGroup
	for range clients {
		client := newClient(t)
		wg.Go(func() {
			start := time.Now()
			for range each {
				response, err := client.Get(p.Endpoint)
				if err != nil {
					t.Error(err)
					return
				}
				if err := response.Body.Close(); err != nil {
					t.Error(err)
				}
			}
			if took := time.Since(start); took < each*delay {
				t.Errorf("%d requests took %s, with a delay of %s", each, took, delay)
			}
		})
	}
	wg.Wait()
	if got := p.Requests(); got != each*clients {
		t.Errorf("%d requests, want %d", got, each*clients)
	}
}

// What is no request, or ends too early, ends the connection.
func TestProxyHangsUp(t *testing.T) {
	endpoint, _ := echo(t)
	p := newProxy(t, endpoint, 0)
	for _, sent := range []string{
		"hello\r\n\r\n",
		"GET / HTTP/1.1\r\nno field\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"GET / HTTP/1.1\r\nHost: " + strings.Repeat("x", maxHead+100_000) + "\r\n\r\n",
	} {
		c, err := net.Dial("tcp", strings.TrimPrefix(p.Endpoint, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		// It may be hung up before all is sent.
		if _, err := io.WriteString(c, sent); err != nil && len(sent) < maxHead {
			t.Error(err)
		}
		if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(c)
		if timeout, ok := err.(net.Error); ok && timeout.Timeout() || bytes.Contains(answer, []byte("200")) {
			t.Errorf("%.60q: answer %q, %v", sent, answer, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestProxyWithoutServer(t *testing.T) {
	endpoint, _ := echo(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if response, err := newClient(t).Get(newProxy(t, gone, 0).Endpoint); err == nil {
		t.Errorf("answer %s of a server that is gone", response.Status)
	}
	for _, bad := range []string{"https://127.0.0.1:1", "http://127.0.0.1", "::"} {
		if _, err := NewProxy(bad, 0); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
	// A request that waits ends with the proxy.
	p, err := NewProxy(endpoint, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	client := newClient(t)
	go func() {
		_, err := client.Get(p.Endpoint)
		failed <- err
	}()
	for p.Requests() == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := <-failed; err == nil {
		t.Error("a request that was held back has an answer")
	}
}

func FuzzReadHead(f *testing.F) {
	f.Add("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
	f.Add("POST /x HTTP/1.1\nTransfer-Encoding: chunked\n\n5\r\nhello\r\n0\r\n\r\n")
	f.Add("\r\n\r\n")
	f.Fuzz(func(t *testing.T, sent string) {
		r := bufio.NewReader(strings.NewReader(sent))
		h, err := readHead(r)
		if err != nil {
			return
		}
		rest, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if string(h.raw)+string(rest) != sent || h.length < 0 {
			t.Errorf("%q became %q and %q, length %d", sent, h.raw, rest, h.length)
		}
	})
}
