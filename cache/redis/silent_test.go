package redis

import (
	"context"
	"crypto/tls"
	"net"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/cache"
	"github.com/redis/go-redis/v9"
)

// A server that takes connections and says nothing holds nobody longer than the
// context: not in the handshake of TLS, not in that of Redis.
func TestSilentServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() }) // nobody accepts
	address := listener.Addr().String()
	for name, test := range map[string]struct {
		opts    redis.UniversalOptions
		timeout time.Duration
	}{
		"plain":    {redis.UniversalOptions{Addrs: []string{address}}, time.Hour},
		"tls":      {redis.UniversalOptions{Addrs: []string{address}, TLSConfig: &tls.Config{}}, time.Hour},
		"cluster":  {redis.UniversalOptions{Addrs: []string{address, address}}, time.Hour},
		"sentinel": {redis.UniversalOptions{Addrs: []string{address}, MasterName: "m"}, 50 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(test.opts, tlsFiles{}, test.timeout)
			defer s.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				if _, left, err := s.Forget(ctx, []cache.Entry{{Digest: one}}); err == nil || len(left) != 1 {
					t.Errorf("%v, %v", left, err)
				}
				if err := s.Ping(ctx); err == nil {
					t.Error("it answers a ping")
				}
			}()
			select {
			case <-ended:
			case <-time.After(time.Minute): // long before it gives up by itself
				t.Fatal("it is still waited for")
			}
		})
	}
}
