package oss

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/internal/osstest"
	"github.com/blobsweep/blobsweep/storage"
	"github.com/blobsweep/blobsweep/storage/storagetest"
)

// harness puts what the suite wants below the root of a driver.
func harness(t *testing.T, change func(*Config)) storagetest.Harness {
	s := osstest.Start(t, osstest.Config{})
	c := of(s)
	change(&c)
	d := open(t, c)
	var refused sync.Map
	s.SetFault(func(op osstest.Op, r *http.Request) osstest.Fault {
		return osstest.Fault{Keep: func(key string) bool { _, no := refused.Load(key); return no }}
	})
	for _, neighbour := range []string{"reg", "reg-2/docker", "reg0", "zz"} {
		if d.Root != "" {
			put(t, s, neighbour)
		}
	}
	return storagetest.Harness{
		Driver: d, KeepsTimes: true,
		Put: func(ctx context.Context, key string, content []byte, modTime time.Time) error {
			return s.Put(ctx, d.Root+key, content, modTime)
		},
		Refuse: func(_ *testing.T, key string) { refused.Store(d.Root+key, true) },
	}
}

func TestConformance(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"V4":     func(*Config) {},
		"V1Root": func(c *Config) { c.SignatureV1, c.Region, c.Root = true, "", "/reg/é +/" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storagetest.TestDriver(t, func(t *testing.T) storagetest.Harness { return harness(t, change) })
		})
	}
}

// The bucket's name in front of the host, for a host that every name leads to.
func TestVirtualHosted(t *testing.T) {
	s := osstest.Start(t, osstest.Config{})
	put(t, s, "a b", "c/d")
	for name, c := range map[string]Config{
		"region":    {Region: "oss-cn-hangzhou", Insecure: true},
		"internal":  {Region: "cn-hangzhou", Internal: true, Insecure: true},
		"endpoint":  {Region: "cn-hangzhou", Endpoint: "oss-cn-hangzhou.aliyuncs.com", Insecure: true},
		"in front":  {Endpoint: "http://registry.oss-cn-hangzhou-internal.aliyuncs.com"},
		"localhost": {Region: "cn-hangzhou", Endpoint: "http://localhost"},
		"own":       {Region: "cn-hangzhou", Endpoint: "http://registry.example", CName: true},
	} {
		t.Run(name, func(t *testing.T) {
			c.Bucket, c.AccessKeyID, c.AccessKeySecret = osstest.Bucket, osstest.AccessKeyID, osstest.AccessKeySecret
			c, err := c.resolve()
			if err != nil {
				t.Fatal(err)
			}
			client := httpClient(false)
			client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, strings.TrimPrefix(s.URL, "http://"))
			}
			b := newBucket(c, client)
			o, err := b.Stat(t.Context(), "a b")
			if err != nil || o.Size != int64(len("content of a b")) {
				t.Errorf("%+v, %v", o, err)
			}
		})
	}
}

