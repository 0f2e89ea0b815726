package main

import (
	"io"
	"os"
	"sync"

	"github.com/blobsweep/blobsweep"
	"github.com/blobsweep/blobsweep/internal/text"
	"github.com/blobsweep/blobsweep/sweep"
	"github.com/blobsweep/blobsweep/verify"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress is a bar on a terminal, one for each phase. What is logged goes
// through it, so that lines of a log and the bar do not run into each other.
type progress struct {
	mu    sync.Mutex
	w     io.Writer
	bar   *progressbar.ProgressBar // nil between phases
	phase sweep.Phase              // of the bar
	total int64                    // of the bar
}

// isTerminal tells a terminal from a pipe or a file.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// show draws how far the work is.
func (p *progress) show(now blobsweep.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Total > 0 && now.Done >= now.Total {
		p.clear() // the next phase draws its own
		return
	}
	total := now.Total
	if total <= 0 {
		total = -1 // a spinner
	}
	if p.bar == nil || now.Phase != p.phase || total != p.total {
		p.clear()
		p.bar, p.phase, p.total = newBar(p.w, total, now.Phase == verify.PhaseHash), now.Phase, total
	}
	description := string(now.Phase)
	if total < 0 {
		description += " " + text.Count(now.Done)
	}
	if now.Bytes > 0 {
		description += " (" + text.Bytes(now.Bytes) + " reclaimed)"
	}
	p.bar.Describe(description)
	if err := p.bar.Set64(now.Done); err != nil {
		p.clear() // a bar that cannot be drawn is no reason to stop
	}
}

func newBar(w io.Writer, total int64, bytes bool) *progressbar.ProgressBar {
	options := []progressbar.Option{
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(24),
		progressbar.OptionUseANSICodes(true),
		// No goroutine that draws on its own: show is called often enough.
		progressbar.OptionSetSpinnerChangeInterval(0),
	}
	if total > 0 {
		options = append(options, progressbar.OptionShowCount(), progressbar.OptionShowBytes(bytes), progressbar.OptionUseIECUnits(true))
	}
	return progressbar.NewOptions64(total, options...)
}

// done removes the bar. It may be called on nil, where there is none.
func (p *progress) done() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *progress) clear() {
	if p.bar == nil {
		return
	}
	if err := p.bar.Clear(); err != nil {
		p.w = io.Discard // the terminal is gone
	}
	p.bar = nil
}

// Write implements io.Writer for the log: the bar makes room for the lines and
// is drawn again at the next change.
func (p *progress) Write(line []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	return p.w.Write(line)
}
