package s3

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/smithy-go/middleware"
)

const (
	declaration = `<?xml version="1.0" encoding="UTF-8"?>`
	namespace   = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`
	begin       = declaration + "\n<ListBucketResult" + namespace + ">"
	end         = "</ListBucketResult>"
)

// entries are objects and common prefixes as stores list them.
const (
	ofVersitygw = `<Contents><LastModified>2026-11-25T15:21:56Z</LastModified><ChecksumAlgorithm></ChecksumAlgorithm>` +
		`<ChecksumType></ChecksumType><ETag></ETag><Key>docker/registry/v2/blobs/sha256/00/0003116090ad/data</Key>` +
		`<Size>10</Size><StorageClass>STANDARD</StorageClass></Contents>`
	ofAmazon = `<Contents><Key>ExampleObject+1.txt</Key><LastModified>2013-09-17T18:07:53.000Z</LastModified>` +
		`<ETag>&quot;599bab3ed2c697f1d26842727561fd94&quot;</ETag><ChecksumAlgorithm>CRC32</ChecksumAlgorithm>` +
		`<ChecksumAlgorithm>SHA256</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>857</Size>` +
		`<StorageClass>REDUCED_REDUNDANCY</StorageClass></Contents>`
	ofMinIO = `<Contents><Key>a%2Bb/c</Key><LastModified>2022-03-04T05:06:07.123Z</LastModified>` +
		`<ETag>&#34;00000000000000000000000000000000-1&#34;</ETag><Size>0</Size>` +
		`<Owner><ID>02d6176db174dc93cb1b899f7c6078f08654445fe8cf1b6ce98d8855f66bdbf4</ID><DisplayName>minio</DisplayName></Owner>` +
		`<StorageClass>STANDARD</StorageClass></Contents>`
	indented = "<Contents>\r\n\t<Key> a&amp;b&#x26;&apos;&#39;&lt;&gt;]] </Key>\n    <Size>9223372036854775807</Size>\n  </Contents>"
	prefixes = `<CommonPrefixes><Prefix>photos/2006/February/</Prefix></CommonPrefixes>` +
		"<CommonPrefixes>\n<Prefix></Prefix></CommonPrefixes><CommonPrefixes></CommonPrefixes>"
)

// plainPages are what is read without the SDK.
var plainPages = map[string]string{
	"versitygw": begin + `<Name>bucket</Name><Prefix>docker/registry/v2/blobs/</Prefix><NextContinuationToken>docker/registry/v2/` +
		`</NextContinuationToken><KeyCount>3</KeyCount><MaxKeys>3</MaxKeys><IsTruncated>true</IsTruncated>` +
		strings.Repeat(ofVersitygw, 3) + `<EncodingType></EncodingType>` + end,
	"Amazon": begin + `<Name>example-bucket</Name><Prefix></Prefix><StartAfter>ExampleGuide.pdf</StartAfter>` +
		`<ContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</ContinuationToken><Delimiter>/</Delimiter>` +
		`<EncodingType>url</EncodingType><KeyCount>2</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>` +
		ofAmazon + prefixes + ofAmazon + end,
	"MinIO": declaration + "<ListBucketResult" + namespace + "><Name>b</Name><Prefix>a%2B</Prefix><KeyCount>1</KeyCount>" +
		"<MaxKeys>1000</MaxKeys><Delimiter></Delimiter><IsTruncated>false</IsTruncated>" + ofMinIO + "<EncodingType>url</EncodingType>" + end,
	"indented": begin + "\n  <IsTruncated>0</IsTruncated>\n  " + indented + "\n" + end + "\n\r\t ",
	"bare":     "<ListBucketResult><IsTruncated>false</IsTruncated>" + end,
	"empty":    begin + end,
}

