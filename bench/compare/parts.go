package compare

import (
	"context"
	"errors"
	"time"

	"github.com/blobsweep/blobsweep/bench/result"
	"github.com/blobsweep/blobsweep/bench/workload"
)

// Part is one of those that docs/benchmarks.md is made of.
type Part struct {
	Name  string
	About string

	// inMemory says that the registries are too large for a disk's caches.
	inMemory   bool
	registries []placed
}

// placed is a registry with the cases that are compared on it.
type placed struct {
	storage string
	spec    workload.Spec
	cases   []Case
}

// What upstream takes decides in how many rounds it takes part: one when it is
// minutes, and none where it does not end.
const (
	once  = 1
	never = -1
)

const (
	near = 5 * time.Millisecond
	far  = 20 * time.Millisecond
)

// Parts are what docs/benchmarks.md is made of, besides plans of registries that
// exist nowhere.
func Parts() []Part {
	return []Part{
		{Name: "fs-typical", About: "200,000 blobs in a directory: default, -m, real deletion", registries: []placed{
			{Filesystem, sized("typical", 200_000), []Case{
				{UpstreamRounds: 2, SystemCalls: true},
				{UpstreamRounds: 2, DeleteUntagged: true},
				{UpstreamRounds: 2, Execute: true},
			}},
		}},
		{Name: "fs-sizes", About: "1,000 to 1,000,000 blobs in memory: how time and memory grow", inMemory: true, registries: []placed{
			{Filesystem, sized("typical", 1_000), []Case{{}}},
			{Filesystem, sized("typical", 10_000), []Case{{}}},
			{Filesystem, sized("typical", 100_000), []Case{{UpstreamRounds: once}}},
			{Filesystem, sized("typical", 1_000_000), []Case{{UpstreamRounds: never}}},
		}},
		{Name: "fs-one-repo", About: "one repository, -m: 500 to 2,000 tags, and 5,000 to 20,000 without upstream", registries: oneRepository()},
		{Name: "fs-shapes", About: "a registry of each shape: default and -m", registries: eachShape()},
		{Name: "fs-delay", About: "1,000 blobs in a directory that is 5 and 20 ms away", registries: []placed{
			{Filesystem, sized("small", 1_000), []Case{
				{},
				{UpstreamRounds: once, ColdUpstream: true, Delay: near},
				{Rounds: 2, UpstreamRounds: once, ColdUpstream: true, Delay: far},
			}},
		}},
		{Name: "s3-small", About: "1,000 images of 4,000 blobs in a bucket: at 0, 5 and 20 ms", registries: []placed{
			{S3, sized("small", 0), []Case{
				{UpstreamRounds: once, ColdUpstream: true},
				{UpstreamRounds: once, ColdUpstream: true, Delay: near},
				{UpstreamRounds: once, ColdUpstream: true, Delay: far},
			}},
		}},
		{Name: "s3-typical", About: "13,641 blobs in a bucket that is 5 ms away: default, -m, real deletion", registries: []placed{
			{S3, sized("typical", 13_641), []Case{
				{UpstreamRounds: once, ColdUpstream: true, Delay: near},
				{UpstreamRounds: never, DeleteUntagged: true, Delay: near},
				{UpstreamRounds: once, ColdUpstream: true, Execute: true, Delay: near},
			}},
		}},
	}
}

func sized(shape string, blobs int) workload.Spec {
	return workload.Spec{Shape: shape, Blobs: blobs, Seed: 1}
}

// oneRepository has twice as many blobs as tags. Upstream's time grows with the
// square of their number.
func oneRepository() []placed {
	var all []placed
	for _, tags := range []int{500, 1_000, 2_000, 5_000, 10_000, 20_000} {
		c := Case{DeleteUntagged: true, UpstreamRounds: once, ColdUpstream: true}
		if tags > 2_000 {
			c.UpstreamRounds = never
		}
		all = append(all, placed{Filesystem, sized("one-repo-20k-tags", 2*tags), []Case{c}})
	}
	return all
}

// eachShape has the size of the shape, or what upstream ends with in time.
func eachShape() []placed {
	const most = 25_000
	var all []placed
	for _, s := range workload.Shapes() {
		cases := []Case{{UpstreamRounds: once}, {UpstreamRounds: once, ColdUpstream: true, DeleteUntagged: true}}
		if s.Name == "one-repo-20k-tags" {
			cases[1].UpstreamRounds = never // fs-one-repo tells
		}
		all = append(all, placed{Filesystem, sized(s.Name, min(s.Blobs, most)), cases})
	}
	return all
}

// Run does a part. Each result is handed over when it is there, and an error of
// that ends the part. Registries that are kept in memory are laid out below
// memory, if that is not empty.
func (p Part) Run(ctx context.Context, opts Options, memory string, done func(result.Comparison) error) error {
	if p.inMemory && memory != "" {
		opts.Dir = memory
	}
	for _, place := range p.registries {
		if err := place.run(ctx, opts, done); err != nil {
			return err
		}
	}
	return nil
}

func (p placed) run(ctx context.Context, opts Options, done func(result.Comparison) error) (err error) {
	r, err := Lay(ctx, p.storage, p.spec, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for _, c := range p.cases {
		comparison, err := r.Compare(ctx, c)
		if err != nil {
			return err
		}
		if err := done(comparison); err != nil {
			return err
		}
	}
	return nil
}
