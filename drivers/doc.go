// Package drivers opens a registry's storage by the words that an operator
// has: the registry's own configuration file, a directory, a URL.
//
// It imports every driver. A program that needs one backend imports that
// driver's package alone, and links one SDK.
//
// Supported are: filesystem, s3 and oss. Any other storage driver of CNCF
// Distribution can be embedded by a Go program through package
// drivers/distribution.
package drivers
