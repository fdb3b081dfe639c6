// Package fsck checks a site: that every object that a client could be led to
// is there and is what its name, its manifest or its signature promises.
//
// It reads; it repairs nothing. Each finding names the object. The memory it
// needs is bounded by the largest blobs, not by the site.
package fsck

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/delta"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/root"
	"github.com/pannier-maps/pannier/sync/site"
)

// Site is what gets checked.
type Site interface {
	// Get reads an object; fs.ErrNotExist when absent.
	Get(ctx context.Context, name string) ([]byte, error)
	// List yields the names that begin with prefix, in rising order.
	List(ctx context.Context, prefix string) iter.Seq2[string, error]
}

// Problem is one finding.
type Problem struct {
	Object string
	Err    error
}

func (p Problem) String() string { return p.Object + ": " + p.Err.Error() }

// Report is what a check found.
type Report struct {
	Regions  int
	Versions int
	Objects  int64 // checked
	Bytes    int64
	Unused   int64 // objects that nothing leads to: left by a publish that did not finish
	Problems []Problem
}

// Options of a check.
type Options struct {
	// Progress, if set, is told how many objects are done.
	Progress func(stage string, done, total int64)
}

// Check reads the whole site. The error is about the reading itself, such as a
// cancelled context; what is wrong with the site is in the report.
func Check(ctx context.Context, s Site, opts Options) (Report, error) {
	c := &checker{site: s, opts: opts, seen: make(map[string]bool), blobs: make(map[blob.Hash]manifest.Entry)}
	c.roots(ctx)
	c.regions(ctx)
	for name, err := range s.List(ctx, "v1/") {
		if err != nil {
			return c.report, fmt.Errorf("list the site: %w", err)
		}
		if !c.seen[name] {
			c.leftover(ctx, name)
		}
	}
	return c.report, ctx.Err()
}

type checker struct {
	site   Site
	opts   Options
	report Report
	chain  *root.Chain     // nil if the first root is not sound
	seen   map[string]bool // objects checked
	blobs  map[blob.Hash]manifest.Entry
}

func (c *checker) problem(object string, err error) {
	c.report.Problems = append(c.report.Problems, Problem{object, err})
}

// get reads an object that something leads to.
func (c *checker) get(ctx context.Context, name string) ([]byte, bool) {
	c.seen[name] = true
	data, err := c.site.Get(ctx, name)
	if err != nil {
		c.problem(name, err)
		return nil, false
	}
	c.report.Objects++
	c.report.Bytes += int64(len(data))
	if c.opts.Progress != nil {
		c.opts.Progress("check", c.report.Objects, 0)
	}
	return data, true
}

// roots follows the chain of roots as far as it goes.
func (c *checker) roots(ctx context.Context) {
	for n := uint64(1); ; n++ {
		name := layout.Root(n)
		note, err := c.site.Get(ctx, name)
		if errors.Is(err, fs.ErrNotExist) {
			return // if a head asks for it, that is said there
		}
		c.seen[name] = true
		c.report.Objects++
		c.report.Bytes += int64(len(note))
		if err == nil && n == 1 {
			c.chain, err = root.Pin(note)
		} else if err == nil {
			err = c.chain.Append(note)
		}
		if err != nil {
			c.problem(name, err)
			return
		}
	}
}

func (c *checker) regions(ctx context.Context) {
	data, ok := c.get(ctx, layout.Regions)
	if !ok {
		return
	}
	list, err := site.ParseRegions(data)
	if err != nil {
		c.problem(layout.Regions, err)
		return
	}
	if c.chain == nil && !c.seen[layout.Root(1)] && len(list.Regions) > 0 {
		c.problem(layout.Root(1), fs.ErrNotExist)
	}
	for _, r := range list.Regions {
		if ctx.Err() != nil {
			return
		}
		c.report.Regions++
		c.region(ctx, r)
	}
}

