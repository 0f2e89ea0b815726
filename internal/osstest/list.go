package osstest

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blobsweep/blobsweep/storage"
)

const (
	defaultKeys = 100  // of a page of objects
	maxPage     = 1000 // keys, uploads or parts of any page
	timeLayout  = "2006-01-02T15:04:05.000Z"
)

// listing is the answer to ListObjectsV2.
type listing struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Name                  string
	Prefix                string
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	MaxKeys               int
	Delimiter             string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	IsTruncated           bool
	NextContinuationToken string `xml:",omitempty"`
	Contents              []content
	CommonPrefixes        []commonPrefix
	KeyCount              int
}

// content has no ETag, which would take reading every object.
type content struct {
	Key          string
	LastModified string
	Type         string
	Size         int64
	StorageClass string
}

type commonPrefix struct{ Prefix string }

// pageSize reads the parameter for it.
func pageSize(q *request, name string, otherwise int) (int, *failure) {
	value, sent := q.query[name]
	if !sent {
		return otherwise, nil
	}
	size, err := strconv.Atoi(value)
	if err != nil || size < 1 || size > maxPage {
		return 0, invalid("0016-00000203", name+" must be a number from 1 to 1000.")
	}
	return size, nil
}

// list answers ListObjectsV2.
func (s *Server) list(q *request) (*answer, *failure) {
	size, f := pageSize(q, "max-keys", defaultKeys)
	if f != nil {
		return nil, f
	}
	token, err := base64.StdEncoding.DecodeString(q.query["continuation-token"])
	if err != nil {
		return nil, invalid("0016-00000202", "The continuation token is not one of this server.")
	}
	if encoding := q.query["encoding-type"]; encoding != "" && encoding != "url" {
		return nil, invalid("0016-00000204", "The encoding type is not url.")
	}
	if delimiter := q.query["delimiter"]; delimiter != "" && delimiter != "/" {
		return nil, fail(501, "NotImplemented", "0099-00000001", "This server knows no delimiter but the slash.")
	}
	page, more, err := s.page(q, string(token), size)
	if err != nil {
		return nil, internal(err)
	}
	result := listing{
		Name: s.config.Bucket, Prefix: q.encode(q.query["prefix"]), StartAfter: q.encode(q.query["start-after"]),
		ContinuationToken: q.encode(q.query["continuation-token"]), MaxKeys: size, Delimiter: q.encode(q.query["delimiter"]),
		EncodingType: q.query["encoding-type"], IsTruncated: more, KeyCount: len(page),
	}
	for _, o := range page {
		if o.IsPrefix {
			result.CommonPrefixes = append(result.CommonPrefixes, commonPrefix{q.encode(o.Key)})
			continue
		}
		result.Contents = append(result.Contents, content{
			Key: q.encode(o.Key), LastModified: timestamp(o.ModTime), Type: "Normal", Size: o.Size,
			StorageClass: "Standard",
		})
	}
	if more {
		result.NextContinuationToken = q.encode(base64.StdEncoding.EncodeToString([]byte(page[len(page)-1].Key)))
	}
	q.fault.distort(&result)
	return reply(result), nil
}

// page collects a page. A listing that starts inside of a common prefix begins
// with it, unless a token says that it was listed before.
func (s *Server) page(q *request, token string, size int) (page []storage.Object, more bool, err error) {
	opts := storage.ListOptions{StartAfter: q.query["start-after"], Delimiter: q.query["delimiter"] != ""}
	prefix := q.query["prefix"]
	if token != "" {
		opts.StartAfter = token
	} else if rest, below := strings.CutPrefix(opts.StartAfter, prefix); below && opts.Delimiter {
		if name, _, inside := strings.Cut(rest, "/"); inside {
			group := prefix + name + "/"
			if entered, err := s.any(q.Context(), group, opts.StartAfter); err != nil {
				return nil, false, err
			} else if entered {
				page = append(page, storage.Object{Key: group, IsPrefix: true})
			}
		}
	}
	for o, err := range s.objects.List(q.Context(), prefix, opts) {
		if err != nil {
			return nil, false, err
		}
		if len(page) == size {
			return page, true, nil
		}
		page = append(page, o)
	}
	return page, false, nil
}

// any tells whether there is a key below a prefix and behind another one.
func (s *Server) any(ctx context.Context, prefix, after string) (bool, error) {
	for _, err := range s.objects.List(ctx, prefix, storage.ListOptions{StartAfter: after}) {
		return err == nil, err
	}
	return false, nil
}

// distort makes a page wrong.
func (f Fault) distort(page *listing) {
	if f.NoToken || f.SameToken {
		page.IsTruncated, page.NextContinuationToken = true, ""
	}
	if f.SameToken {
		page.NextContinuationToken = base64.StdEncoding.EncodeToString([]byte("~"))
	}
	if f.Disorder {
		slices.Reverse(page.Contents)
		slices.Reverse(page.CommonPrefixes)
	}
}

func timestamp(t time.Time) string { return t.UTC().Format(timeLayout) }
