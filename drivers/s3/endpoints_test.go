package s3

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/auth"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
)

// everyEndpoint are parameters of which each has a value for itself.
func everyEndpoint() map[string]s3.EndpointParameters {
	all := map[string]s3.EndpointParameters{}
	for name, change := range map[string]func(*s3.EndpointParameters){
		"plain":     func(*s3.EndpointParameters) {},
		"Bucket":    func(p *s3.EndpointParameters) { p.Bucket = aws.String("other") },
		"no Bucket": func(p *s3.EndpointParameters) { p.Bucket = nil },
		"dotted":    func(p *s3.EndpointParameters) { p.Bucket = aws.String("b.c") },
		"alias":     func(p *s3.EndpointParameters) { p.Bucket = aws.String("ap-x-s3alias") },
		"express":   func(p *s3.EndpointParameters) { p.Bucket = aws.String("bucket--use1-az4--x-s3") },
		"access point": func(p *s3.EndpointParameters) {
			p.Bucket = aws.String("arn:aws:s3:eu-west-3:123456789012:accesspoint/ap")
		},
		"several regions": func(p *s3.EndpointParameters) { p.Bucket = aws.String("arn:aws:s3::123456789012:accesspoint:ap.mrap") },
		"lambda": func(p *s3.EndpointParameters) {
			p.Bucket = aws.String("arn:aws:s3-object-lambda:eu-west-3:123456789012:accesspoint/ap")
		},
		"elsewhere": func(p *s3.EndpointParameters) {
			p.Bucket = aws.String("arn:aws:s3:us-east-2:123456789012:accesspoint/ap")
		},
		"Region":         func(p *s3.EndpointParameters) { p.Region = aws.String("us-east-1") },
		"China":          func(p *s3.EndpointParameters) { p.Region = aws.String("cn-north-1") },
		"Endpoint":       func(p *s3.EndpointParameters) { p.Endpoint = aws.String("http://127.0.0.1:9000/s3") },
		"UseFIPS":        func(p *s3.EndpointParameters) { p.UseFIPS = aws.Bool(true) },
		"UseDualStack":   func(p *s3.EndpointParameters) { p.UseDualStack = aws.Bool(true) },
		"ForcePathStyle": func(p *s3.EndpointParameters) { p.ForcePathStyle = aws.Bool(true) },
		"Accelerate":     func(p *s3.EndpointParameters) { p.Accelerate = aws.Bool(true) },
		"UseGlobalEndpoint": func(p *s3.EndpointParameters) {
			p.Region, p.UseGlobalEndpoint = aws.String("us-east-1"), aws.Bool(true)
		},
		"UseObjectLambdaEndpoint": func(p *s3.EndpointParameters) { p.Bucket, p.UseObjectLambdaEndpoint = nil, aws.Bool(true) },
		"DisableAccessPoints": func(p *s3.EndpointParameters) {
			p.Bucket = aws.String("arn:aws:s3:eu-west-3:123456789012:accesspoint/ap")
			p.DisableAccessPoints = aws.Bool(true)
		},
		"DisableMultiRegionAccessPoints": func(p *s3.EndpointParameters) {
			p.Bucket = aws.String("arn:aws:s3::123456789012:accesspoint:ap.mrap")
			p.DisableMultiRegionAccessPoints = aws.Bool(true)
		},
		"UseArnRegion": func(p *s3.EndpointParameters) {
			p.Bucket, p.UseArnRegion = aws.String("arn:aws:s3:us-east-2:123456789012:accesspoint/ap"), aws.Bool(false)
		},
		"UseS3ExpressControlEndpoint": func(p *s3.EndpointParameters) {
			p.Bucket, p.UseS3ExpressControlEndpoint = aws.String("bucket--use1-az4--x-s3"), aws.Bool(true)
		},
		"DisableS3ExpressSessionAuth": func(p *s3.EndpointParameters) {
			p.Bucket, p.DisableS3ExpressSessionAuth = aws.String("bucket--use1-az4--x-s3"), aws.Bool(true)
		},
	} {
		p := s3.EndpointParameters{Bucket: aws.String("bucket"), Region: aws.String("eu-west-3")}.WithDefaults()
		change(&p)
		all[name] = p
	}
	return all
}

