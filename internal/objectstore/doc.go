// Package objectstore makes a driver of an object store's API.
//
// The SDK of a store is wrapped as an [API], which sends single requests. The
// [Driver] made of it maps keys below a root prefix, guards listings against
// servers that page wrongly, repeats what failed for a passing reason, slows
// down when it is told to, counts what it sends, and takes the results of
// deletes key by key. SDKs must not retry on their own: every attempt is
// counted and paced here.
package objectstore
