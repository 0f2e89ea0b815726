package result

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Put adds a comparison, in the place of an earlier one of the same work.
func (d *Document) Put(c Comparison) {
	at := slices.IndexFunc(d.Comparisons, func(old Comparison) bool { return old.Key() == c.Key() })
	if at < 0 {
		d.Comparisons = append(d.Comparisons, c)
		return
	}
	d.Comparisons[at] = c
}

// PutScale adds a plan, in the place of an earlier one of as many blobs. They
// are kept in the order of their size.
func (d *Document) PutScale(s Scale) {
	at, found := slices.BinarySearchFunc(d.Scale, s, func(a, b Scale) int { return cmp.Compare(a.Blobs, b.Blobs) })
	if found {
		d.Scale[at] = s
		return
	}
	d.Scale = slices.Insert(d.Scale, at, s)
}

// Load reads a document. A file that does not exist is an empty one.
func Load(path string) (Document, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Document{}, nil
	}
	if err != nil {
		return Document{}, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields() // they would be lost by the next Save
	var d Document
	if err := decoder.Decode(&d); err != nil {
		return Document{}, fmt.Errorf("%s: %w", path, err)
	}
	slices.SortStableFunc(d.Scale, func(a, b Scale) int { return cmp.Compare(a.Blobs, b.Blobs) })
	return d, nil
}

// Save writes a document beside its place and renames it, so that a reader
// finds either the old or the new one.
func (d Document) Save(path string) error {
	d.Comparisons = append([]Comparison{}, d.Comparisons...) // a list is never null
	d.Scale = append([]Scale{}, d.Scale...)
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return write(path, append(text, '\n'))
}

func write(path string, text []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(text)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Measured are the times of the first and the last measurement, zero where there
// is none.
func (d Document) Measured() (first, last time.Time) {
	note := func(t time.Time) {
		if first.IsZero() || t.Before(first) {
			first = t
		}
		if t.After(last) {
			last = t
		}
	}
	for _, c := range d.Comparisons {
		note(c.MeasuredAt)
	}
	for _, s := range d.Scale {
		note(s.MeasuredAt)
	}
	return first, last
}