// spoil does to an endpoint what the SDK does.
func spoil(e smithyendpoints.Endpoint) {
	signers, _ := auth.GetAuthOptions(&e.Properties)
	for _, signer := range signers {
		signer.SchemeID += "#spoilt"
		signer.SignerProperties.Set("spoilt", true)
		signer.IdentityProperties.Set("spoilt", true)
	}
	e.Headers.Set("Spoilt", "true")
	e.Properties.Set("spoilt", true)
}

// What is remembered is what the rules say, whatever was asked for before.
func TestEndpointsAreThoseOfTheRules(t *testing.T) {
	rules := s3.NewDefaultEndpointResolverV2()
	e := &endpoints{rules: rules}
	for first, p := range everyEndpoint() {
		for second, q := range everyEndpoint() {
			for _, step := range []s3.EndpointParameters{p, p, q, q, p} {
				want, wantErr := rules.ResolveEndpoint(t.Context(), step)
				got, err := e.ResolveEndpoint(t.Context(), step)
				if !reflect.DeepEqual(got, want) || (err == nil) != (wantErr == nil) {
					t.Fatalf("%s, %s: %+v, %v, the rules say %+v, %v", first, second, got, err, want, wantErr)
				}
				if err == nil {
					spoil(got)
				}
			}
		}
	}
}

func TestCopyOfEndpoint(t *testing.T) {
	original := func() smithyendpoints.Endpoint {
		e := smithyendpoints.Endpoint{URI: url.URL{Scheme: "https", Host: "store.example"}, Headers: http.Header{"Some": {"value"}}}
		e.Properties.Set("of", "the endpoint")
		signer := &auth.Option{SchemeID: "scheme"}
		signer.IdentityProperties.Set("of", "the identity")
		signer.SignerProperties.Set("of", "the signer")
		auth.SetAuthOptions(&e.Properties, []*auth.Option{signer})
		return e
	}
	e := original()
	c := copyOf(e)
	if !reflect.DeepEqual(c, original()) {
		t.Errorf("the copy is %+v", c)
	}
	spoil(c)
	if !reflect.DeepEqual(e, original()) {
		t.Errorf("with its copy it became %+v", e)
	}
}

// The rules do not depend on keys, and on nothing that is not compared.
func TestEndpointsOfKeys(t *testing.T) {
	known := 0
	for name := range everyEndpoint() {
		if _, ok := reflect.TypeFor[s3.EndpointParameters]().FieldByName(name); ok {
			known++
		}
	}
	keys := []string{"Key", "Prefix", "CopySource"}
	if all := reflect.TypeFor[s3.EndpointParameters]().NumField(); all != known+len(keys) {
		t.Errorf("the SDK has %d parameters, and %d are known", all, known+len(keys))
	}
	rules := s3.NewDefaultEndpointResolverV2()
	for name, p := range everyEndpoint() {
		want, wantErr := rules.ResolveEndpoint(t.Context(), p)
		for _, field := range keys {
			q := p
			reflect.ValueOf(&q).Elem().FieldByName(field).Set(reflect.ValueOf(aws.String("docker/registry/v2")))
			got, err := rules.ResolveEndpoint(t.Context(), q)
			if !reflect.DeepEqual(got, want) || (err == nil) != (wantErr == nil) {
				t.Errorf("%s with %s: %+v, %v, without %+v, %v", name, field, got, err, want, wantErr)
			}
		}
	}
}

// Where the requests of a driver go is found out once.
func TestEndpointIsResolvedOnce(t *testing.T) {
	d, _ := scripted(t, listing(false, ""))
	counted := &countedRules{rules: s3.NewDefaultEndpointResolverV2()}
	b := d.API.(*bucket)
	options := b.client.Options()
	options.EndpointResolverV2.(*endpoints).rules = counted
	for range 5 {
		if err := list(d); err != nil {
			t.Fatal(err)
		}
		if err := get(d); err != nil {
			t.Fatal(err)
		}
	}
	if counted.times != 1 {
		t.Errorf("the rules were asked %d times", counted.times)
	}
}

type countedRules struct {
	rules s3.EndpointResolverV2
	times int
}

// ResolveEndpoint implements [s3.EndpointResolverV2].
func (c *countedRules) ResolveEndpoint(ctx context.Context, p s3.EndpointParameters) (smithyendpoints.Endpoint, error) {
	c.times++
	return c.rules.ResolveEndpoint(ctx, p)
}
