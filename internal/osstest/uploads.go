package osstest

import (
	"cmp"
	"encoding/xml"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// upload is a multipart upload that is neither completed nor aborted. The
// server completes none.
type upload struct {
	key, id   string
	initiated time.Time
	parts     map[int][]byte
}

// PutUpload begins a multipart upload at a time of the past and gives it parts,
// without a request. It returns the upload's ID.
func (s *Server) PutUpload(key string, initiated time.Time, parts ...[]byte) (id string) {
	id = s.next("UPLOAD%08X")
	u := &upload{key: key, id: id, initiated: initiated, parts: map[int][]byte{}}
	for i, part := range parts {
		u.parts[i+1] = slices.Clone(part)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uploads[id] = u
	return id
}

// Uploads returns the keys of the uploads in progress in byte order, without a
// request.
func (s *Server) Uploads() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for _, u := range s.sortedUploads() {
		keys = append(keys, u.key)
	}
	return keys
}

// sortedUploads is called with the lock held.
func (s *Server) sortedUploads() []*upload {
	return slices.SortedFunc(maps.Values(s.uploads), func(a, b *upload) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.id, b.id))
	})
}

func (s *Server) initiate(q *request) (*answer, *failure) {
	return reply(struct {
		XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
		Bucket   string
		Key      string
		UploadID string `xml:"UploadId"`
	}{Bucket: q.bucket, Key: q.encode(q.key), UploadID: s.PutUpload(q.key, s.config.Now())}), nil
}

// upload finds the one that a request names. It is called with the lock held.
func (s *Server) upload(q *request) (*upload, *failure) {
	if u := s.uploads[q.query["uploadId"]]; u != nil && u.key == q.key {
		return u, nil
	}
	return nil, fail(404, "NoSuchUpload", "0042-00000002",
		"The specified upload does not exist. It may have been completed or aborted.")
}

func (s *Server) uploadPart(q *request) (*answer, *failure) {
	number, err := strconv.Atoi(q.query["partNumber"])
	if err != nil || number < 1 || number > 10_000 {
		return nil, invalid("0016-00000401", "The part number must be from 1 to 10000.")
	}
	if f := verify(q); f != nil {
		return nil, f
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, f := s.upload(q)
	if f != nil {
		return nil, f
	}
	u.parts[number] = q.content
	return described(reply(nil), q.content), nil
}

func (s *Server) abort(q *request) (*answer, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, f := s.upload(q)
	if f != nil {
		return nil, f
	}
	delete(s.uploads, u.id)
	a := reply(nil)
	a.status = 204
	return a, nil
}

func (s *Server) listUploads(q *request) (*answer, *failure) {
	size, f := pageSize(q, "max-uploads", maxPage)
	if f != nil {
		return nil, f
	}
	type entry struct {
		Key       string
		UploadID  string `xml:"UploadId"`
		Initiated string
	}
	result := struct {
		XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
		Bucket             string
		EncodingType       string `xml:",omitempty"`
		Prefix             string
		KeyMarker          string
		UploadIDMarker     string `xml:"UploadIdMarker"`
		NextKeyMarker      string
		NextUploadIDMarker string `xml:"NextUploadIdMarker"`
		MaxUploads         int
		IsTruncated        bool
		Upload             []entry
	}{
		Bucket: q.bucket, EncodingType: q.query["encoding-type"], Prefix: q.encode(q.query["prefix"]),
		KeyMarker: q.encode(q.query["key-marker"]), UploadIDMarker: q.query["upload-id-marker"], MaxUploads: size,
	}
	keyMarker, idMarker := q.query["key-marker"], q.query["upload-id-marker"]
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.sortedUploads() {
		if !strings.HasPrefix(u.key, q.query["prefix"]) || u.key < keyMarker ||
			u.key == keyMarker && (idMarker == "" || u.id <= idMarker) {
			continue
		}
		if len(result.Upload) == size {
			result.IsTruncated = true
			break
		}
		result.Upload = append(result.Upload, entry{q.encode(u.key), u.id, timestamp(u.initiated)})
		result.NextKeyMarker, result.NextUploadIDMarker = q.encode(u.key), u.id
	}
	return reply(result), nil
}

func (s *Server) listParts(q *request) (*answer, *failure) {
	size, f := pageSize(q, "max-parts", maxPage)
	if f != nil {
		return nil, f
	}
	marker := 0
	if value := q.query["part-number-marker"]; value != "" {
		var err error
		if marker, err = strconv.Atoi(value); err != nil {
			return nil, invalid("0016-00000402", "The part number marker is no number.")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, f := s.upload(q)
	if f != nil {
		return nil, f
	}
	type entry struct {
		PartNumber   int
		LastModified string
		ETag         string
		Size         int
	}
	result := struct {
		XMLName              xml.Name `xml:"ListPartsResult"`
		EncodingType         string   `xml:",omitempty"`
		Bucket               string
		Key                  string
		UploadID             string `xml:"UploadId"`
		PartNumberMarker     int
		NextPartNumberMarker int
		MaxParts             int
		IsTruncated          bool
		Part                 []entry
	}{
		EncodingType: q.query["encoding-type"], Bucket: q.bucket, Key: q.encode(u.key), UploadID: u.id,
		PartNumberMarker: marker, MaxParts: size,
	}
	for _, number := range slices.Sorted(maps.Keys(u.parts)) {
		if number <= marker {
			continue
		}
		if len(result.Part) == size {
			result.IsTruncated = true
			break
		}
		part := u.parts[number]
		result.Part = append(result.Part, entry{number, timestamp(u.initiated), etag(part), len(part)})
		result.NextPartNumberMarker = number
	}
	return reply(result), nil
}
