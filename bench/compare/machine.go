package compare

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/blobsweep/blobsweep/bench/result"
)

// upstreamModule is the module of the collector that is compared with.
const upstreamModule = "github.com/distribution/distribution/v3"

// Machine describes this one, as far as it tells of itself.
func Machine() result.Machine {
	m := result.Machine{
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU(),
		CPU: field("/proc/cpuinfo", "model name"), Kernel: firstLine("/proc/sys/kernel/osrelease"),
	}
	memory, _, _ := strings.Cut(field("/proc/meminfo", "MemTotal"), " ")
	if kilobytes, err := strconv.ParseInt(memory, 10, 64); err == nil {
		m.Memory = kilobytes << 10
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == upstreamModule {
				m.Upstream = module.Version
			}
		}
	}
	return m
}

// field is the value of a line "name: value", or empty.
func field(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func firstLine(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

// Commit is that of the checkout in the current directory, with "+" where it was
// changed since; empty where there is none.
func Commit(ctx context.Context) string {
	id, err := exec.CommandContext(ctx, "git", "rev-parse", "HEAD").Output()
	if err != nil {
		return ""
	}
	commit := strings.TrimSpace(string(id))
	// What measuring writes is no change of what is measured.
	changed, err := exec.CommandContext(ctx, "git", "status", "--porcelain", "--", ":(top)", ":(top,exclude)docs").Output()
	if err != nil || len(changed) > 0 {
		commit += "+"
	}
	return commit
}

// filesystemOf is the type of the filesystem that a directory is on; empty where
// it is not known.
func filesystemOf(dir string) string {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return ""
	}
	kind, longest := "", -1
	for line := range strings.Lines(string(text)) {
		// ... mount point (the fifth) ... - type source options
		before, after, ok := strings.Cut(line, " - ")
		fields, rest := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(rest) == 0 {
			continue
		}
		point := strings.TrimSuffix(fields[4], "/")
		if len(point) >= longest && (dir == point || strings.HasPrefix(dir, point+"/")) {
			kind, longest = rest[0], len(point)
		}
	}
	return kind
}
