package oss

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/aliyun/credentials-go/credentials/providers"
	"github.com/blobsweep/blobsweep/internal/objectstore"
)

// source is where credentials come from.
type source struct {
	name     string // for messages
	provider providers.CredentialsProvider
}

// static are credentials that do not change.
type static struct{ id, secret, token string }

// GetCredentials implements [providers.CredentialsProvider].
func (s static) GetCredentials() (*providers.Credentials, error) {
	return &providers.Credentials{AccessKeyId: s.id, AccessKeySecret: s.secret, SecurityToken: s.token}, nil
}

// GetProviderName implements [providers.CredentialsProvider].
func (static) GetProviderName() string { return "static" }

// variables of the environment that hold keys, in order.
var variables = []struct{ id, secret, token string }{
	{"OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN"},
	{"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"},
}

// environment chooses the source that the environment, in the wide sense,
// names first. What one of them lacks is an error, not a reason to take the
// next: nobody wants to work as somebody else.
func environment() (source, error) {
	role, token := os.Getenv("ALIBABA_CLOUD_ROLE_ARN"), os.Getenv("ALIBABA_CLOUD_OIDC_TOKEN_FILE")
	for _, v := range variables {
		keys := static{os.Getenv(v.id), os.Getenv(v.secret), os.Getenv(v.token)}
		switch {
		case keys.id == "" && keys.secret == "":
			continue
		case keys.id == "":
			return missing(v.secret, v.id)
		case keys.secret == "":
			return missing(v.id, v.secret)
		case role != "" && token == "":
			p, err := providers.NewRAMRoleARNCredentialsProviderBuilder().
				WithCredentialsProvider(keys).WithRoleArn(role).Build()
			return source{"the security token service, for the role of ALIBABA_CLOUD_ROLE_ARN", p}, err
		}
		return source{"the environment", keys}, nil
	}
	if token != "" {
		for _, name := range []string{"ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN"} {
			if os.Getenv(name) == "" {
				return missing("ALIBABA_CLOUD_OIDC_TOKEN_FILE", name)
			}
		}
		p, err := providers.NewOIDCCredentialsProviderBuilder().Build()
		return source{"the security token service, for the token in ALIBABA_CLOUD_OIDC_TOKEN_FILE", p}, err
	}
	if file := profileFile(); file != "" {
		p, err := providers.NewCLIProfileCredentialsProviderBuilder().WithProfileFile(file).Build()
		return source{"the profile in " + file, p}, err
	}
	p, err := providers.NewECSRAMRoleCredentialsProviderBuilder().Build()
	if err != nil { // it is turned off
		return source{}, &objectstore.Fault{Class: objectstore.Failed, Message: noCredentials}
	}
	return source{"the ECS instance", p}, nil
}

// missing is the error for half of a pair of variables.
func missing(given, missing string) (source, error) {
	return source{}, &objectstore.Fault{
		Class: objectstore.Failed, Message: given + " is set in the environment and " + missing + " is not; set both or neither",
	}
}

// profileFile is the configuration of the aliyun command, if there is one.
func profileFile() string {
	if strings.EqualFold(os.Getenv("ALIBABA_CLOUD_CLI_PROFILE_DISABLED"), "true") {
		return ""
	}
	if file := os.Getenv("ALIBABA_CLOUD_CONFIG_FILE"); file != "" {
		return file
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "" // a machine without homes has no profiles
	}
	file := filepath.Join(home, ".aliyun", "config.json")
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}
