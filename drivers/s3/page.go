package s3

import (
	"bytes"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithytime "github.com/aws/smithy-go/time"
)

// readPage reads the answer to ListObjectsV2 in the form that stores give it:
// these elements, with plain text in them. It is for speed alone. What it reads
// is what the SDK would have read, but of an object only what [object] looks at;
// of an answer with anything else in it, legal or not, it reads nothing.
func readPage(body []byte) (*s3.ListObjectsV2Output, bool) {
	p := page{markup: markup{rest: body}, out: &s3.ListObjectsV2Output{}}
	if objects := bytes.Count(body, []byte("<Contents>")); objects > 0 {
		p.out.Contents = make([]types.Object, 0, objects)
		p.entries = make([]entry, 0, objects)
	}
	if p.take(`<?xml version="1.0" encoding="UTF-8"?>`) {
		p.space()
	}
	if !p.take(`<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`) && !p.take("<ListBucketResult>") {
		return nil, false
	}
	if !p.children("ListBucketResult", p.field, "Contents", "CommonPrefixes") {
		return nil, false
	}
	p.space()
	return p.out, len(p.rest) == 0
}

// page is a page that is being read.
type page struct {
	markup
	out     *s3.ListObjectsV2Output
	entries []entry
}

// entry is what the fields of an object point to.
type entry struct {
	key      string
	size     int64
	modified time.Time
}

// field reads an element of the page.
func (p *page) field(name []byte) bool {
	switch string(name) {
	case "Contents":
		return p.object()
	case "CommonPrefixes":
		p.out.CommonPrefixes = append(p.out.CommonPrefixes, types.CommonPrefix{})
		return p.children("CommonPrefixes", p.prefix)
	}
	text, read := p.text(name)
	if !read {
		return false
	}
	value := string(text)
	var err error
	switch string(name) {
	case "Name":
		p.out.Name = &value
	case "Prefix":
		p.out.Prefix = &value
	case "Delimiter":
		p.out.Delimiter = &value
	case "StartAfter":
		p.out.StartAfter = &value
	case "ContinuationToken":
		p.out.ContinuationToken = &value
	case "NextContinuationToken":
		p.out.NextContinuationToken = &value
	case "EncodingType":
		p.out.EncodingType = types.EncodingType(value)
	case "IsTruncated":
		p.out.IsTruncated, err = parsed(strconv.ParseBool(value))
	case "KeyCount":
		p.out.KeyCount, err = parsed(count(value))
	case "MaxKeys":
		p.out.MaxKeys, err = parsed(count(value))
	default:
		return false
	}
	return err == nil
}

// prefix reads an element of CommonPrefixes.
func (p *page) prefix(name []byte) bool {
	if string(name) != "Prefix" {
		return false
	}
	text, read := p.text(name)
	value := string(text)
	p.out.CommonPrefixes[len(p.out.CommonPrefixes)-1].Prefix = &value
	return read
}

// object reads Contents.
func (p *page) object() bool {
	p.entries = append(p.entries, entry{})
	p.out.Contents = append(p.out.Contents, types.Object{})
	e, o := &p.entries[len(p.entries)-1], &p.out.Contents[len(p.out.Contents)-1]
	return p.children("Contents", func(name []byte) bool {
		if string(name) == "Owner" {
			return p.children("Owner", p.ownerField)
		}
		text, read := p.text(name)
		if !read {
			return false
		}
		var err error
		switch string(name) {
		case "Key":
			e.key = string(text)
			o.Key = &e.key
		case "Size":
			e.size, err = strconv.ParseInt(string(text), 10, 64)
			o.Size = &e.size
		case "LastModified":
			e.modified, err = smithytime.ParseDateTime(string(text))
			o.LastModified = &e.modified
		case "ETag", "StorageClass", "ChecksumType", "ChecksumAlgorithm":
		default:
			return false
		}
		return err == nil
	}, "ChecksumAlgorithm")
}

// ownerField reads an element of Owner, of which nothing is wanted.
func (p *page) ownerField(name []byte) bool {
	_, read := p.text(name)
	return read && (string(name) == "ID" || string(name) == "DisplayName")
}

// count reads a number of keys.
func count(text string) (int32, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	return int32(n), err
}

// parsed is a pointer to what was parsed.
func parsed[T any](value T, err error) (*T, error) { return &value, err }
