// Package retention decides by policy which tags and untagged manifests of a
// registry stay, and explains each decision.
//
// A policy is a list of rules. The first one whose patterns match a
// repository's name decides for that repository; one that no rule matches is
// left alone. What a rule does not speak of stays, and so does whatever cannot
// be judged: a tag whose link is broken, or that was pushed nobody knows when.
// Tags that belong to another manifest (cosign's sha256-<hex>.sig and the like,
// and the tags of referrers) are never counted or removed as others are: they
// follow their subject.
//
// Nothing here reads or writes a registry: decisions are made of a
// [catalog.Repository], and [Targets] hands them to package release.
package retention
