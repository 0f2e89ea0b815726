package e2e

import (
	"net"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// fakeRedis runs miniredis in this process.
type fakeRedis struct{}

func (fakeRedis) real() bool { return false }

func (fakeRedis) server(t *testing.T, password string, files *tlsFiles) (string, func(*testing.T), func(*testing.T)) {
	t.Helper()
	m := miniredis.NewMiniRedis()
	var err error
	if files == nil {
		err = m.Start()
	} else {
		err = m.StartTLS(files.config)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	if password != "" {
		m.RequireAuth(password)
	}
	start := func(t *testing.T) {
		if err := m.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	return m.Addr(), start, func(*testing.T) { m.Close() }
}

func (fakeRedis) sentinel(t *testing.T, name, password, master string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(master)
	if err != nil {
		t.Fatal(err)
	}
	m := miniredis.RunT(t)
	m.RequireAuth(password)
	err = m.Server().Register("SENTINEL", func(c *server.Peer, _ string, args []string) {
		if len(args) == 2 && strings.EqualFold(args[0], "get-master-addr-by-name") && args[1] == name {
			c.WriteStrings([]string{host, port})
			return
		}
		c.WriteLen(0) // no other sentinel, no replica
	})
	if err != nil {
		t.Fatal(err)
	}
	return m.Addr()
}

// cluster is one server that claims all slots, under two names.
func (fakeRedis) cluster(t *testing.T) []string {
	t.Helper()
	m := miniredis.RunT(t)
	return []string{m.Addr(), m.Addr()}
}
