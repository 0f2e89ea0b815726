package compare

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/blobsweep/blobsweep/bench/gateway"
	"github.com/blobsweep/blobsweep/bench/result"
)

// DefaultRounds is how many rounds count.
const DefaultRounds = 3

// Case is what the collectors are to do. The zero value is a dry run of
// everything in its default.
type Case struct {
	// Delay is added to each request, or to each operation on a filesystem.
	Delay          time.Duration
	DeleteUntagged bool
	Execute        bool
	// Workers is what blobsweep and the walk are told; zero is the default.
	Workers int

	// Rounds is how many count; zero means [DefaultRounds]. Before them there is
	// one to warm up, whose results are compared with the truth.
	Rounds int
	// UpstreamRounds are those of upstream; zero means as many, negative none.
	UpstreamRounds int
	// ColdUpstream leaves upstream out of the first round, as it may take very
	// long. Then its first round that counts is compared with the truth, for
	// which it has to print what it finds.
	ColdUpstream bool
	// SystemCalls asks for one more run of blobsweep and the walk, in which these
	// are counted if they can be.
	SystemCalls bool
}

func (c Case) rounds(who result.Collector) int {
	rounds := c.Rounds
	if rounds == 0 {
		rounds = DefaultRounds
	}
	if who == result.Upstream && c.UpstreamRounds != 0 {
		rounds = max(0, c.UpstreamRounds)
	}
	return rounds
}

// Compare does a case. It fails where a collector fails or removes what differs
// from the truth.
func (r *Registry) Compare(ctx context.Context, c Case) (result.Comparison, error) {
	comparison := result.Comparison{
		Commit: Commit(ctx), MeasuredAt: time.Now().UTC().Truncate(time.Second),
		Storage: r.storage, Medium: r.medium, DelaySeconds: c.Delay.Seconds(),
		DeleteUntagged: c.DeleteUntagged, Execute: c.Execute, Workers: c.Workers,
		Shape: r.truth.Spec.Shape, Seed: r.truth.Spec.Seed,
		Blobs: r.truth.Blobs, Manifests: r.truth.Manifests, Tags: r.truth.Tags,
	}
	if r.storage == S3 {
		comparison.FloorRequests = r.floor(c)
	}
	r.opts.logf("%s", comparison.Name())
	err := r.rounds(ctx, c, &comparison)
	if err != nil {
		err = fmt.Errorf("%s: %w", comparison.Name(), err)
	}
	return comparison, err
}

// Again adds rounds to a comparison that was just made on this registry, without
// another one to warm up.
func (r *Registry) Again(ctx context.Context, c Case, comparison *result.Comparison) error {
	for round := 1; round <= c.rounds(result.Blobsweep); round++ {
		if err := r.round(ctx, c, round, comparison); err != nil {
			return fmt.Errorf("%s: %w", comparison.Name(), err)
		}
	}
	return nil
}

func (r *Registry) rounds(ctx context.Context, c Case, comparison *result.Comparison) error {
	most := max(c.rounds(result.Blobsweep), c.rounds(result.Upstream))
	for round := 0; round <= most; round++ { // the first one is to warm up
		if err := r.round(ctx, c, round, comparison); err != nil {
			return err
		}
	}
	if !c.SystemCalls || r.storage != Filesystem || c.Execute {
		return nil
	}
	for _, who := range []result.Collector{result.Walk, result.Blobsweep} {
		a, err := r.task(who, c).systemCalls(ctx, r.dir)
		if errors.Is(err, errNoStrace) {
			r.opts.logf("%v", err)
			return nil
		}
		if err != nil {
			return err
		}
		r.opts.logf("  %-9s %d system calls", who, a.SystemCalls)
		comparison.Runs = append(comparison.Runs, a.Run)
	}
	return nil
}

