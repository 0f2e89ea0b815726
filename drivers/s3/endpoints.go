package s3

import (
	"context"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/auth"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
)

// endpoints remembers where the SDK's rules lead: all requests of a driver go to
// one bucket, and going through the rules twice for each costs as much as
// signing it.
type endpoints struct {
	rules s3.EndpointResolverV2
	last  atomic.Pointer[resolved]
}

// resolved is what the rules made of parameters.
type resolved struct {
	from     ruleInput
	endpoint smithyendpoints.Endpoint // never changed
}

// ruleInput are those of [s3.EndpointParameters] on which the rules depend: all
// but the keys.
type ruleInput struct {
	bucket, region, endpoint                                                           option[string]
	fips, dualStack, pathStyle, accelerate, global, objectLambda, noPoints, noMultiple option[bool]
	arnRegion, expressControl, noExpressSession                                        option[bool]
}

// option is a parameter that may be left out.
type option[T comparable] struct {
	given bool
	value T
}

func optionOf[T comparable](p *T) option[T] {
	if p == nil {
		return option[T]{}
	}
	return option[T]{true, *p}
}

// ResolveEndpoint implements [s3.EndpointResolverV2].
func (e *endpoints) ResolveEndpoint(ctx context.Context, p s3.EndpointParameters) (smithyendpoints.Endpoint, error) {
	from := ruleInput{
		bucket: optionOf(p.Bucket), region: optionOf(p.Region), endpoint: optionOf(p.Endpoint),
		fips: optionOf(p.UseFIPS), dualStack: optionOf(p.UseDualStack), pathStyle: optionOf(p.ForcePathStyle),
		accelerate: optionOf(p.Accelerate), global: optionOf(p.UseGlobalEndpoint), objectLambda: optionOf(p.UseObjectLambdaEndpoint),
		noPoints: optionOf(p.DisableAccessPoints), noMultiple: optionOf(p.DisableMultiRegionAccessPoints),
		arnRegion: optionOf(p.UseArnRegion), expressControl: optionOf(p.UseS3ExpressControlEndpoint),
		noExpressSession: optionOf(p.DisableS3ExpressSessionAuth),
	}
	if last := e.last.Load(); last != nil && last.from == from {
		return copyOf(last.endpoint), nil
	}
	endpoint, err := e.rules.ResolveEndpoint(ctx, p)
	if err == nil {
		e.last.Store(&resolved{from, copyOf(endpoint)})
	}
	return endpoint, err
}

// copyOf copies an endpoint so deep that the SDK may change it: it adds to the
// properties of the signers.
func copyOf(e smithyendpoints.Endpoint) smithyendpoints.Endpoint {
	c := smithyendpoints.Endpoint{URI: e.URI, Headers: e.Headers.Clone()}
	c.Properties.SetAll(&e.Properties)
	if signers, ok := auth.GetAuthOptions(&c.Properties); ok {
		copies := make([]*auth.Option, len(signers))
		for i, signer := range signers {
			copies[i] = &auth.Option{SchemeID: signer.SchemeID}
			copies[i].IdentityProperties.SetAll(&signer.IdentityProperties)
			copies[i].SignerProperties.SetAll(&signer.SignerProperties)
		}
		auth.SetAuthOptions(&c.Properties, copies)
	}
	return c
}
