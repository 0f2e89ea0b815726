package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// aRedis is a Redis of some kind, as a registry reaches it.
type aRedis struct {
	section map[string]any // of the registry's configuration
	client  redis.UniversalClient
	// start and stop do so again, with what it held; nil where that is not to be
	// had. It is started.
	start, stop func(t *testing.T)
	password    string
	real        bool
}

// redisKinds are the ways to run Redis that a configuration knows.
var redisKinds = map[string]func(*testing.T, runRedis) *aRedis{
	"plain": plainRedis, "password": passwordRedis, "TLS": tlsRedis, "sentinel": sentinelRedis, "cluster": clusterRedis,
}

// runRedis starts servers: real ones, or ones in this process.
type runRedis interface {
	// server starts one. With TLS, files are the certificates.
	server(t *testing.T, password string, files *tlsFiles) (addr string, start, stop func(*testing.T))
	// sentinel watches a server under the name.
	sentinel(t *testing.T, name, password, master string) (addr string)
	// cluster starts three.
	cluster(t *testing.T) (addrs []string)
	real() bool
}

// newRedis starts a Redis of a kind. It is the real server where that is
// installed, and else one in this process that knows the commands; the gate
// demands the real one.
func newRedis(t *testing.T, kind string) *aRedis {
	t.Helper()
	var run runRedis = realRedis{}
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("BLOBSWEEP_REDIS") == "real" {
			t.Fatalf("BLOBSWEEP_REDIS demands the real server: %v", err)
		}
		t.Logf("redis-server is not installed, so miniredis takes its place: %v", err)
		run = fakeRedis{}
	}
	r := redisKinds[kind](t, run)
	r.real = run.real()
	t.Cleanup(func() {
		if err := r.client.Close(); err != nil {
			t.Error(err)
		}
	})
	// A server that was just started may refuse for a moment.
	until(t, func() error { return r.client.Set(t.Context(), "ready", 1, 0).Err() })
	return r
}

func plainRedis(t *testing.T, run runRedis) *aRedis {
	addr, start, stop := run.server(t, "", nil)
	return &aRedis{
		section: map[string]any{"addrs": []string{addr}, "db": 3},
		client:  redis.NewClient(&redis.Options{Addr: addr, DB: 3}),
		start:   start, stop: stop,
	}
}

func passwordRedis(t *testing.T, run runRedis) *aRedis {
	const password = "of a Redis"
	addr, _, _ := run.server(t, password, nil)
	return &aRedis{
		section:  map[string]any{"addrs": []string{addr}, "password": password},
		client:   redis.NewClient(&redis.Options{Addr: addr, Password: password}),
		password: password,
	}
}

func tlsRedis(t *testing.T, run runRedis) *aRedis {
	files := newTLSFiles(t)
	addr, _, _ := run.server(t, "", files)
	return &aRedis{
		section: map[string]any{
			"addrs": []string{addr},
			"tls":   map[string]any{"certificate": files.certificate, "key": files.key, "rootcas": []string{files.ca}},
		},
		client: redis.NewClient(&redis.Options{Addr: addr, TLSConfig: files.config}),
	}
}

func sentinelRedis(t *testing.T, run runRedis) *aRedis {
	const name, password = "mymaster", "of a sentinel"
	master, _, _ := run.server(t, "", nil)
	addr := run.sentinel(t, name, password, master)
	return &aRedis{
		section: map[string]any{"addrs": []string{addr}, "mastername": name, "sentinelpassword": password},
		client:  redis.NewClient(&redis.Options{Addr: master}),
	}
}

func clusterRedis(t *testing.T, run runRedis) *aRedis {
	addrs := run.cluster(t)
	return &aRedis{
		section: map[string]any{"addrs": addrs},
		client:  redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs}),
	}
}

