// Package verify tells whether a registry is whole: whether everything that its
// manifests need is stored and linked, whether links hold what their names say,
// and, where that is asked for, whether every blob is what its digest names.
//
// [New] looks, and takes a storage.Reader that could not change anything. What it
// finds is a fault, which breaks something, or a note. [Check.Repair] mends the
// few faults of which the right state is known from what is there, and loses
// nothing: it writes links whose own path tells what they held, and removes what
// a tidy plan of package sweep removes. It touches nothing else.
//
// An error that is not a proven absence ends a check, but for one: a blob that
// cannot be read is what a check is there to find.
package verify
