package release

import "slices"

// edges are where a manifest leads to.
type edges[N comparable] func(N) []N

// trail says how each of some manifests was come to; from is the zero value for
// where the search began.
type trail[N comparable] map[N]step[N]

type step[N comparable] struct {
	from     N
	referrer bool // it refers to from; otherwise from needs it
}

// follow adds what can be reached from the starts to what was reached before.
// A nil skip skips nothing.
func (t trail[N]) follow(starts []N, needs, referrers edges[N], skip func(N) bool) {
	var queue []N
	enter := func(n N, by step[N]) {
		if _, been := t[n]; been || skip != nil && skip(n) {
			return
		}
		t[n] = by
		queue = append(queue, n)
	}
	for _, n := range starts {
		enter(n, step[N]{})
	}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, to := range needs(n) {
			enter(to, step[N]{n, false})
		}
		for _, to := range referrers(n) {
			enter(to, step[N]{n, true})
		}
	}
}

// question is what the rule is asked about a repository.
type question[N comparable] struct {
	// linked are the revisions of the repository.
	linked []N
	// needs is what a manifest needs, leads the part of it that it would take
	// along: nothing, when it is not understood. referrers are the revisions that
	// refer to a manifest.
	needs, leads, referrers edges[N]
	// named go in any case. untagged are those of tags that go, and rest what
	// else shall go if nothing keeps it.
	named, untagged, rest []N
	// tagged are what tags name or may name that stay.
	tagged []N
	// held tells, of what was not asked for itself, what stays all the same.
	held func(N) bool
}

// answer is what the rule says.
type answer[N comparable] struct {
	// led is what goes, if nothing keeps it: all that can be reached from what
	// shall go, by what that needs and by what refers to it.
	led trail[N]
	// kept is what stays, and what it is kept by.
	kept trail[N]
	// held are those of led that stay only because question.held says so, with
	// what they need.
	held map[N]bool
}

// decide applies the rule: what is led to goes, unless it can be reached from
// what stays. What stays are the manifests of tags, and all revisions that
// nothing led to.
func (q question[N]) decide() answer[N] {
	a := answer[N]{trail[N]{}, trail[N]{}, map[N]bool{}}
	for _, starts := range [][]N{q.named, q.untagged, q.rest} {
		a.led.follow(starts, q.leads, q.referrers, nil)
	}
	named, asked := setOf(q.named), setOf(q.named, q.untagged)
	skip := func(n N) bool { return named[n] }

	roots := slices.Clone(q.tagged)
	for _, n := range q.linked {
		if _, led := a.led[n]; !led {
			roots = append(roots, n)
		}
	}
	a.kept.follow(roots, q.needs, q.referrers, skip)
	var held []N
	for _, n := range q.linked {
		if _, kept := a.kept[n]; !kept && !asked[n] && q.held(n) {
			a.held[n] = true
			held = append(held, n)
		}
	}
	a.kept.follow(held, q.needs, q.referrers, skip)
	return a
}

// goes reports whether a revision goes.
func (a answer[N]) goes(n N) bool {
	_, led := a.led[n]
	_, kept := a.kept[n]
	return led && !kept
}

// levels puts what goes in an order: everything comes after what leads to it.
// Those of one level do not lead to each other, but for the last, which has what
// lies on a cycle.
func levels[N comparable](goes []N, leads edges[N]) [][]N {
	before := map[N]int{} // how many lead to it
	for _, n := range goes {
		for _, to := range leads(n) {
			before[to]++
		}
	}
	var all [][]N
	rest := goes
	for len(rest) > 0 {
		var level, later []N
		for _, n := range rest {
			if before[n] == 0 {
				level = append(level, n)
			} else {
				later = append(later, n)
			}
		}
		if level == nil {
			return append(all, later)
		}
		for _, n := range level {
			for _, to := range leads(n) {
				before[to]--
			}
		}
		all, rest = append(all, level), later
	}
	return all
}

func setOf[N comparable](lists ...[]N) map[N]bool {
	set := map[N]bool{}
	for _, list := range lists {
		for _, n := range list {
			set[n] = true
		}
	}
	return set
}
