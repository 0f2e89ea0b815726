package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Proxy passes connections on to an HTTP/1.1 server, byte by byte: signatures
// hold. It reads as much of what clients send as it takes to tell one request
// from the next, in order to count them, and to hold each back for a while. What
// the server answers it does not look at. It is safe for concurrent use.
//
// A client must not send a request before it has the answer to the last one, as
// none of those that are in use does.
type Proxy struct {
	// Endpoint is the URL to use in place of the server's.
	Endpoint string

	server   string // host and port
	delay    time.Duration
	listener net.Listener
	requests atomic.Int64

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// NewProxy starts a proxy in front of the server at an http:// URL. Each request
// is held back for the delay. Close ends it.
func NewProxy(endpoint string, delay time.Duration) (*Proxy, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" || u.Port() == "" {
		return nil, fmt.Errorf("%s: a proxy needs http:// and a port", endpoint)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{Endpoint: "http://" + listener.Addr().String(), server: u.Host, delay: delay, listener: listener}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.wg.Go(p.accept)
	return p, nil
}

// Requests is the number of requests seen so far.
func (p *Proxy) Requests() int64 { return p.requests.Load() }

// Close breaks off all connections and waits for them to end.
func (p *Proxy) Close() error {
	p.cancel()
	err := p.listener.Close()
	p.wg.Wait()
	return err
}

func (p *Proxy) accept() {
	for p.ctx.Err() == nil {
		client, err := p.listener.Accept()
		if err != nil { // closed, or too many files are open for now
			time.Sleep(time.Millisecond)
			continue
		}
		p.wg.Go(func() { p.connection(client) })
	}
}

// connection passes on what a client and the server say, until one of them ends
// it. A client sees a connection that breaks off where anything goes wrong.
func (p *Proxy) connection(client net.Conn) {
	server, err := new(net.Dialer).DialContext(p.ctx, "tcp", p.server)
	if err != nil {
		hangUp(client)
		return
	}
	stop := context.AfterFunc(p.ctx, func() { hangUp(client, server) })
	defer stop()
	var answers sync.WaitGroup
	answers.Go(func() {
		// Between TCP connections the kernel does this on its own.
		if _, err := io.Copy(client, server); err != nil {
			hangUp(server)
		}
		hangUp(client) // the server has ended it, perhaps after an answer
	})
	r := bufio.NewReaderSize(client, 16<<10)
	for err == nil {
		err = p.request(r, server)
	}
	hangUp(server) // a client that has ended it wants no more answers
	answers.Wait()
}

// request passes one request on.
func (p *Proxy) request(r *bufio.Reader, server io.Writer) error {
	if _, err := r.Peek(1); err != nil {
		return err // mostly io.EOF, between two requests
	}
	h, err := readHead(r)
	if err != nil {
		return err
	}
	p.requests.Add(1)
	if err := p.wait(); err != nil {
		return err
	}
	if _, err := server.Write(h.raw); err != nil {
		return err
	}
	if h.chunked {
		return copyChunks(server, r)
	}
	_, err = io.CopyN(server, r, h.length)
	return err
}

func (p *Proxy) wait() error {
	if p.delay <= 0 {
		return nil
	}
	timer := time.NewTimer(p.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
}

// hangUp closes connections. One that fails to close is broken or closed already,
// and nothing is to be said on it any more.
func hangUp(connections ...net.Conn) {
	for _, c := range connections {
		if c.Close() != nil {
			continue
		}
	}
}
