package page

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/blobsweep/blobsweep/usage"
	"github.com/opencontainers/go-digest"
)

// registry is a usage of so many repositories, each with some images.
func registry(repositories, images int) *usage.Usage {
	u := &usage.Usage{Registry: "/srv/registry", Grace: "1h0m0s", StartedAt: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), Detail: &usage.Detail{}}
	for r := range repositories {
		of := usage.Repository{Name: fmt.Sprintf("team-%d/a-service-of-some-name-%d", r%9, r), Tags: int64(images), Images: int64(images)}
		for i := range images {
			image := usage.Image{
				Repository: of.Name, Digest: digest.FromString(fmt.Sprint(r, i)), Tags: []string{fmt.Sprint("1.", i)},
				Bytes: int64(1000 * (i + 1)), Unique: int64(700 * (i + 1) * (repositories - r)), Pushed: u.StartedAt,
			}
			if i%3 == 0 {
				image.Tags, image.Untagged = nil, true
			}
			of.Unique += image.Unique
			u.Largest = append(u.Largest, image)
		}
		of.Unique += 500
		of.Bytes, of.Shared = of.Unique+300, 300
		u.Size += of.Unique
		u.ByRepository = append(u.ByRepository, of)
	}
	u.Shared = 300
	u.Size += u.Shared
	u.GC.Bytes.Reclaimable = 5000
	u.GC.Bytes.Total = u.Size + 5000 + 77
	u.GCUntagged.Bytes = u.GC.Bytes
	u.GCUntagged.Bytes.Reclaimable = 7000
	return u
}

func write(t *testing.T, u *usage.Usage) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, u); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestTilesAreWhatIsStored: no byte is shown twice or not at all.
func TestTilesAreWhatIsStored(t *testing.T) {
	for _, n := range []int{0, 1, 30, maxTiles + 50} {
		u := registry(n, 5)
		total := int64(0)
		for _, tile := range tiles(u) {
			total += tile.Bytes
			boxes := int64(0)
			for _, b := range tile.Boxes {
				boxes += b.Bytes
			}
			if len(tile.Boxes) > 0 && boxes != tile.Bytes {
				t.Errorf("%s: boxes of %d bytes in a tile of %d", tile.Name, boxes, tile.Bytes)
			}
		}
		if total != u.GC.Bytes.Total {
			t.Errorf("%d repositories: tiles of %d bytes, want %d", n, total, u.GC.Bytes.Total)
		}
	}
}

// TestLargeRegistry holds the bounds, and that small ones are put together.
func TestLargeRegistry(t *testing.T) {
	u := registry(12_000, 2)
	all := tiles(u)
	boxes := 0
	for _, tile := range all {
		boxes += len(tile.Boxes)
	}
	if len(all) > maxTiles+maxFolders+4 || boxes > maxBoxes || boxes < maxBoxes/4 {
		t.Errorf("%d tiles, %d boxes", len(all), boxes)
	}
	html := write(t, u)
	if n := len(html); n > 4<<20 {
		t.Errorf("the page has %d bytes", n)
	}
	for _, want := range []string{"team-8/…", "And 2,000 more", "And 23,800 more"} {
		if !strings.Contains(html, want) {
			t.Errorf("%q is missing", want)
		}
	}
	boxes = 0
	for _, tile := range tiles(registry(maxTiles, maxBoxes/maxTiles*2)) {
		boxes += len(tile.Boxes) // of which there are more than fit
	}
	if boxes > maxBoxes {
		t.Errorf("%d boxes", boxes)
	}
	flat := registry(maxTiles+300, 1)
	for i := range flat.ByRepository {
		flat.ByRepository[i].Name = fmt.Sprint("service-", i)
	}
	if html := write(t, flat); !strings.Contains(html, "300 smaller repositories") || !strings.Contains(html, "200 smaller repositories") {
		t.Error("repositories without folders are not put together")
	}
	many := tiles(registry(1, maxBoxesOfTile+60))
	if n := len(many[0].Boxes); n > maxBoxesOfTile+3 || n < maxBoxesOfTile {
		t.Errorf("%d boxes in one tile", n)
	}
}

// TestPage holds what no browser is needed for.
func TestPage(t *testing.T) {
	u := registry(3, 4)
	html := write(t, u)
	for _, r := range u.ByRepository {
		if !strings.Contains(html, `<th scope="row">`+r.Name+"<td>4<td>4<td data-v=\""+strconv.FormatInt(r.Bytes, 10)) {
			t.Errorf("%s has no row", r.Name)
		}
	}
	if strings.Contains(html, "ZgotmplZ") {
		t.Error("the template refused a value")
	}
	if outside := regexp.MustCompile(`(?i)https?://|src=|@import|url\(`).FindString(html); outside != "" {
		t.Errorf("something from outside: %q", outside)
	}
	script := html[strings.Index(html, "<script>")+len("<script>") : strings.LastIndex(html, "</script>")]
	sum := sha256.Sum256([]byte(script))
	if policy := "script-src &#39;sha256-" + base64.StdEncoding.EncodeToString(sum[:]); !strings.Contains(strings.ReplaceAll(html, "&#43;", "+"), policy) {
		t.Errorf("the policy forbids the page's own script: want %s", policy)
	}
	if !strings.Contains(html, "default-src &#39;none&#39;") {
		t.Error("the policy does not forbid what is outside")
	}
}

func TestNothingStored(t *testing.T) {
	html := write(t, &usage.Usage{Registry: "/srv/registry", Detail: &usage.Detail{}})
	for _, want := range []string{"There are no blobs", "There are none", "offline"} {
		if !strings.Contains(html, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, fmt.Errorf("no space left") }

func TestWriteErrors(t *testing.T) {
	if err := Write(full{}, registry(1, 1)); err == nil {
		t.Error("an error was lost")
	}
}
