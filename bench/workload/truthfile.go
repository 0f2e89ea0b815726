package workload

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// list is one list of a removal in a file.
type list struct {
	name  string
	write func(yield func(item any) bool)
	read  func(d *json.Decoder) error
}

func listOf[T any](name string, items *[]T) list {
	return list{
		name: name,
		write: func(yield func(any) bool) {
			for _, item := range *items {
				if !yield(item) {
					return
				}
			}
		},
		read: func(d *json.Decoder) error {
			var item T
			if err := d.Decode(&item); err != nil {
				return err
			}
			*items = append(*items, item)
			return nil
		},
	}
}

func (r *Removal) lists() []list {
	return []list{
		listOf("tagIndexEntries", &r.TagIndexEntries),
		listOf("manifests", &r.Manifests),
		listOf("layerLinks", &r.LayerLinks),
		listOf("blobs", &r.Blobs),
		listOf("uploads", &r.Uploads),
	}
}

// modeNames are the names of modes in a file.
var modeNames = [modes]string{"default", "deleteUntagged", "upstream", "upstreamDeleteUntagged"}

// String is the name of the mode in a truth file.
func (m Mode) String() string {
	if m < 0 || m >= modes {
		return fmt.Sprintf("Mode(%d)", int(m))
	}
	return modeNames[m]
}

// head is what comes before the removals in a file.
type head struct {
	Spec Spec `json:"spec"`
	Counts
}

// Write writes the truth as JSON, item by item, each on a line of its own.
func (t Truth) Write(w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<16)
	begin, err := json.Marshal(head{t.Spec, t.Counts})
	if err != nil {
		return fmt.Errorf("write the truth: %w", err)
	}
	e := truthWriter{out: out}
	e.text(string(begin[:len(begin)-1]))
	for m := range modes {
		e.removal(m.String(), t.Removal(m))
	}
	e.text("\n}\n")
	if err := errors.Join(e.err, out.Flush()); err != nil {
		return fmt.Errorf("write the truth: %w", err)
	}
	return nil
}

// truthWriter remembers the first error.
type truthWriter struct {
	out *bufio.Writer
	err error
}

func (e *truthWriter) text(s string) {
	if e.err == nil {
		_, e.err = e.out.WriteString(s)
	}
}

func (e *truthWriter) removal(name string, r *Removal) {
	separator := ",\n\"" + name + "\":{"
	for _, l := range r.lists() {
		e.text(separator + "\"" + l.name + "\":[")
		separator = "\n"
		for item := range l.write {
			content, err := json.Marshal(item)
			if e.err == nil {
				e.err = err
			}
			e.text(separator + string(content))
			separator = ",\n"
			if e.err != nil {
				return
			}
		}
		e.text("]")
		separator = ","
	}
	e.text("}")
}

// ReadTruth reads what [Truth.Write] wrote. Lists that are empty are nil.
func ReadTruth(r io.Reader) (Truth, error) {
	t, err := readTruth(json.NewDecoder(bufio.NewReaderSize(r, 1<<16)))
	if err != nil {
		return Truth{}, fmt.Errorf("read the truth: %w", err)
	}
	return t, nil
}

func readTruth(d *json.Decoder) (t Truth, err error) {
	scalars := map[string]json.RawMessage{}
	err = readObject(d, func(name string) error {
		for m := range modes {
			if name == m.String() {
				return readRemoval(d, t.Removal(m))
			}
		}
		var value json.RawMessage
		err := d.Decode(&value)
		scalars[name] = value
		return err
	})
	if err != nil {
		return t, err
	}
	text, err := json.Marshal(scalars)
	if err != nil {
		return t, err
	}
	var h head
	err = json.Unmarshal(text, &h)
	t.Spec, t.Counts = h.Spec, h.Counts
	return t, err
}

func readRemoval(d *json.Decoder, r *Removal) error {
	return readObject(d, func(name string) error {
		for _, l := range r.lists() {
			if l.name == name {
				return readArray(d, l.read)
			}
		}
		return fmt.Errorf("there is no list %q in a removal", name)
	})
}

// readObject calls field with each name; it has to read the value.
func readObject(d *json.Decoder, field func(name string) error) error {
	if err := expect(d, '{'); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		text, ok := name.(string)
		if !ok {
			return fmt.Errorf("a name was expected, not %v", name)
		}
		if err := field(text); err != nil {
			return err
		}
	}
	return expect(d, '}')
}

func readArray(d *json.Decoder, item func(*json.Decoder) error) error {
	if err := expect(d, '['); err != nil {
		return err
	}
	for d.More() {
		if err := item(d); err != nil {
			return err
		}
	}
	return expect(d, ']')
}

func expect(d *json.Decoder, delimiter json.Delim) error {
	token, err := d.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err == nil && token != delimiter {
		err = fmt.Errorf("%v was expected, not %v", delimiter, token)
	}
	return err
}
