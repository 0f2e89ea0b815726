//go:build browser

package browser

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/drivers/memory"
	"github.com/blobsweep/blobsweep/internal/page"
	"github.com/blobsweep/blobsweep/storage/storagetest/fixture"
	"github.com/blobsweep/blobsweep/usage"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// tree is a registry of repositories of many sizes: shared bases, untagged
// images, orphans.
func tree() *fixture.Tree {
	t := fixture.New(time.Now().Add(-30 * 24 * time.Hour))
	random := rand.New(rand.NewPCG(7, 7))
	layer := func(repository, name string, size int) v1.Descriptor {
		content := bytes.Repeat([]byte(name+"\n"), size/(len(name)+1)+1)
		return t.LinkedBlob(repository, v1.MediaTypeImageLayerGzip, content)
	}
	for n := range 20 {
		repository := fmt.Sprintf("team-%d/service-%d", n%4, n)
		scale := 200 << (n % 8)
		for i := range 2 + n {
			name := fmt.Sprint(repository, i)
			m := v1.Manifest{
				Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageManifest, Config: t.Config(repository, name),
				Layers: []v1.Descriptor{
					layer(repository, fmt.Sprint("base ", n%3), 40_000),
					layer(repository, repository, scale),
					layer(repository, name, 1+random.IntN(scale)),
				},
			}
			d := t.ManifestOf(repository, m.MediaType, m).Digest
			t.Tag(repository, fmt.Sprint("1.", i/2), d) // every other one loses its tag again
		}
	}
	t.Blob(v1.MediaTypeImageLayerGzip, make([]byte, 60_000))
	return t
}

// written runs the command, and returns the page that it wrote.
func written(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	registry, binary, file := filepath.Join(dir, "reg"), filepath.Join(programs(t), "blobsweep"), filepath.Join(dir, "usage.html")
	if err := tree().WriteDir(registry); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"go", "build", "-o", binary, "github.com/blobsweep/blobsweep/cmd/blobsweep"},
		{binary, "df", "--html", file, registry},
	} {
		if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	return file
}