// round lets each collector run once.
func (r *Registry) round(ctx context.Context, c Case, round int, comparison *result.Comparison) error {
	for _, who := range r.collectors(c) {
		cold := who == result.Upstream && c.ColdUpstream
		if round > c.rounds(who) || c.rounds(who) == 0 || round == 0 && cold {
			continue
		}
		run, err := r.run(ctx, who, c, round == 0 || round == 1 && cold)
		if err != nil {
			return err
		}
		name := "warm-up"
		if round > 0 {
			comparison.Runs = append(comparison.Runs, run)
			name = fmt.Sprintf("round %d", round)
		}
		r.opts.logf("  %-7s %-9s %8.3f s wall, %8.3f s CPU, %4d MiB, %d requests", name, who, run.Wall, run.CPU, run.Peak>>20, run.Requests)
	}
	return nil
}

// collectors are those of a case, in the order of their runs. On S3 a walk would
// be requests, which the floor tells without it; and none deletes.
func (r *Registry) collectors(c Case) []result.Collector {
	if r.storage == S3 || c.Execute {
		return []result.Collector{result.Blobsweep, result.Upstream}
	}
	return []result.Collector{result.Walk, result.Blobsweep, result.Upstream}
}

func (r *Registry) task(who result.Collector, c Case) task {
	return task{
		Collector: who, Dir: r.tree, Delay: c.Delay,
		DeleteUntagged: c.DeleteUntagged, Execute: c.Execute, Workers: c.Workers,
	}
}

// run lets one collector run, and compares what it removes with the truth, where
// it deletes or is asked to.
func (r *Registry) run(ctx context.Context, who result.Collector, c Case, check bool) (run result.Run, err error) {
	if err := r.restore(ctx); err != nil {
		return run, err
	}
	t := r.task(who, c)
	t.Removal = check && who != result.Walk && !c.Execute
	if c.Execute {
		r.damaged = append(r.damaged, mode(who == result.Upstream, c.DeleteUntagged))
	}
	var a answer
	if r.gateway == nil {
		a, err = t.process(ctx)
	} else {
		a, err = r.throughProxy(ctx, t)
	}
	if err != nil {
		return run, err
	}
	if err := r.check(ctx, t, a); err != nil {
		return run, fmt.Errorf("%s: %w", who, err)
	}
	return a.Run, nil
}

// throughProxy counts the requests of a run from outside, and makes each take
// its time.
func (r *Registry) throughProxy(ctx context.Context, t task) (a answer, err error) {
	proxy, err := gateway.NewProxy(r.gateway.Endpoint, t.Delay)
	if err != nil {
		return answer{}, err
	}
	defer func() { err = errors.Join(err, proxy.Close()) }()
	t.Dir, t.Delay, t.Endpoint, t.Bucket = "", 0, proxy.Endpoint, bucket
	before, known := r.serverTime()
	a, err = t.process(ctx)
	a.Requests = proxy.Requests()
	if after, still := r.serverTime(); known && still {
		a.Server = (after - before).Seconds()
	}
	return a, err
}

// check compares what a run removes, or has removed, with the truth.
func (r *Registry) check(ctx context.Context, t task, a answer) error {
	upstream := t.Collector == result.Upstream
	want := *r.truth.Removal(mode(upstream, t.DeleteUntagged))
	switch {
	case t.Execute:
		got, err := r.gone(ctx)
		if err != nil {
			return err
		}
		return want.Check(got)
	case !t.Removal:
		return nil
	case a.Removal == nil:
		return errors.New("it does not tell what it would remove")
	case upstream: // it does not tell these in a dry run
		want.TagIndexEntries = nil
	}
	return want.Check(*a.Removal)
}

// serverTime is the processor time that the S3 server and this process, in which
// the proxy is, have used so far, where that can be known.
func (r *Registry) serverTime() (time.Duration, bool) {
	server, err := r.gateway.ProcessorTime()
	own, ownErr := processorTime()
	return server + own, err == nil && ownErr == nil
}
