package catalog

import "testing"

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		pattern   string
		yes, no   []string
		isPattern bool
	}{
		{"app", []string{"app"}, []string{"ap", "apps", "team/app", "App"}, false},
		{"v1.0", []string{"v1.0"}, []string{"v1x0"}, false},
		{"*", []string{"app", "v1.0-rc.1", "a.b_c-d"}, []string{"team/app"}, true},
		{"team/*", []string{"team/app"}, []string{"team", "team/a/b", "xteam/app"}, true},
		{"team/**", []string{"team", "team/app", "team/a/b"}, []string{"teams", "x/team/a"}, true},
		{"**/app", []string{"app", "team/app", "a/b/app"}, []string{"team/apps"}, true},
		{"**", []string{"app", "a/b/c"}, nil, true},
		{"v?", []string{"v1"}, []string{"v", "v12"}, true},
		{"v[0-9].*", []string{"v1.0"}, []string{"va.0", "v1"}, true},
		{"v[!0-9]", []string{"va"}, []string{"v1"}, true},
		{"{dev,test}-*", []string{"dev-1", "test-"}, []string{"prod-1"}, true},
		{"[", nil, []string{"[", ""}, true},
		{"{a", nil, []string{"a", "{a"}, true},
		{"a[", nil, []string{"b"}, true},
	} {
		if IsPattern(test.pattern) != test.isPattern {
			t.Errorf("whether %q is a pattern is mistaken", test.pattern)
		}
		for _, name := range test.yes {
			if !Match(test.pattern, name) {
				t.Errorf("%q is not of %q", name, test.pattern)
			}
		}
		for _, name := range test.no {
			if Match(test.pattern, name) {
				t.Errorf("%q is of %q", name, test.pattern)
			}
		}
		if err := CheckPattern(test.pattern); (err == nil) != (test.yes != nil) {
			t.Errorf("%q: %v", test.pattern, err)
		}
	}
}