// rendered is a page of what there may be in no registry.
func rendered(t *testing.T, u *usage.Usage) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.Write(&b, u); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "usage.html")
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// programs is a directory from which programs may be run: temporary files can
// lie where they may not.
func programs(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(os.Getenv("GOTMPDIR"), "browser")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// rectangle is where a box is on the screen, with the bytes that it stands for.
type rectangle struct{ X, Y, Width, Height, Bytes float64 }

func (p *tab) rectangles(selector string) []rectangle {
	p.Helper()
	return ask[[]rectangle](p, fmt.Sprintf(`[...document.querySelectorAll(%q)].map((e) => {
		const r = e.getBoundingClientRect();
		return { X: r.x, Y: r.y, Width: r.width, Height: r.height, Bytes: Number(e.dataset.bytes ?? 0) };
	})`, selector))
}

// proportional expects areas to be as bytes, no two boxes to overlap, and all
// to lie in the frame and to fill it.
func (p *tab) proportional(frame rectangle, boxes []rectangle) {
	p.Helper()
	const slack = 0.5 // pixels
	total, area := 0.0, 0.0
	for _, r := range boxes {
		total += r.Bytes
		area += r.Width * r.Height
	}
	if all := frame.Width * frame.Height; len(boxes) == 0 || math.Abs(area-all) > all/100 {
		p.Errorf("%d boxes cover %.0f of %.0f pixels", len(boxes), area, all)
	}
	for i, r := range boxes {
		want := r.Bytes / total * frame.Width * frame.Height
		if got := r.Width * r.Height; math.Abs(got-want) > want/20+slack*(r.Width+r.Height) {
			p.Errorf("box %d of %.0f bytes takes %.0f pixels, want %.0f", i, r.Bytes, got, want)
		}
		if r.X < frame.X-slack || r.Y < frame.Y-slack || r.X+r.Width > frame.X+frame.Width+slack || r.Y+r.Height > frame.Y+frame.Height+slack {
			p.Errorf("box %d sticks out: %+v of %+v", i, r, frame)
		}
		for j, o := range boxes[:i] {
			if min(r.X+r.Width, o.X+o.Width)-max(r.X, o.X) > slack && min(r.Y+r.Height, o.Y+o.Height)-max(r.Y, o.Y) > slack {
				p.Errorf("boxes %d and %d overlap: %+v %+v", j, i, o, r)
			}
		}
	}
}

// fits expects nothing to stick out to the right.
func (p *tab) fits() {
	p.Helper()
	if over := ask[[]string](p, `[...document.querySelectorAll('body *')]
		.filter((e) => !e.closest('.scroll, .frame') && e.getBoundingClientRect().right > innerWidth + .5)
		.map((e) => e.outerHTML.slice(0, 80))`); len(over) > 0 {
		p.Errorf("too wide: %q", over)
	}
	if wide := ask[float64](p, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
		p.Errorf("the page is %v pixels wider than the screen", wide)
	}
}

// legible expects text to stand out from what is behind it: a contrast of 4.5,
// as WCAG wants it.
func (p *tab) legible() {
	p.Helper()
	faint := ask[[]string](p, `(() => {
		const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
		const light = (colour) => {
			canvas.fillStyle = colour;
			canvas.fillRect(0, 0, 1, 1);
			const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((c) => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
			return .2126 * r + .7152 * g + .0722 * b;
		};
		const behind = (e) => {
			const colour = getComputedStyle(e).backgroundColor;
			return colour === 'rgba(0, 0, 0, 0)' || colour === 'transparent' ? e.parentElement ? behind(e.parentElement) : 'white' : colour;
		};
		const faint = [];
		for (const e of document.querySelectorAll('h1, h2, p, dt, dd, li, th, td, .box span, .top b, .back, .plain b, a[href="#repositories"]')) {
			if (!e.checkVisibility()) continue;
			const [a, b] = [light(getComputedStyle(e).color), light(behind(e))];
			const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
			if (contrast < 4.5) faint.push(e.outerHTML.slice(0, 60) + ' ' + contrast.toFixed(2));
		}
		return faint;
	})()`)
	if len(faint) > 0 {
		p.Errorf("%d texts are too faint, first: %q", len(faint), faint[:min(len(faint), 8)])
	}
}

func TestPage(t *testing.T) {
	file := written(t)
	p := open(t, file, "")
	p.Run("map", func(t *testing.T) {
		p := p.in(t)
		p.proportional(p.rectangles(".frame")[0], p.rectangles(".tile"))
		p.fits()
		p.legible()
		p.shoot("wide-light")
	})
	p.Run("zoom", func(t *testing.T) {
		p := p.in(t)
		p.run(chromedp.Click(chromedp.CSS(".tile .open")))
		p.zoomed()
		p.legible()
		p.shoot("zoomed")
		p.run(chromedp.KeyEvent(kb.Escape))
		p.whole()

		// The same with the keyboard: focus is back where it was.
		p.run(chromedp.KeyEvent(kb.Enter))
		p.zoomed()
		if !ask[bool](p, `document.activeElement.matches('.tile:target .back')`) {
			p.Error("the way back has not the focus")
		}
		p.run(chromedp.KeyEvent(kb.Tab))
		if !ask[bool](p, `document.activeElement.matches('.tile:target .box') && !document.querySelector('.tip').hidden`) {
			p.Error("an image cannot be reached with the keyboard, or does not tell what it is")
		}
		p.run(chromedp.Click(chromedp.CSS(".tile:target .back")))
		p.whole()
	})
	p.Run("tooltip", func(t *testing.T) {
		p := p.in(t)
		r := p.rectangles(".tile")[0]
		p.run(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, r.X+r.Width/2, r.Y+r.Height/2))
		tip := ask[string](p, `document.querySelector('.tip:not([hidden])')?.textContent ?? ''`)
		if !strings.Contains(tip, "team-") || !strings.Contains(tip, "KiB") || !strings.Contains(tip, "only here") {
			p.Errorf("the tooltip says %q", tip)
		}
	})
	p.Run("sort", func(t *testing.T) {
		p := p.in(t)
		column := func() []float64 {
			return ask[[]float64](p, `[...document.querySelectorAll('#repositories tbody tr')].map((r) => Number(r.cells[5].dataset.v))`)
		}
		const button = `#repositories th:nth-child(6) button`
		p.run(chromedp.Click(chromedp.CSS(button)))
		if got := column(); len(got) != 20 || !slices.IsSortedFunc(got, func(a, b float64) int { return int(b - a) }) {
			p.Errorf("not largest first: %v", got)
		}
		p.run(chromedp.Click(chromedp.CSS(button)))
		if got := column(); !slices.IsSorted(got) || got[0] == got[len(got)-1] {
			p.Errorf("not smallest first: %v", got)
		}
		if said := ask[string](p, `document.querySelector('#repositories [aria-sort]').getAttribute('aria-sort')`); said != "ascending" {
			p.Errorf("it is said to be %s", said)
		}
		p.run(chromedp.SendKeys(chromedp.CSS(`#repositories input`), "SERVICE-1\n"))
		if n := ask[int](p, `document.querySelectorAll('#repositories tbody tr:not([hidden])').length`); n != 11 {
			p.Errorf("%d rows pass the filter, want 11", n)
		}
	})
	p.Run("dark", func(t *testing.T) {
		p := p.in(t)
		p.run(media("dark"))
		if sum := ask[int](p, `getComputedStyle(document.body).backgroundColor.match(/\d+/g).reduce((a, b) => a + Number(b), 0)`); sum > 150 {
			p.Errorf("the ground is not dark: %d", sum)
		}
		p.legible()
		p.shoot("wide-dark")
	})
	p.Run("narrow", func(t *testing.T) {
		p := p.in(t)
		p.run(width(390))
		p.fits()
		p.proportional(p.rectangles(".frame")[0], p.rectangles(".tile"))
		p.shoot("narrow-dark")
		p.zoomTo("t0")
		p.fits()
		p.zoomed()
	})
}

