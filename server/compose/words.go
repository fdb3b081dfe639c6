package compose

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/pannier-maps/pannier/server/catalog"
)

// Words keeps in memory what providers gave, and how that was sorted into cells,
// between the drafts of a process: a draft after one edit reads one feature and
// sorts one. It follows the regions' journals; what it does not know it reads
// from the catalog anew. A feature takes its canonical bytes and less than 600
// more. Drafts may be made concurrently.
type Words struct {
	mu      sync.Mutex
	regions map[string]*words
}

// words are what the providers of one region gave, up to a line of its journal.
type words struct {
	newest  uint64
	of      map[string][]word // by id, the oldest first
	size    int               // in bytes, about
	changed map[string]bool   // ids that are to be sorted again
	sorting *sorting          // nil until they are sorted
}

// word is what one source says of a feature. Nobody changes it.
type word struct {
	at     int64
	source string
	raw    []byte // canonical
}

// Limits of what is followed line by line, and of the bytes that are kept.
const (
	maxFollow  = 20_000
	maxWords   = 512 << 20
	wordsExtra = 600 // of each word, besides its own bytes
)

// sort sorts a region's words as they are now, and tells f of it.
func (c *Composer) sort(ctx context.Context, region string, p *placer, f *featureCells) error {
	k := c.Words
	if k == nil {
		k = new(Words)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	w := k.regions[region]
	delete(k.regions, region) // until all went well
	if c.Rebuild {
		w = nil
	}
	w, err := c.follow(ctx, region, w)
	if err != nil {
		return err
	}
	ids := slices.Sorted(maps.Keys(w.changed))
	if w.sorting == nil || w.sorting.print != p.print {
		w.sorting, ids = newSorting(p.print), slices.Sorted(maps.Keys(w.of))
	}
	if err := w.sorting.sort(p, w.of, ids, c.workers()); err != nil {
		return err
	}
	clear(w.changed)
	w.sorting.into(f, len(p.area) == 0)
	k.keep(region, w)
	return nil
}

// keep keeps a region's words, if need be instead of all others'; those that are
// too many by themselves it does not.
func (k *Words) keep(region string, w *words) {
	if w.size > maxWords {
		return
	}
	total := w.size
	for _, other := range k.regions {
		total += other.size
	}
	if k.regions == nil || total > maxWords {
		k.regions = make(map[string]*words)
	}
	k.regions[region] = w
}

// follow returns a region's words as they are now, made of older ones where
// there are any and the journal reaches back to them.
func (c *Composer) follow(ctx context.Context, region string, w *words) (*words, error) {
	newest, err := c.Catalog.Newest(ctx, region)
	if err != nil {
		return nil, err
	}
	for w != nil && w.newest < newest {
		if newest-w.newest > maxFollow || w.catchUp(ctx, c.Catalog, region, newest) != nil {
			return c.readWords(ctx, region)
		}
		if newest, err = c.Catalog.Newest(ctx, region); err != nil { // until all of it is of one moment
			return nil, err
		}
	}
	if w != nil && w.newest == newest {
		return w, nil
	}
	return c.readWords(ctx, region)
}

// readWords reads all records.
func (c *Composer) readWords(ctx context.Context, region string) (w *words, err error) {
	w = &words{of: make(map[string][]word), changed: make(map[string]bool)}
	w.newest, err = c.Catalog.Records(ctx, region, func(ref catalog.Ref, r catalog.Record) error {
		return w.put(ctx, c.Catalog, ref, r)
	})
	return w, err
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
		w.changed[l.ID] = true
	}
	w.newest = newest
	return nil
}

// put makes a record a source's word of a feature, in place of an older one.
func (w *words) put(ctx context.Context, c *catalog.Catalog, ref catalog.Ref, r catalog.Record) error {
	of := w.of[ref.ID]
	if i := slices.IndexFunc(of, func(o word) bool { return o.source == ref.Source }); i >= 0 {
		w.size -= len(of[i].raw) + wordsExtra
		of = slices.Delete(of, i, i+1)
	}
	if r.Exists() {
		raw, err := c.Read(ctx, r.Content)
		if err != nil {
			return fmt.Errorf("feature %s: %w", ref, err)
		}
		w.size += len(raw) + wordsExtra
		of = append(of, word{r.At.UnixNano(), ref.Source, raw})
		slices.SortFunc(of, func(a, b word) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.source, b.source)) })
	}
	if len(of) == 0 {
		delete(w.of, ref.ID)
		return nil
	}
	w.of[ref.ID] = of
	return nil
}
