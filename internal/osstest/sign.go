package osstest

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxSkew is how far the clocks of client and server may be apart.
const maxSkew = 15 * time.Minute

const (
	algorithm   = "OSS4-HMAC-SHA256"
	dateLayout  = "20060102"
	clockLayout = "20060102T150405Z"
)

// authorize checks who sent a request, in the order in which OSS does.
func (s *Server) authorize(q *request) *failure {
	header := q.Header.Get("Authorization")
	if rest, ok := strings.CutPrefix(header, algorithm+" "); ok {
		return s.authorizeV4(q, rest)
	}
	if rest, ok := strings.CutPrefix(header, "OSS "); ok {
		return s.authorizeV1(q, rest)
	}
	if header != "" {
		return invalid("0002-00000020", "The Authorization header is of no known kind.")
	}
	return fail(403, "AccessDenied", "0003-00000001", "Anonymous access is forbidden for this operation.")
}

func invalid(ec, message string) *failure { return fail(400, "InvalidArgument", ec, message) }

// authorizeV4 checks a signature of version 4.
// Source: "Include a V4 signature in the Authorization header", OSS API reference.
func (s *Server) authorizeV4(q *request, header string) *failure {
	fields := map[string]string{}
	for field := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields[name] = value
	}
	scope := strings.Split(fields["Credential"], "/")
	if len(scope) != 5 || scope[3] != "oss" || scope[4] != "aliyun_v4_request" {
		return invalid("0002-00000204", "The Credential in the Authorization header is malformed.")
	}
	id, date, region := scope[0], scope[1], scope[2]
	if f := s.known(q, id); f != nil {
		return f
	}
	if region != s.config.Region {
		return invalid("0002-00000226", "Invalid signing region in Authorization header.")
	}
	at, err := time.Parse(clockLayout, q.Header.Get("x-oss-date"))
	if err != nil || at.Format(dateLayout) != date {
		return invalid("0002-00000211", "The x-oss-date header is not the date of the Credential.")
	}
	if q.Header.Get("x-oss-content-sha256") != "UNSIGNED-PAYLOAD" {
		return invalid("0002-00000215", "The x-oss-content-sha256 header must be UNSIGNED-PAYLOAD.")
	}
	key := []byte("aliyun_v4" + s.config.AccessKeySecret)
	for _, part := range scope[1:] {
		key = hmacSHA256(key, part)
	}
	digest := sha256.Sum256([]byte(q.canonical(fields["AdditionalHeaders"])))
	toSign := strings.Join([]string{
		algorithm, at.Format(clockLayout), strings.Join(scope[1:], "/"), hex.EncodeToString(digest[:]),
	}, "\n")
	if !equal(fields["Signature"], hex.EncodeToString(hmacSHA256(key, toSign))) {
		return mismatch()
	}
	return s.inTime(at)
}

// canonical is the canonical request of version 4.
func (q *request) canonical(additional string) string {
	var query []string
	for name, value := range q.query {
		pair := escape(name, "")
		if value != "" {
			pair += "=" + escape(value, "")
		}
		query = append(query, pair)
	}
	slices.SortFunc(query, byName("="))
	others := strings.Split(additional, ";")
	headers := q.headers(func(name string) bool {
		return name == "content-type" || name == "content-md5" || strings.HasPrefix(name, "x-oss-") ||
			slices.Contains(others, name)
	})
	return strings.Join([]string{
		q.Method, escape("/"+q.bucket+"/"+q.key, "/"), strings.Join(query, "&"), headers, additional,
		q.Header.Get("x-oss-content-sha256"),
	}, "\n")
}

// headers are the chosen ones in order, a line each.
func (q *request) headers(chosen func(name string) bool) string {
	all := q.Header.Clone()
	all.Set("Host", q.Host)
	var lines []string
	for name, values := range all {
		if name = strings.ToLower(name); chosen(name) {
			lines = append(lines, name+":"+strings.TrimSpace(strings.Join(values, ","))+"\n")
		}
	}
	slices.SortFunc(lines, byName(":"))
	return strings.Join(lines, "")
}

// byName compares pairs by what is before the separator: as a part of a pair it
// sorts behind some characters of names.
func byName(separator string) func(a, b string) int {
	return func(a, b string) int {
		nameA, _, _ := strings.Cut(a, separator)
		nameB, _, _ := strings.Cut(b, separator)
		return cmp.Compare(nameA, nameB)
	}
}

// signedV1 are the parameters that a signature of version 1 covers.
// Source: "Add signatures to headers", OSS API reference.
var signedV1 = []string{"continuation-token", "delete", "partNumber", "uploadId", "uploads", "versioning"}

// authorizeV1 checks a signature of version 1.
func (s *Server) authorizeV1(q *request, header string) *failure {
	id, signature, _ := strings.Cut(header, ":")
	if f := s.known(q, id); f != nil {
		return f
	}
	date := q.Header.Get("Date")
	at, err := http.ParseTime(date)
	if err != nil {
		return fail(403, "AccessDenied", "0002-00000501", "OSS authentication requires a valid Date.")
	}
	var parameters []string
	for _, name := range signedV1 {
		switch value, sent := q.query[name]; {
		case sent && value == "":
			parameters = append(parameters, name)
		case sent:
			parameters = append(parameters, name+"="+value)
		}
	}
	resource := "/" + q.bucket + "/" + q.key
	if len(parameters) > 0 {
		resource += "?" + strings.Join(parameters, "&")
	}
	own := q.headers(func(name string) bool { return strings.HasPrefix(name, "x-oss-") })
	mac := hmac.New(sha1.New, []byte(s.config.AccessKeySecret))
	mac.Write([]byte(strings.Join([]string{
		q.Method, q.Header.Get("Content-MD5"), q.Header.Get("Content-Type"), date, own + resource,
	}, "\n")))
	if !equal(signature, base64.StdEncoding.EncodeToString(mac.Sum(nil))) {
		return mismatch()
	}
	return s.inTime(at)
}

// known checks the access key and the security token.
func (s *Server) known(q *request, id string) *failure {
	if id != s.config.AccessKeyID {
		return fail(403, "InvalidAccessKeyId", "0002-00000902",
			"The OSS Access Key Id you provided does not exist in our records.")
	}
	if token := q.Header.Get("x-oss-security-token"); token != s.config.SecurityToken {
		return fail(403, "InvalidSecurityToken", "0002-00000903", "The security token you provided is invalid.")
	}
	return nil
}

func (s *Server) inTime(at time.Time) *failure {
	if s.config.Now().Sub(at).Abs() > maxSkew {
		return fail(403, "RequestTimeTooSkewed", "0002-00000504",
			"The difference between the request time and the current time is too large.")
	}
	return nil
}

func mismatch() *failure {
	return fail(403, "SignatureDoesNotMatch", "0002-00000040",
		"The request signature we calculated does not match the signature you provided. Check your key and signing method.")
}

func equal(got, want string) bool { return hmac.Equal([]byte(got), []byte(want)) }

func hmacSHA256(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// escape percent-encodes all but the unreserved characters and those in keep.
func escape(text, keep string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
			strings.IndexByte("-._~"+keep, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