// oddPages are left to the SDK: some of them are good.
var oddPages = map[string]string{
	"nothing":                "",
	"no XML":                 "gone",
	"another root":           declaration + "<ListAllMyBucketsResult></ListAllMyBucketsResult>",
	"an error":               declaration + "<Error><Code>InternalError</Code></Error>",
	"another namespace":      `<ListBucketResult xmlns="http://example.com/">` + end,
	"an attribute":           `<ListBucketResult a="b">` + end,
	"another version":        strings.Replace(begin+end, "1.0", "1.1", 1),
	"another encoding":       strings.Replace(begin+end, "UTF-8", "ISO-8859-1", 1),
	"a byte order mark":      "\ufeff" + begin + end,
	"space at first":         " " + begin + end,
	"two declarations":       declaration + begin + end,
	"a document type":        declaration + "<!DOCTYPE ListBucketResult>" + begin[len(declaration):] + end,
	"cut short":              begin + ofAmazon,
	"cut in an element":      begin + ofAmazon[:len(ofAmazon)/2],
	"not closed":             begin + "<Contents><Key>a</Key>" + end,
	"closed twice":           begin + "<Contents></Contents></Contents>" + end,
	"closed as another":      begin + "<Contents><Key>a</Size></Contents>" + end,
	"closed in small":        begin + "<Contents><Key>a</key></Contents>" + end,
	"closed by another sign": begin + "<Contents><Key>a<xKey></Contents>" + end,
	"the root in itself":     begin + "<ListBucketResult>" + end + end,
	"something behind":       begin + end + "<x>",
	"text behind":            begin + end + "x",
	"a comment":              begin + "<!-- <Contents> -->" + end,
	"an instruction":         begin + "<?x y?>" + end,
	"a section":              begin + "<Contents><Key><![CDATA[a]]></Key></Contents>" + end,
	"text between":           begin + "x" + ofAmazon + end,
	"text in an object":      begin + "<Contents>x<Key>a</Key></Contents>" + end,
	"an element in a key":    begin + "<Contents><Key>a<b/></Key></Contents>" + end,
	"a comment in a key":     begin + "<Contents><Key>a<!---->b</Key></Contents>" + end,
	"an unknown element":     begin + "<Marker></Marker>" + end,
	"an unknown entry":       begin + "<Contents><VersionId>a</VersionId></Contents>" + end,
	"an unknown owner":       begin + "<Contents><Owner><Name>a</Name></Owner></Contents>" + end,
	"an unknown prefix":      begin + "<CommonPrefixes><Key>a</Key></CommonPrefixes>" + end,
	"a deeper entry":         begin + "<Contents><Contents><Key>a</Key></Contents></Contents>" + end,
	"a key of the page":      begin + "<Key>a</Key>" + end,
	"restored":               begin + "<Contents><RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress></RestoreStatus></Contents>" + end,
	"in small letters":       begin + "<contents><key>a</key></contents>" + end,
	"self-closing":           begin + "<Prefix/>" + end,
	"a self-closing entry":   begin + "<Contents/>" + end,
	"an empty name":          begin + "<></>" + end,
	"a space in a tag":       begin + "<Contents ><Key>a</Key></Contents>" + end,
	"a space in an end":      begin + "<Contents><Key>a</Key ></Contents>" + end,
	"an attribute of a key":  begin + `<Contents><Key a="b">a</Key></Contents>` + end,
	"a prefixed element":     begin + "<s:Contents><s:Key>a</s:Key></s:Contents>" + end,
	"two keys":               begin + "<Contents><Key>a</Key><Key>b</Key></Contents>" + end,
	"two sizes":              begin + "<Contents><Size>1</Size><Size>2</Size></Contents>" + end,
	"two tags":               begin + "<Contents><ETag>a</ETag><ETag>b</ETag></Contents>" + end,
	"two owners":             begin + "<Contents><Owner></Owner><Owner></Owner></Contents>" + end,
	"two prefixes":           begin + "<CommonPrefixes><Prefix>a</Prefix><Prefix>b</Prefix></CommonPrefixes>" + end,
	"truncated and not":      begin + "<IsTruncated>true</IsTruncated><IsTruncated>false</IsTruncated>" + end,
	"two tokens":             begin + "<NextContinuationToken>a</NextContinuationToken><NextContinuationToken></NextContinuationToken>" + end,
	"two encodings":          begin + "<EncodingType>url</EncodingType><EncodingType></EncodingType>" + end,
	"no boolean":             begin + "<IsTruncated>yes</IsTruncated>" + end,
	"an empty boolean":       begin + "<IsTruncated></IsTruncated>" + end,
	"no number":              begin + "<Contents><Size>1e3</Size></Contents>" + end,
	"a large number":         begin + "<Contents><Size>9223372036854775808</Size></Contents>" + end,
	"a spaced number":        begin + "<Contents><Size> 1</Size></Contents>" + end,
	"a large count":          begin + "<KeyCount>4294967297</KeyCount>" + end,
	"no count":               begin + "<MaxKeys>many</MaxKeys>" + end,
	"no time":                begin + "<Contents><LastModified>yesterday</LastModified></Contents>" + end,
	"no date":                begin + "<Contents><LastModified>2026-02-30T00:00:00Z</LastModified></Contents>" + end,
	"not ASCII":              begin + "<Contents><Key>é</Key></Contents>" + end,
	"a prefix not in ASCII":  begin + "<CommonPrefixes><Prefix>é/</Prefix></CommonPrefixes>" + end,
	"a name not in ASCII":    begin + "<Name>é</Name>" + end,
	"an owner not in ASCII":  begin + "<Contents><Owner><ID>é</ID></Owner></Contents>" + end,
	"not UTF-8":              begin + "<Contents><Key>\xe9</Key></Contents>" + end,
	"no character":           begin + "<Contents><Key>a\x01</Key></Contents>" + end,
	"a null":                 begin + "<Contents><Key>a\x00</Key></Contents>" + end,
	"a delete":               begin + "<Contents><Key>a\x7f</Key></Contents>" + end,
	"a line's end":           begin + "<Contents><Key>a\r\nb</Key></Contents>" + end,
	"an end of a section":    begin + "<Contents><Key>a]]>b</Key></Contents>" + end,
	"an open tag":            begin + "<Contents><Key>a>b</Key></Contents>" + end,
	"a bare ampersand":       begin + "<Contents><Key>a&b</Key></Contents>" + end,
	"no semicolon":           begin + "<Contents><Key>a&amp</Key></Contents>" + end,
	"an unknown name":        begin + "<Contents><Key>a&nbsp;b</Key></Contents>" + end,
	"a name in capitals":     begin + "<Contents><Key>a&AMP;b</Key></Contents>" + end,
	"a spaced name":          begin + "<Contents><Key>a& amp;b</Key></Contents>" + end,
	"no name":                begin + "<Contents><Key>a&;b</Key></Contents>" + end,
	"no digits":              begin + "<Contents><Key>a&#;b</Key></Contents>" + end,
	"no digits of 16":        begin + "<Contents><Key>a&#x;b</Key></Contents>" + end,
	"digits without a sign":  begin + "<Contents><Key>a&38;b</Key></Contents>" + end,
	"an x without a sign":    begin + "<Contents><Key>a&x26;b</Key></Contents>" + end,
	"a sign before digits":   begin + "<Contents><Key>a&#+38;b</Key></Contents>" + end,
	"digits apart":           begin + "<Contents><Key>a&#3_8;b</Key></Contents>" + end,
	"a capital X":            begin + "<Contents><Key>a&#X26;b</Key></Contents>" + end,
	"a number beyond ASCII":  begin + "<Contents><Key>a&#233;b</Key></Contents>" + end,
	"a large reference":      begin + "<Contents><Key>a&#294;b</Key></Contents>" + end,
	"a line by its number":   begin + "<Contents><Key>a&#13;&#10;b</Key></Contents>" + end,
	"a null by its number":   begin + "<Contents><Key>a&#0;b</Key></Contents>" + end,
	"a doubly bare one":      begin + "<Contents><Key>&amp;&</Key></Contents>" + end,
	"a doubly odd one":       begin + "<Contents><Key>&amp;é</Key></Contents>" + end,
}

