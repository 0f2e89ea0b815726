package oss

import (
	"context"
	"errors"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
	"github.com/aliyun/credentials-go/credentials/providers"
	"github.com/blobsweep/blobsweep/internal/objectstore"
)

// pause is how long a source of credentials is left alone after it failed.
const pause = 10 * time.Second

// keyring hands out credentials, and keeps them out of messages. It makes a
// provider of one that knows no context, is not safe for concurrent use, and
// panics on some answers.
type keyring struct {
	choose func() (source, error) // called when credentials are first needed

	last atomic.Pointer[credentials.Credentials]

	mu     sync.Mutex // held while the source is asked
	source source
	failed *objectstore.Fault // when it was last asked
	retry  time.Time          // when it may be asked again
}

var _ credentials.CredentialsProvider = (*keyring)(nil)

// newKeyring has the credentials of a configuration or, without any, those of
// the first source that is there.
func newKeyring(c Config) *keyring {
	if c.AccessKeyID == "" {
		return &keyring{choose: environment}
	}
	keys := static{c.AccessKeyID, c.AccessKeySecret, c.SecurityToken}
	return &keyring{choose: func() (source, error) { return source{"the configuration", keys}, nil }}
}

// GetCredentials implements [credentials.CredentialsProvider].
func (k *keyring) GetCredentials(ctx context.Context) (credentials.Credentials, error) {
	type result struct {
		*credentials.Credentials
		*objectstore.Fault
	}
	done := make(chan result, 1)
	go func() {
		c, fault := k.get()
		done <- result{c, fault}
	}()
	select {
	case <-ctx.Done():
		return credentials.Credentials{}, context.Cause(ctx)
	case r := <-done:
		if r.Fault != nil {
			return credentials.Credentials{}, r.Fault
		}
		return *r.Credentials, nil
	}
}

// get asks the source, which renews what it gave before when the time has come.
// While that fails, the last ones are used until the store refuses them.
func (k *keyring) get() (*credentials.Credentials, *objectstore.Fault) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Now().Before(k.retry) {
		return k.last.Load(), k.failed
	}
	given, err := k.fetch()
	if err == nil {
		k.failed = nil
		k.last.Store(&credentials.Credentials{
			AccessKeyID: given.AccessKeyId, AccessKeySecret: given.AccessKeySecret, SecurityToken: given.SecurityToken,
		})
		return k.last.Load(), nil
	}
	k.retry = time.Now().Add(pause)
	if k.last.Load() == nil {
		k.failed = k.explain(err)
	}
	return k.last.Load(), k.failed
}

// fetch chooses the source the first time, and asks it. It is called with the
// lock held.
func (k *keyring) fetch() (*providers.Credentials, error) {
	if k.source.provider == nil {
		chosen, err := k.choose()
		if k.source.name = chosen.name; err != nil {
			return nil, err
		}
		k.source = chosen
	}
	return ask(k.source.provider)
}

// ask gets credentials from a provider, whatever it does.
func ask(p providers.CredentialsProvider) (c *providers.Credentials, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the answer is incomplete")
		}
	}()
	c, err = p.GetCredentials()
	if err == nil && (c == nil || c.AccessKeyId == "" || c.AccessKeySecret == "") {
		err = errors.New("the answer is empty")
	}
	return c, err
}

// code is that of an error answer within the text of a provider's error.
var code = regexp.MustCompile(`"Code"\s*:\s*"([A-Za-z0-9.]+)"`)

// explain says of the first failure what can be done: trying again does not
// help. The error of a provider may hold credentials, so it is not shown.
func (k *keyring) explain(err error) *objectstore.Fault {
	var known *objectstore.Fault
	if errors.As(err, &known) {
		return known
	}
	f := &objectstore.Fault{Class: objectstore.Failed, Message: "no credentials could be had from " + k.source.name}
	if m := code.FindStringSubmatch(err.Error()); m != nil {
		f.Code = m[1]
	}
	if _, role := k.source.provider.(*providers.ECSRAMRoleCredentialsProvider); role {
		f.Message = noCredentials
	}
	return f
}

// noCredentials is the remedy when there are none.
const noCredentials = "no credentials were found: set accesskeyid and accesskeysecret in the registry's configuration, " +
	"or OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET in the environment, or a profile of the aliyun command, " +
	"or give the machine a role (RRSA, RAM role of the ECS instance)"

// redact takes credentials out of a text.
func (k *keyring) redact(text string) string {
	if c := k.last.Load(); c != nil {
		return objectstore.Redact(text, c.AccessKeySecret, c.SecurityToken, c.AccessKeyID)
	}
	return objectstore.Redact(text)
}
