package s3

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// contentType is the one that registries give to all objects.
const contentType = "application/octet-stream"

// writing is what new objects are to be. What is empty is left to the bucket.
type writing struct {
	encryption   types.ServerSideEncryption
	keyID        string
	storageClass types.StorageClass
	acl          types.ObjectCannedACL
}

// writing tells how a registry of this configuration writes. What is the default
// of every store is not said: some do not know the word, and to name an ACL may
// take a permission.
func (c Config) writing() (w writing) {
	switch {
	case c.Encrypt && c.KeyID != "":
		w.encryption, w.keyID = types.ServerSideEncryptionAwsKms, c.KeyID
	case c.Encrypt:
		w.encryption = types.ServerSideEncryptionAes256
	}
	switch class := strings.ToUpper(c.StorageClass); class {
	case "", "NONE", "STANDARD":
	default:
		w.storageClass = types.StorageClass(class)
	}
	if c.ObjectACL != "private" {
		w.acl = types.ObjectCannedACL(c.ObjectACL)
	}
	return w
}