// checkPage wants an answer to be read as the SDK reads it, whoever does. It
// tells whether the SDK was not needed.
func checkPage(t *testing.T, step middleware.DeserializeMiddleware, body string) bool {
	t.Helper()
	want, wantErr := readBy(t, step, strings.NewReader(body))
	page, read := readPage([]byte(body))
	if read && (wantErr != nil || !reflect.DeepEqual(page, want)) {
		t.Errorf("%q is read as\n%+v, the SDK says\n%+v, %v", body, page, want, wantErr)
	}
	got, err := readBy(t, &answerReader{step, readListing}, strings.NewReader(body))
	if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
		t.Errorf("%q becomes\n%+v, %v, the SDK says\n%+v, %v", body, got, err, want, wantErr)
	}
	return read
}

func TestPlainPages(t *testing.T) {
	step := sdksOfListing(t)
	for name, body := range plainPages {
		t.Run(name, func(t *testing.T) {
			if !checkPage(t, step, body) {
				t.Errorf("%q is left to the SDK", body)
			}
		})
	}
}

func TestOddPages(t *testing.T) {
	step := sdksOfListing(t)
	for name, body := range oddPages {
		t.Run(name, func(t *testing.T) {
			if checkPage(t, step, body) {
				t.Errorf("%q is not left to the SDK", body)
			}
		})
	}
}

