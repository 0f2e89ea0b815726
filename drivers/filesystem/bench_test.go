package filesystem

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkReadDir reads a directory of 256 directories.
func BenchmarkReadDir(b *testing.B) {
	benchmark(b, func(d *Driver, names []string) error {
		entries, err := d.ReadDir(b.Context(), "dir/")
		if len(entries) != len(names) {
			return fmt.Errorf("%d entries, %w", len(entries), err)
		}
		return err
	})
}

// BenchmarkGet reads a manifest of 2 KiB.
func BenchmarkGet(b *testing.B) {
	benchmark(b, func(d *Driver, names []string) error {
		_, err := d.Get(b.Context(), "dir/"+names[7]+"/data", 4<<20)
		return err
	})
}

// BenchmarkStat describes one file.
func BenchmarkStat(b *testing.B) {
	benchmark(b, func(d *Driver, names []string) error {
		_, err := d.Stat(b.Context(), "dir/"+names[7]+"/data")
		return err
	})
}

// BenchmarkStatEach describes the one file in each of 256 directories.
func BenchmarkStatEach(b *testing.B) {
	benchmark(b, func(d *Driver, names []string) error {
		described, err := d.StatEach(b.Context(), "dir/", names, "data")
		for _, one := range described {
			if one.Err != nil {
				return one.Err
			}
		}
		return err
	})
}

// benchmark runs f on a directory of blobs as a registry has it: 256 directories
// with long names, in each of them a file of 2 KiB.
func benchmark(b *testing.B, f func(d *Driver, names []string) error) {
	root := b.TempDir()
	names := make([]string, 256)
	for i := range names {
		names[i] = fmt.Sprintf("%064d", i)
		if err := os.MkdirAll(filepath.Join(root, "dir", names[i]), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "dir", names[i], "data"), make([]byte, 2048), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	for name, openSys := range map[string]func(string) (sys, error){"native": openSys, "portable": openPortable} {
		b.Run(name, func(b *testing.B) {
			d, err := open(root, openSys)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := f(d, names); err != nil {
					b.Fatal(err)
				}
			}
			if err := d.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