// More keys than a store lists at a time are listed, deleted, and counted.
func TestManyKeys(t *testing.T) {
	const many = 12_345
	s := osstest.Start(t, osstest.Config{})
	for i := range many {
		put(t, s, fmt.Sprintf("reg/%02x/%05d", i%256, i))
	}
	neighbours := []string{"reg", "reg-2/x", "reg.d", "reg0"}
	put(t, s, neighbours...)
	c := of(s)
	c.Root = "reg"
	d := open(t, c)
	var keys []string
	for o, err := range d.List(t.Context(), "", storage.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	if len(keys) != many || !slices.IsSorted(keys) {
		t.Fatalf("%d keys are listed, sorted: %v", len(keys), slices.IsSorted(keys))
	}
	if err := d.Delete(t.Context(), keys...); err != nil {
		t.Fatal(err)
	}
	if left := s.Keys(); !slices.Equal(left, neighbours) {
		t.Errorf("left: %q", left)
	}
	want := storage.Requests{List: 13, Delete: 13}
	sent := s.Requests()
	if got := d.Requests(); got != want || sent[osstest.ListObjectsV2] != 13 || sent[osstest.DeleteMultipleObjects] != 13 {
		t.Errorf("counted %+v, sent %v", got, sent)
	}
}

func TestUploads(t *testing.T) {
	s := osstest.Start(t, osstest.Config{})
	c := of(s)
	c.Root = "/reg"
	d := open(t, c)
	old := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	id := s.PutUpload("reg/a b+c", old, make([]byte, 100), make([]byte, 23))
	s.PutUpload("reg-2/x", old)
	for i := range 1500 {
		s.PutUpload(fmt.Sprintf("reg/many/%d", i%700), old)
	}
	var found []storage.MultipartUpload
	for u, err := range d.ListMultipartUploads(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, u)
	}
	if want := (storage.MultipartUpload{Key: "a b+c", ID: id, Initiated: old}); len(found) != 1501 || found[0] != want {
		t.Fatalf("%d are found, the first is %+v", len(found), found[0])
	}
	want := storage.MultipartParts{Bytes: 123, Newest: old, Count: 2}
	if parts, err := d.MultipartParts(t.Context(), found[0]); err != nil || parts != want {
		t.Errorf("%+v, %v", parts, err)
	}
	if n := d.Requests(); n.List != 3 || n.Delete != 0 {
		t.Errorf("counted %+v", n)
	}
	for range 2 { // the second time it is gone
		if err := d.AbortMultipartUpload(t.Context(), found[0]); err != nil {
			t.Error(err)
		}
	}
	if left := s.Uploads(); len(left) != 1501 || left[0] != "reg-2/x" || left[1] != "reg/many/0" {
		t.Errorf("%d are left, the first are %q", len(left), left[:2])
	}
	big := make([][]byte, 1001)
	for i := range big {
		big[i] = make([]byte, 3)
	}
	u := storage.MultipartUpload{Key: "big", ID: s.PutUpload("reg/big", old, big...)}
	want = storage.MultipartParts{Bytes: 3003, Newest: old, Count: 1001}
	if parts, err := d.MultipartParts(t.Context(), u); err != nil || parts != want {
		t.Errorf("%+v, %v", parts, err)
	}
	undated := "<ListPartsResult><UploadId>" + u.ID + "</UploadId><Part><Size>5</Size>" +
		"<LastModified>2026-01-02T03:04:05.000Z</LastModified></Part><Part><Size>6</Size></Part></ListPartsResult>"
	s.SetFault(always(osstest.Fault{Body: []byte(undated)}))
	want = storage.MultipartParts{Bytes: 11, Count: 2}
	if parts, err := d.MultipartParts(t.Context(), u); err != nil || parts != want {
		t.Errorf("%+v, %v", parts, err)
	}
}

func TestKeepsVersions(t *testing.T) {
	for status, want := range map[string]bool{"": false, "Enabled": true, "Suspended": true} {
		s := osstest.Start(t, osstest.Config{Versioning: status})
		if got, err := open(t, of(s)).KeepsVersions(t.Context()); err != nil || got != want {
			t.Errorf("%q: %v, %v", status, got, err)
		}
	}
}

// A directory marker is an object, with and without the delimiter.
func TestDirectoryMarkers(t *testing.T) {
	s := osstest.Start(t, osstest.Config{})
	put(t, s, "a/", "a/b")
	d := open(t, of(s))
	if o, err := d.Stat(t.Context(), "a/"); err != nil || o.IsPrefix {
		t.Errorf("%+v, %v", o, err)
	}
	got := ""
	for o, err := range d.List(t.Context(), "a/", storage.ListOptions{Delimiter: true}) {
		if err != nil {
			t.Fatal(err)
		}
		got += o.Key + " "
	}
	if got != "a/ a/b " {
		t.Errorf("listed: %s", got)
	}
	if err := d.Delete(t.Context(), "a/"); err != nil || !slices.Equal(s.Keys(), []string{"a/b"}) {
		t.Errorf("left: %q, %v", s.Keys(), err)
	}
}
