package compose

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// Words keeps in memory what providers gave between the drafts of a process, so
// that a draft after one edit reads one feature. It follows the regions'
// journals. A feature takes some 3 kB. Drafts may be made concurrently.
type Words struct {
	mu      sync.Mutex
	regions map[string]*words
}

// words are what the providers of one region gave, up to a line of its journal.
type words struct {
	newest uint64
	of     map[catalog.Ref]word
}

// word is what one source says of a feature. Nobody changes it.
type word struct {
	at     int64
	source string
	raw    []byte // canonical
	whole  bool   // an object by itself, not an amendment
	*feature.Feature
}

// Limits of what is followed line by line, and of what is kept.
const (
	maxFollow = 20_000
	maxWords  = 200_000
)

// given returns what providers gave, by id, the oldest word first.
func (c *Composer) given(ctx context.Context, region string) (map[string][]word, error) {
	keep := c.Words
	if keep == nil {
		keep = new(Words)
	}
	keep.mu.Lock()
	defer keep.mu.Unlock()
	w, err := keep.follow(ctx, c, region)
	if err != nil {
		return nil, err
	}
	given := make(map[string][]word, len(w.of))
	for _, one := range w.of {
		given[one.ID] = append(given[one.ID], one)
	}
	for _, of := range given {
		slices.SortFunc(of, func(a, b word) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.source, b.source)) })
	}
	return given, nil
}

// follow returns a region's words, brought up to its journal.
func (k *Words) follow(ctx context.Context, c *Composer, region string) (*words, error) {
	w := k.regions[region]
	newest, err := c.Catalog.Newest(ctx, region)
	if err != nil {
		return nil, err
	}
	for w != nil && w.newest < newest && newest-w.newest <= maxFollow {
		if err := w.catchUp(ctx, c.Catalog, region, newest); err != nil {
			delete(k.regions, region)
			return nil, err
		}
		if newest, err = c.Catalog.Newest(ctx, region); err != nil { // until all of it is of one moment
			return nil, err
		}
	}
	if w != nil && w.newest == newest {
		return w, nil
	}
	if w, err = c.readWords(ctx, region); err != nil {
		return nil, err
	}
	if k.regions == nil {
		k.regions = make(map[string]*words)
	}
	if k.regions[region] = w; len(w.of) > maxWords {
		delete(k.regions, region)
	}
	return w, nil
}

// readWords reads all records.
func (c *Composer) readWords(ctx context.Context, region string) (*words, error) {
	var refs []catalog.Ref
	var all []word
	newest, err := c.Catalog.Records(ctx, region, func(ref catalog.Ref, r catalog.Record) error {
		if !r.Exists() {
			return nil
		}
		raw, err := c.Catalog.Read(ctx, r.Content)
		refs, all = append(refs, ref), append(all, word{at: r.At.UnixNano(), source: ref.Source, raw: raw})
		return err
	})
	if err != nil {
		return nil, err
	}
	g := new(errgroup.Group)
	for some := range slices.Chunk(all, len(all)/c.workers()+1) {
		g.Go(func() (err error) {
			for i := range some {
				if some[i].Feature, err = feature.Parse(some[i].raw); err != nil {
					return fmt.Errorf("feature of %s: %w", some[i].source, err)
				}
				some[i].whole = some[i].Validate() == nil
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	w := &words{newest, make(map[catalog.Ref]word, len(all))}
	for i, ref := range refs {
		w.of[ref] = all[i]
	}
	return w, nil
}

// catchUp reads what lines up to newest are about.
func (w *words) catchUp(ctx context.Context, c *catalog.Catalog, region string, newest uint64) error {
	lines, err := c.Lines(ctx, region, newest, int(newest-w.newest))
	if err != nil {
		return err
	}
	seen := make(map[catalog.Ref]bool)
	for _, l := range lines {
		if l.ID == "" || seen[l.Ref] {
			continue
		}
		seen[l.Ref] = true
		r, err := c.Get(ctx, region, l.Ref)
		if err == nil {
			err = w.put(ctx, c, l.Ref, r)
		}
		if err != nil {
			return err
		}
	}
	w.newest = newest
	return nil
}

func (w *words) put(ctx context.Context, c *catalog.Catalog, ref catalog.Ref, r catalog.Record) error {
	if !r.Exists() {
		delete(w.of, ref)
		return nil
	}
	raw, err := c.Read(ctx, r.Content)
	if err != nil {
		return fmt.Errorf("feature %s: %w", ref, err)
	}
	f, err := feature.Parse(raw)
	if err != nil {
		return fmt.Errorf("feature %s: %w", ref, err)
	}
	w.of[ref] = word{r.At.UnixNano(), ref.Source, raw, f.Validate() == nil, f}
	return nil
}