// in is the same page in a part of a test.
func (p *tab) in(t *testing.T) *tab { return &tab{T: t, ctx: p.ctx} }

// zoomed expects one repository to fill the frame, with its images in it.
func (p *tab) zoomed() {
	p.Helper()
	frame, tile := p.rectangles(".frame")[0], p.rectangles(".tile:target")
	if len(tile) != 1 || math.Abs(tile[0].Width-frame.Width) > 1 || math.Abs(tile[0].Height-frame.Height) > 1 {
		p.Fatalf("not zoomed: %+v of %+v", tile, frame)
	}
	p.proportional(p.rectangles(".tile:target .inside")[0], p.rectangles(".tile:target .box"))
	if n := ask[int](p, `[...document.querySelectorAll('.tile:not(:target)')].filter((e) => e.checkVisibility({ visibilityProperty: true })).length`); n > 0 {
		p.Errorf("%d others still show", n)
	}
}

// whole expects no repository to be zoomed to.
func (p *tab) whole() {
	p.Helper()
	p.run(chromedp.WaitNotPresent(chromedp.CSS(".tile:target")))
	p.proportional(p.rectangles(".frame")[0], p.rectangles(".tile"))
}

// Without scripts, all is there and the map zooms.
func TestPageWithoutScripts(t *testing.T) {
	d := memory.New()
	if err := tree().Write(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	u, err := usage.Read(t.Context(), d, usage.Options{Detail: true})
	if err != nil {
		t.Fatal(err)
	}
	p := open(t, rendered(t, u), "t1", send(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	p.zoomed()
	if rows := ask[int](p, `document.querySelectorAll('#repositories tbody tr').length`); rows != 20 {
		t.Errorf("%d rows", rows)
	}
	if ask[bool](p, `document.querySelector('.filter, thead button') !== null`) {
		t.Error("what needs a script is there without one")
	}
}

// Names that no registry allows are text all the same.
func TestHostileNames(t *testing.T) {
	hostile := []string{
		`</script><script>window.pwned = 1</script>`,
		`"><img src="https://example.com/x.png" onerror="window.pwned = 1">`,
		`' onmouseover='window.pwned = 1`,
		`</style><style>body { display: none }</style>`,
		`javascript:window.pwned=1`,
		"{{.Registry}}${window.pwned = 1}`+window.pwned+`",
		`<base href="https://example.com/"><link rel="stylesheet" href="x.css"><iframe src="x.html"></iframe>`,
		`--><!--<svg onload=window.pwned=1>`,
	}
	u := &usage.Usage{Registry: hostile[0], Grace: hostile[1], Detail: &usage.Detail{}, StartedAt: time.Now()}
	for i, name := range hostile {
		size := int64(1000 * (i + 1))
		u.GC.Bytes.Total += size
		u.Size += size
		u.ByRepository = append(u.ByRepository, usage.Repository{Name: name, Bytes: size, Unique: size})
		u.Largest = append(u.Largest, usage.Image{Repository: name, Tags: []string{name}, Digest: digest.Digest("sha256:" + name), Bytes: size, Unique: size})
	}
	p := open(t, rendered(t, u), "")
	for _, r := range p.rectangles(".tile") { // the tooltips are made now
		p.run(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, r.X+r.Width/2, r.Y+r.Height/2))
	}
	if ask[bool](p, `'pwned' in window`) {
		t.Error("a name was executed")
	}
	if n := ask[int](p, `document.querySelectorAll('img, iframe, base, link, svg').length + document.scripts.length + document.styleSheets.length`); n != 2 {
		t.Errorf("%d elements, want a script and a style", n)
	}
	shown := ask[[]string](p, `[...document.querySelectorAll('#repositories th[scope=row]')].map((e) => e.textContent)`)
	if !slices.Equal(shown, hostile) {
		t.Errorf("names are shown as %q", shown)
	}
	p.fits()
	p.zoomTo("t0")
	p.zoomed()
}

func (p *tab) zoomTo(id string) {
	p.Helper()
	ask[string](p, fmt.Sprintf("location.hash = %q", "#"+id))
}
