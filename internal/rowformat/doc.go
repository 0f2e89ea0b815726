// Package rowformat prints rows by templates, as docker's --format does.
//
// A template is checked before there are rows: that it parses, that every field
// it names exists, and that it can be executed. It also tells which fields it
// uses, so that what no field needs is not read.
//
// What it prints of a row cannot drive a terminal: text from the storage is a
// [Text], which comes out quoted where it is not printable.
package rowformat