// keys is the whole keyspace: each key with its type and what is in it.
func (r *aRedis) keys(t *testing.T) map[string]string {
	t.Helper()
	var mu sync.Mutex // a cluster is asked server by server, at once
	all := map[string]string{}
	scan := func(ctx context.Context, c *redis.Client) error {
		keys, err := c.Keys(ctx, "*").Result()
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for _, key := range keys {
			kind, err := c.Type(ctx, key).Result()
			if err != nil {
				return err
			}
			var content any
			switch kind {
			case "hash":
				content, err = c.HGetAll(ctx, key).Result()
			case "set":
				var members []string
				members, err = c.SMembers(ctx, key).Result()
				slices.Sort(members)
				content = members
			default:
				content, err = c.Get(ctx, key).Result()
			}
			if err != nil {
				return err
			}
			all[key] = fmt.Sprint(kind, content)
		}
		return nil
	}
	var err error
	if cluster, ok := r.client.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(t.Context(), scan)
	} else {
		err = scan(t.Context(), r.client.(*redis.Client))
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// realRedis runs redis-server in processes of its own.
type realRedis struct{}

func (realRedis) real() bool { return true }

func (realRedis) server(t *testing.T, password string, files *tlsFiles) (string, func(*testing.T), func(*testing.T)) {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	args := []string{"--bind", "127.0.0.1", "--dir", dir, "--save", "3600 1", "--appendonly", "no"}
	if files == nil {
		args = append(args, "--port", port)
	} else {
		args = append(args, "--port", "0", "--tls-port", port, "--tls-cert-file", files.certificate, "--tls-key-file", files.key,
			"--tls-ca-cert-file", files.ca)
	}
	if password != "" {
		args = append(args, "--requirepass", password)
	}
	var end func(*testing.T)
	start := func(t *testing.T) { end = process(t, args...) }
	stop := func(t *testing.T) { end(t) }
	start(t)
	t.Cleanup(func() { stop(t) })
	return "127.0.0.1:" + port, start, stop
}

func (realRedis) sentinel(t *testing.T, name, password, master string) string {
	t.Helper()
	host, masterPort, err := net.SplitHostPort(master)
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	config := fmt.Sprintf("bind 127.0.0.1\nport %s\nrequirepass %q\nsentinel monitor %s %s %s 1\n", port, password, name, host, masterPort)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	end := process(t, file, "--sentinel")
	t.Cleanup(func() { end(t) })
	return "127.0.0.1:" + port
}

func (realRedis) cluster(t *testing.T) (addrs []string) {
	t.Helper()
	const slots, nodes = 16384, 3
	var clients []*redis.Client
	var buses []string
	for range nodes {
		port, bus := freePort(t), freePort(t)
		end := process(t, "--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "", "--port", port,
			"--cluster-enabled", "yes", "--cluster-port", bus)
		t.Cleanup(func() { end(t) })
		addrs, buses = append(addrs, "127.0.0.1:"+port), append(buses, bus)
		client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + port})
		defer client.Close()
		clients = append(clients, client)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, client := range clients {
		until(t, func() error { return client.Ping(t.Context()).Err() })
		must(client.ClusterAddSlotsRange(t.Context(), i*slots/nodes, (i+1)*slots/nodes-1).Err())
		_, port, err := net.SplitHostPort(addrs[i])
		must(err)
		must(clients[0].Do(t.Context(), "cluster", "meet", "127.0.0.1", port, buses[i]).Err())
	}
	for _, client := range clients {
		until(t, func() error {
			ranges, err := client.ClusterSlots(t.Context()).Result()
			if err == nil && len(ranges) != nodes {
				err = fmt.Errorf("it knows %d of %d servers", len(ranges), nodes)
			}
			return err
		})
	}
	return addrs
}

// process runs redis-server until end is called. It also ends with this
// process: the shell then reads the end of its input.
func process(t *testing.T, args ...string) (end func(*testing.T)) {
	t.Helper()
	cmd := exec.Command("sh", append([]string{"-c", `redis-server "$@" </dev/null >/dev/null & read _; kill $!; wait $!`, "sh"}, args...)...)
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	return func(t *testing.T) {
		if ended {
			return
		}
		ended = true
		if err := input.Close(); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("redis-server %q: %v", args, err)
		}
	}
}

// until waits for something to come true.
func until(t *testing.T, ok func() error) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := ok()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}

// tlsFiles are an authority, and a certificate of it for 127.0.0.1 that server
// and client have in common.
type tlsFiles struct {
	ca, certificate, key string
	config               *tls.Config
}

func newTLSFiles(t *testing.T) *tlsFiles {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	make := func(serial int64, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(err)
		template := &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: fmt.Sprint("certificate ", serial)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			IsCA: parent == nil, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		}
		if parent == nil {
			parent, signer = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
		must(err)
		certificate, err := x509.ParseCertificate(der)
		must(err)
		return certificate, key
	}
	ca, caKey := make(1, nil, nil)
	certificate, key := make(2, ca, caKey)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)

	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(dir, name)
		must(os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return file
	}
	f := &tlsFiles{
		ca:          write("ca.pem", "CERTIFICATE", ca.Raw),
		certificate: write("cert.pem", "CERTIFICATE", certificate.Raw),
		key:         write("key.pem", "PRIVATE KEY", keyDER),
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	pair, err := tls.LoadX509KeyPair(f.certificate, f.key)
	must(err)
	f.config = &tls.Config{
		Certificates: []tls.Certificate{pair}, RootCAs: roots, ClientCAs: roots, ClientAuth: tls.RequireAndVerifyClientCert,
	}
	return f
}