// pieces are what pages are made of.
var pieces = []string{
	ofVersitygw, ofAmazon, ofMinIO, indented, prefixes, "<Name>bucket</Name>", "<Prefix>a</Prefix>", "<Delimiter>/</Delimiter>",
	"<EncodingType>url</EncodingType>", "<IsTruncated>true</IsTruncated>", "<KeyCount>0</KeyCount>", "<MaxKeys>-1</MaxKeys>",
	"<StartAfter>&#x41;</StartAfter>", "<NextContinuationToken>=&#38;</NextContinuationToken>", "<ContinuationToken></ContinuationToken>",
	"<Contents><Key>", "</Key></Contents>", "<Contents>", "</Contents>", "<Key>", "</Key>", "<Size>", "</Size>", "<Owner>", "</Owner>",
	"<LastModified>", "</LastModified>", "<ETag>", "</ETag>", "<CommonPrefixes>", "</CommonPrefixes>", "<Prefix>", "</Prefix>",
	"<ID>", "</ID>", "<Contents/>", "<Key/>", begin, end, declaration, "<Other>", "</Other>", "<", ">", "&", ";", "/", "\n", "\r",
	" ", "a", "1", "-", "true", "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05+01:00", "&amp;", "&quot;", "&#34;", "&#x22;", "&#0;",
	"&#", "]]>", "]]", "<![CDATA[", "<!--", "-->", "<?", "?>", "é", "\xff", "\x00", "xmlns=", "\"",
}

// pageOf makes a page at random.
func pageOf(random *rand.Rand) string {
	body := ""
	for range random.IntN(12) {
		n := len(pieces)
		if random.IntN(3) > 0 {
			n = 17 // most of them whole
		}
		body += pieces[random.IntN(n)]
	}
	if random.IntN(8) == 0 {
		return body
	}
	return begin + body + end
}

func TestPagesOfPieces(t *testing.T) {
	step, random := sdksOfListing(t), rand.New(rand.NewPCG(1, 2))
	read := 0
	for range 5000 {
		if checkPage(t, step, pageOf(random)) {
			read++
		}
	}
	if read < 500 || read > 4500 {
		t.Errorf("of 5000 pages %d are read without the SDK", read)
	}
}

// Whatever a store answers, it is read as the SDK reads it: what fits into a
// page that is known, or made of pieces, in the place of something else, and
// what stands alone.
func FuzzPage(f *testing.F) {
	var known []string
	for _, pages := range []map[string]string{plainPages, oddPages} {
		for _, name := range slices.Sorted(maps.Keys(pages)) {
			f.Add(uint64(len(known)), uint16(0), uint16(0), "")
			known = append(known, pages[name])
		}
	}
	for i, piece := range pieces {
		f.Add(uint64(i), uint16(200), uint16(i), piece)
	}
	step := sdksOfListing(f)
	f.Fuzz(func(t *testing.T, page uint64, at, cut uint16, piece string) {
		var body string
		if page < uint64(len(known)) {
			body = known[page]
		} else {
			body = pageOf(rand.New(rand.NewPCG(page, 0)))
		}
		from := min(int(at), len(body))
		checkPage(t, step, body[:from]+piece+body[min(from+int(cut), len(body)):])
		checkPage(t, step, piece)
	})
}
