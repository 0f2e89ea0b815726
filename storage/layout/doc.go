// Package layout is the grammar of the tree that a CNCF Distribution registry
// keeps, as versions 2.x and 3.x write it:
//
//	docker/registry/v2/
//	  blobs/<alg>/<first 2 hex>/<hex>/data
//	  repositories/<name>/_layers/<alg>/<hex>/link
//	  repositories/<name>/_manifests/revisions/<alg>/<hex>/link
//	  repositories/<name>/_manifests/revisions/<alg>/<hex>/signatures/<alg>/<hex>/link
//	  repositories/<name>/_manifests/tags/<tag>/current/link
//	  repositories/<name>/_manifests/tags/<tag>/index/<alg>/<hex>/link
//	  repositories/<name>/_uploads/<id>/{data,startedat,hashstates/<alg>/<offset>}
//
// [Parse] reads a key into a [Path] and [Path.Key] formats it; the two are
// inverse to each other. Every key that blobsweep deletes is formatted here
// from typed, checked values, so no deletion can leave the registry's tree.
//
// Source: the path mapper of the registry, registry/storage/paths.go.
package layout
