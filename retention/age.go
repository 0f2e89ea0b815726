package retention

import (
	"time"

	"github.com/blobsweep/blobsweep/catalog"
	"github.com/blobsweep/blobsweep/internal/when"
	"github.com/dustin/go-humanize"
	"github.com/opencontainers/go-digest"
)

// candidate is a tag that clauses are asked about.
type candidate struct {
	tag *catalog.Tag
	// decision is nil for a tag that stays anyway, and only counts.
	decision *Decision
	// at is by what the tag's age is told; zero when that is not known, and then
	// it takes no place among the newest.
	at time.Time
	// verb is "pushed" or "created", and note says why it is not what the rule
	// asks for.
	verb, note string
}

// plausible is the first moment at which an image may have been created.
// Reproducible builds write constants: nothing, 1970-01-01, 1980-01-01.
var plausible = time.Date(1980, 1, 2, 0, 0, 0, 0, time.UTC)

func (d *decider) candidate(tag *catalog.Tag, to *Decision) candidate {
	c := candidate{tag: tag, decision: to, at: tag.Pushed, verb: "pushed"}
	if c.at.After(d.opts.Now) {
		c.at = time.Time{}
	}
	if d.rule.Age != Created {
		return c
	}
	created, told := d.created(tag.Digest)
	switch {
	case !told:
		c.note = " (when it was created is not told, so its push counts)"
	case created.Before(plausible), created.After(d.opts.Now):
		c.note = " (its creation on " + created.UTC().Format(time.DateOnly) + " cannot be true, so its push counts)"
		if created.IsZero() {
			c.note = " (when it was created is not told, so its push counts)"
		}
	default:
		c.at, c.verb = created, "created"
	}
	return c
}

// created is when an image was made, or the newest image of an index for which
// that can be true.
func (d *decider) created(of digest.Digest) (newest time.Time, told bool) {
	m := d.Manifests[of]
	if m == nil {
		return newest, false
	}
	if m.Image != nil {
		return m.Image.Created, true
	}
	for _, child := range m.Manifests {
		c := d.Manifests[child.Digest]
		if c == nil || c.Image == nil || c.Image.Created.After(d.opts.Now) && told {
			continue
		}
		if at := c.Image.Created; !told || at.After(newest) || newest.After(d.opts.Now) {
			newest, told = at, true
		}
	}
	return newest, told
}

// date tells a day, and the minute of what was within the last two.
func (d *decider) date(t time.Time) string {
	if d.opts.Now.Sub(t) < 48*time.Hour {
		return t.UTC().Format("2006-01-02 15:04 UTC")
	}
	return t.UTC().Format(time.DateOnly)
}

// recently says why something stays for its age.
func (d *decider) recently(pushed time.Time) string {
	switch {
	case pushed.IsZero():
		return "when it was pushed is not known"
	case pushed.After(d.opts.Now):
		return "it was pushed in the future, on " + d.date(pushed)
	}
	return "pushed within the grace period of " + when.Span(d.opts.Grace)
}

// ordinal prints 1st, 2nd, 3rd, 4th.
func ordinal(n int) string {
	suffix := "th"
	if tens := n % 100 / 10; tens != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return humanize.Comma(int64(n)) + suffix
}
