package listing

import (
	"errors"
	"strings"
)

// platform is one that is asked for.
type platform struct{ os, architecture, variant string }

// parsePlatform reads linux/arm64 or linux/arm64/v8.
func parsePlatform(s string) (platform, error) {
	parts := strings.Split(strings.ToLower(s), "/")
	for _, part := range parts {
		if part == "" || strings.ContainsFunc(part, notInPlatform) {
			parts = nil
			break
		}
	}
	switch len(parts) {
	case 2:
		return normal(platform{parts[0], parts[1], ""}), nil
	case 3:
		return normal(platform{parts[0], parts[1], parts[2]}), nil
	}
	return platform{}, errors.New("it is no platform; write linux/amd64, or with the variant linux/arm64/v8")
}

func notInPlatform(r rune) bool {
	return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789_.-", r)
}

// normal has one name for what has several.
func normal(p platform) platform {
	switch p.architecture {
	case "x86_64", "x86-64":
		p.architecture = "amd64"
	case "aarch64":
		p.architecture = "arm64"
	}
	if p.architecture == "arm64" && p.variant == "8" {
		p.variant = "v8"
	}
	return p
}

// match reports whether an image's platform is what is asked for: without a
// variant any will do, and arm64 without one is v8.
func (p platform) match(of string) bool {
	parts := strings.SplitN(of, "/", 4)
	if len(parts) < 2 {
		return false
	}
	is := platform{os: parts[0], architecture: parts[1]}
	if len(parts) > 2 {
		is.variant = parts[2]
	}
	is = normal(is)
	if is.architecture == "arm64" && is.variant == "" {
		is.variant = "v8"
	}
	return p.os == is.os && p.architecture == is.architecture && (p.variant == "" || p.variant == is.variant)
}
