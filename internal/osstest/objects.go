package osstest

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc64"
	"net/http"
	"strconv"

	"github.com/blobsweep/blobsweep/storage"
)

const (
	maxObject = 1 << 30 // bytes
	maxBatch  = 1000    // keys
	maxKey    = 1023    // bytes
)

func (s *Server) versioning(*request) (*answer, *failure) {
	return reply(struct {
		XMLName xml.Name `xml:"VersioningConfiguration"`
		Status  string   `xml:",omitempty"`
	}{Status: s.config.Versioning}), nil
}

// verify compares the body of a request with its Content-MD5.
func verify(q *request) *failure {
	sum := md5.Sum(q.content)
	if given := q.Header.Get("Content-MD5"); given != "" && given != base64.StdEncoding.EncodeToString(sum[:]) {
		return fail(400, "InvalidDigest", "0017-00000509", "The Content-MD5 is not that of the body.")
	}
	return nil
}

func (s *Server) put(q *request) (*answer, *failure) {
	if len(q.key) > maxKey || q.key[0] == '/' || q.key[0] == '\\' {
		return nil, fail(400, "InvalidObjectName", "0001-00000001", "The specified object is not valid.")
	}
	if f := verify(q); f != nil {
		return nil, f
	}
	if err := s.objects.Put(q.Context(), q.key, q.content, s.config.Now()); err != nil {
		return nil, internal(err)
	}
	return described(reply(nil), q.content), nil
}

func internal(err error) *failure { return fail(500, "InternalError", "0099-00000002", err.Error()) }

// described adds the checksums of an object to an answer.
func described(a *answer, content []byte) *answer {
	a.header.Set("ETag", etag(content))
	crc := crc64.Checksum(content, crc64.MakeTable(crc64.ECMA))
	a.header.Set("x-oss-hash-crc64ecma", strconv.FormatUint(crc, 10))
	return a
}

func etag(content []byte) string { return fmt.Sprintf(`"%X"`, md5.Sum(content)) }

// get answers GetObject and HeadObject.
func (s *Server) get(q *request) (*answer, *failure) {
	about, err := s.objects.Stat(q.Context(), q.key)
	var content []byte
	if err == nil {
		content, err = s.objects.Get(q.Context(), q.key, maxObject)
	}
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, fail(404, "NoSuchKey", "0026-00000001", "The specified key does not exist.")
	case err != nil:
		return nil, internal(err)
	}
	a := described(reply(nil), content)
	a.header.Set("Content-Type", "application/octet-stream")
	a.header.Set("Last-Modified", about.ModTime.UTC().Format(http.TimeFormat))
	a.header.Set("x-oss-object-type", "Normal")
	if a.body = content; q.op == HeadObject {
		a.header.Set("Content-Length", strconv.Itoa(len(content)))
	}
	return a, nil
}

// delete answers DeleteMultipleObjects.
func (s *Server) delete(q *request) (*answer, *failure) {
	if q.Header.Get("Content-MD5") == "" {
		return nil, fail(400, "MissingArgument", "0016-00000606", "Missing Some Required Arguments: Content-MD5.")
	}
	if f := verify(q); f != nil {
		return nil, f
	}
	var batch struct {
		XMLName xml.Name `xml:"Delete"`
		Quiet   bool
		Object  []struct{ Key string }
	}
	if err := xml.Unmarshal(q.content, &batch); err != nil || len(batch.Object) == 0 || len(batch.Object) > maxBatch {
		return nil, fail(400, "MalformedXML", "0016-00000608",
			"The XML you provided was not well-formed or has no key, or more than 1000.")
	}
	type deleted struct{ Key string }
	result := struct {
		XMLName      xml.Name  `xml:"DeleteResult"`
		EncodingType string    `xml:",omitempty"`
		Deleted      []deleted `xml:",omitempty"`
	}{EncodingType: q.query["encoding-type"]}
	var gone []string
	for _, object := range batch.Object {
		if !q.fault.keeps(object.Key) {
			gone = append(gone, object.Key)
		}
		if q.fault.mentions(object.Key) {
			result.Deleted = append(result.Deleted, deleted{q.encode(object.Key)})
		}
	}
	if err := s.objects.Delete(q.Context(), gone...); err != nil {
		return nil, internal(err)
	}
	if batch.Quiet {
		return reply(nil), nil
	}
	return reply(result), nil
}

// encode writes a key as the request wants to have it.
func (q *request) encode(key string) string {
	if q.query["encoding-type"] == "url" {
		return escape(key, "")
	}
	return key
}
