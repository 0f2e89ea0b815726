package result

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Delay is what is added to each request.
func (c Comparison) Delay() time.Duration {
	return time.Duration(c.DelaySeconds * float64(time.Second)).Round(time.Microsecond)
}

// Name tells people which work it is: "filesystem/typical/200000/default/dry-run",
// "s3/typical/13641/delete-untagged/execute/delay=5ms/workers=4".
func (c Comparison) Name() string {
	parts := []string{c.Storage, c.Shape, strconv.Itoa(c.Blobs), c.Roots(), c.Mode()}
	if c.DelaySeconds > 0 {
		parts = append(parts, "delay="+c.Delay().String())
	}
	if c.Workers != 0 {
		parts = append(parts, "workers="+strconv.Itoa(c.Workers))
	}
	return strings.Join(parts, "/")
}

// Roots is "default", or "delete-untagged" where tags are the roots.
func (c Comparison) Roots() string {
	if c.DeleteUntagged {
		return "delete-untagged"
	}
	return "default"
}

// Mode is "dry-run" or "execute".
func (c Comparison) Mode() string {
	if c.Execute {
		return "execute"
	}
	return "dry-run"
}

// Key is the same for two measurements of the same work: its name, the medium
// and the seed.
func (c Comparison) Key() string {
	return fmt.Sprintf("%s/medium=%s/seed=%d", c.Name(), c.Medium, c.Seed)
}
