package text

import "testing"

func TestCleared(t *testing.T) {
	for _, test := range []struct {
		descriptors, memberships int64
		failed                   int
		want                     string
	}{
		{1234, 567, 0, "Cleared 1,234 descriptors and 567 memberships from the registry's Redis cache."},
		{1, 0, 0, "Cleared 1 descriptor and 0 memberships from the registry's Redis cache."},
		{0, 0, 0, "The registry's Redis cache held nothing of what was removed."},
		{0, 1, 2, "Cleared 0 descriptors and 1 membership from the registry's Redis cache. 2 entries could not be cleared."},
	} {
		if got := Cleared(test.descriptors, test.memberships, test.failed); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
