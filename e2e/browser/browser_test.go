//go:build browser

package browser

import (
	"cmp"
	"context"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience bounds a test, should the browser hang.
const patience = 2 * time.Minute

// tab is an open page, and what the browser said about it.
type tab struct {
	*testing.T
	ctx context.Context

	mu        sync.Mutex // guards what follows
	requests  []string
	complaint []string
}

// open opens a file in a browser of its own, which ends with the test. It moves
// nothing: where something is shows at once.
func open(t *testing.T, file, fragment string, before ...chromedp.Action[chromedp.Void]) *tab {
	t.Helper()
	binary, err := exec.LookPath(cmp.Or(os.Getenv("CHROMIUM"), "chromium"))
	if err != nil {
		t.Fatalf("%v: install Chromium, or name its binary in $CHROMIUM", err)
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(binary), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 900),
		chromedp.WSURLReadTimeout(patience))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	p := &tab{T: t, ctx: ctx}
	if err := chromedp.Listen(ctx, p.heard); err != nil {
		t.Fatal(err)
	}
	p.run(media("light"))
	p.run(before...)
	p.run(chromedp.Navigate((&url.URL{Scheme: "file", Path: file, Fragment: fragment}).String()))
	t.Cleanup(func() { p.quiet(file) })
	return p
}

// heard takes down what the page asks for, and everything that is not well.
func (p *tab) heard(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		p.complaint = append(p.complaint, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		p.complaint = append(p.complaint, "console."+string(e.Type))
	case *log.EventEntryAdded:
		p.complaint = append(p.complaint, e.Entry.Text)
	}
}

// quiet expects no request but the one for the file, and no complaint.
func (p *tab) quiet(file string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, request := range p.requests {
		if u, err := url.Parse(request); err != nil || u.Scheme != "file" || u.Path != file {
			p.Errorf("a request for %s", request)
		}
	}
	if len(p.requests) == 0 {
		p.Error("no request was seen, not even the one for the file")
	}
	for _, c := range p.complaint {
		p.Errorf("the browser says: %s", c)
	}
}

func (p *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.Fatal(err)
	}
}

// ask evaluates an expression of JavaScript.
func ask[T any](p *tab, expression string) T {
	p.Helper()
	answer, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
	return answer
}

// send is an action that sends a command of the browser's protocol.
func send[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

// media emulates what a user prefers.
func media(scheme string) chromedp.Action[chromedp.Void] {
	return send(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
		{Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// width emulates a screen.
func width(pixels int64) chromedp.Action[chromedp.Void] {
	return chromedp.EmulateViewport(pixels, 844)
}

// shoot writes a picture of the page where $SHOTS names a directory, to be
// looked at.
func (p *tab) shoot(name string) {
	p.Helper()
	dir := os.Getenv("SHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(dir+"/"+name+".png", picture, 0o644); err != nil {
		p.Fatal(err)
	}
}