func (c *checker) region(ctx context.Context, r site.Region) {
	note, ok := c.get(ctx, layout.Head(r.ID))
	if !ok {
		return
	}
	if c.chain == nil {
		return // reported already
	}
	h, err := c.chain.Newest().OpenHead(note, r.ID)
	if claim, peeked := head.Peek(note); peeked == nil && claim.Root > c.chain.Newest().Version {
		err = fmt.Errorf("it names root %d, but %s is not on the site", claim.Root, layout.Root(c.chain.Newest().Version+1))
	}
	if err != nil {
		c.problem(layout.Head(r.ID), err)
		return
	}
	data, ok := c.get(ctx, layout.History(r.ID))
	if !ok {
		return
	}
	history, err := site.ParseHistory(data)
	if err != nil {
		c.problem(layout.History(r.ID), err)
		return
	}
	c.heads(ctx, r, note, history)
	if n := len(history.Versions); !slices.ContainsFunc(history.Versions[max(0, n-2):], func(v site.Version) bool {
		return v.Number == h.Version && v.Manifest == h.Manifest // the last, or the one before a version that is rolled out
	}) {
		c.problem(layout.History(r.ID), fmt.Errorf("it does not end with the head's manifest %s", h.Manifest))
	}
	manifests := make(map[uint64]*manifest.Manifest)
	byShort := make(map[string]*manifest.Manifest)
	for _, v := range history.Versions {
		c.report.Versions++
		if m := c.version(ctx, r.ID, v); m != nil {
			manifests[v.Number], byShort[v.Manifest.Short()] = m, m
		}
	}
	for _, d := range history.Deltas {
		if manifests[d.From] == nil || manifests[d.To] == nil {
			continue // reported already
		}
		from, _ := manifests[d.From].Hash()
		to, _ := manifests[d.To].Hash()
		if data, ok := c.get(ctx, layout.Delta(r.ID, from, to)); ok && int64(len(data)) != d.Bytes {
			c.problem(layout.Delta(r.ID, from, to), fmt.Errorf("%d bytes, the history says %d", len(data), d.Bytes))
		}
	}
	c.deltas(ctx, r.ID, byShort)
}

// heads follows the chain of heads back to that of the oldest version kept.
func (c *checker) heads(ctx context.Context, r site.Region, current []byte, history *site.History) {
	for want := blob.Sum(current); want != (blob.Hash{}) && ctx.Err() == nil; {
		name := layout.PastHead(r.ID, want.Short())
		note, ok := c.get(ctx, name)
		if !ok {
			return
		}
		h, err := c.chain.OpenHead(note, r.ID)
		if got := blob.Sum(note); err == nil && got != want {
			err = fmt.Errorf("its content is %s, expected %s", got, want)
		}
		if err != nil {
			c.problem(name, err)
			return
		}
		if len(history.Versions) > 0 && h.Version <= history.Versions[0].Number {
			return
		}
		want = h.Previous
	}
}

// version checks a version's manifest and blobs.
func (c *checker) version(ctx context.Context, region string, v site.Version) *manifest.Manifest {
	name := layout.Manifest(region, v.Manifest)
	c.seen[name] = true
	m, err := publish.ReadManifest(ctx, c.site, region, v.Manifest, v.Raw)
	if err != nil {
		c.problem(name, err)
		return nil
	}
	c.report.Objects++
	for _, e := range m.Entries {
		if _, done := c.blobs[e.Hash]; done || ctx.Err() != nil {
			continue
		}
		c.blobs[e.Hash] = e
		c.blob(ctx, e)
	}
	return m
}

func (c *checker) blob(ctx context.Context, e manifest.Entry) {
	name := layout.Blob(e.Hash)
	stored, ok := c.get(ctx, name)
	if !ok {
		return
	}
	if _, err := blob.Open(stored, int(e.Raw), e.Hash); err != nil {
		c.problem(name, err)
	} else if len(stored) != int(e.Stored) {
		c.problem(name, fmt.Errorf("%w: %d bytes stored, the manifest says %d", blob.ErrCorrupt, len(stored), e.Stored))
	}
}

// deltas replays every delta of a region, those made on request too.
func (c *checker) deltas(ctx context.Context, region string, manifests map[string]*manifest.Manifest) {
	prefix := layout.Region(region) + "/deltas/"
	for name, err := range c.site.List(ctx, prefix) {
		if err != nil {
			c.problem(prefix, err)
			return
		}
		from, to, _ := strings.Cut(strings.TrimPrefix(name, prefix), "-")
		a, b := manifests[from], manifests[to]
		if a == nil || b == nil {
			continue
		}
		c.seen[name] = true
		data, err := c.site.Get(ctx, name)
		if err == nil {
			err = delta.Check(ctx, data, a, b, func(ctx context.Context, name blob.Hash) ([]byte, error) {
				return c.site.Get(ctx, layout.Blob(name))
			})
		}
		if err != nil {
			c.problem(name, err)
		}
	}
}

// leftover looks at an object that nothing leads to. A blob must still be what
// its name says, since a later publish would find and use it.
func (c *checker) leftover(ctx context.Context, name string) {
	c.report.Unused++
	if !strings.HasPrefix(name, "v1/blobs/") {
		return
	}
	if _, err := blob.ParseHash(name[strings.LastIndexByte(name, '/')+1:]); err != nil {
		c.problem(name, fmt.Errorf("not a blob's name: %w", err))
	}
}
