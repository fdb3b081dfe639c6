package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/store/local"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// MaxListed is how many features a preview lists.
const MaxListed = 500

// maxKept is how many bytes of records a comparison keeps; what comes after is
// only counted.
const maxKept = 32 << 20

// Preview tells what a publish would do.
type Preview struct {
	Version   uint64                `json:"version"`             // the number that it would get
	Unchanged bool                  `json:"unchanged,omitempty"` // there is nothing to publish
	Bytes     int64                 `json:"bytes"`               // a first download
	Deltas    []publish.VersionFrom `json:"deltas"`              // what riders of older versions download
	Compared  Compared              `json:"compared"`            // with the last version
	Notes     []string              `json:"notes"`               // what is left out, and why
	Warnings  editing.Warnings      `json:"warnings"`
}

// Compared is how two versions differ.
type Compared struct {
	New     int          `json:"new"` // features
	Changed int          `json:"changed"`
	Gone    int          `json:"gone"`
	Cells   int          `json:"cells"` // of the map and of all else
	First   []Difference `json:"first"` // of the features, by id, at most MaxListed
}

// Difference is how one feature differs. A new one has only an after, one that
// is gone only a before.
type Difference struct {
	ID     string          `json:"id"`
	New    bool            `json:"new,omitempty"`
	Gone   bool            `json:"gone,omitempty"`
	Fields []editing.Field `json:"fields,omitempty"` // of one that is changed
	Name   string          `json:"name,omitempty"`
}

// Preview publishes a region for show: it makes all that the next version takes,
// deltas included, in a temporary folder, and throws it away.
func (h *Host) Preview(ctx context.Context, region string, progress Progress) (_ Preview, err error) {
	release, err := h.Hold(ctx)
	if err != nil {
		return Preview{}, err
	}
	defer release()
	dir, err := os.MkdirTemp(h.Dir, ".preview-*")
	if err != nil {
		return Preview{}, fmt.Errorf("preview: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	scratch, err := localstore.Open(dir)
	if err != nil {
		return Preview{}, fmt.Errorf("preview: %w", err)
	}
	defer scratch.Close()
	site := &show{Site: h.Site, scratch: Site{scratch}}
	result, draft, err := h.publish(ctx, region, PublishOptions{Progress: progress}, site, &rehearsal{Ledger: h.Catalog.Ledger()})
	if errors.Is(err, publish.ErrEmpty) {
		return Preview{Unchanged: true, Notes: []string{"there is nothing in the region yet"}}, nil
	}
	if err != nil {
		return Preview{}, err
	}
	p := Preview{
		Version: result.Version.Number, Unchanged: result.Unchanged, Bytes: result.Version.Bytes, Deltas: result.Version.Deltas, Notes: draft.Warnings,
	}
	last, err := h.Last(ctx, region)
	if err != nil {
		return p, err
	}
	next, err := publish.ReadManifest(ctx, site, region, result.Version.Manifest, result.Version.Raw)
	if err != nil {
		return p, err
	}
	if p.Compared, err = compare(ctx, site, last, next); err != nil {
		return p, err
	}
	p.Warnings, err = h.Desk.Warnings(ctx, region, time.Now())
	return p, err
}

// Compare tells how two kept versions of a region differ.
func (h *Host) Compare(ctx context.Context, region string, from, to publish.Version) (Compared, error) {
	a, err := publish.ReadManifest(ctx, h.Site, region, from.Manifest, from.Raw)
	if err != nil {
		return Compared{}, err
	}
	b, err := publish.ReadManifest(ctx, h.Site, region, to.Manifest, to.Raw)
	if err != nil {
		return Compared{}, err
	}
	return compare(ctx, h.Site, a, b)
}

// show is the site, and what a rehearsal writes beside it.
type show struct {
	Site
	scratch Site
}

// Put implements publish.Objects.
func (s *show) Put(ctx context.Context, name string, data []byte) error {
	return s.scratch.Put(ctx, name, data)
}

// Replace implements publish.Objects.
func (s *show) Replace(ctx context.Context, name string, data []byte) error {
	return s.scratch.Replace(ctx, name, data)
}

// Get implements publish.Objects.
func (s *show) Get(ctx context.Context, name string) ([]byte, error) {
	data, err := s.scratch.Get(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return s.Site.Get(ctx, name)
	}
	return data, err
}

// rehearsal is the ledger, with a version that is not in it.
type rehearsal struct {
	publish.Ledger
	region string
	added  []publish.Version
}

// Versions implements publish.Ledger.
func (r *rehearsal) Versions(ctx context.Context, region string) ([]publish.Version, error) {
	all, err := r.Ledger.Versions(ctx, region)
	if region == r.region {
		all = append(all, r.added...)
	}
	return all, err
}

// Append implements publish.Ledger.
func (r *rehearsal) Append(_ context.Context, region string, v publish.Version) error {
	r.region, r.added = region, append(r.added, v)
	return nil
}

// compare tells how two versions differ; old is nil for none.
func compare(ctx context.Context, objects publish.Objects, old, new *manifest.Manifest) (Compared, error) {
	out := Compared{First: []Difference{}}
	var c comparison
	for _, change := range manifest.Diff(old, new) {
		if change.Key().Layer != cell.Features {
			out.Cells++
			continue
		}
		was, err := items(ctx, objects, change.Old, change.Added())
		if err != nil {
			return out, err
		}
		is, err := items(ctx, objects, change.New, change.Removed())
		if err != nil {
			return out, err
		}
		c.cell(was, is)
	}
	c.into(&out)
	return out, nil
}

// items returns the records of a cell by id.
func items(ctx context.Context, objects publish.Objects, e manifest.Entry, none bool) (map[string][]byte, error) {
	all := make(map[string][]byte)
	if none {
		return all, nil
	}
	stored, err := objects.Get(ctx, layout.Blob(e.Hash))
	if err != nil {
		return nil, err
	}
	raw, err := blob.Open(stored, int(e.Raw), e.Hash)
	if err != nil {
		return nil, fmt.Errorf("cell %s: %w", e.Key, err)
	}
	for item, err := range cell.Items(raw) {
		if err != nil {
			return nil, fmt.Errorf("cell %s: %w", e.Key, err)
		}
		all[string(item.Key)] = item.Value
	}
	return all, nil
}

// comparison gathers the records that differ; one that moves to another cell
// comes from two.
type comparison struct {
	was, is map[string][]byte // nil values of what is only counted
	kept    int
}

func (c *comparison) cell(was, is map[string][]byte) {
	if c.was == nil {
		c.was, c.is = make(map[string][]byte), make(map[string][]byte)
	}
	for id, record := range was {
		if !bytes.Equal(record, is[id]) {
			c.was[id] = c.keep(record)
		}
	}
	for id, record := range is {
		if !bytes.Equal(record, was[id]) {
			c.is[id] = c.keep(record)
		}
	}
}

func (c *comparison) keep(record []byte) []byte {
	if c.kept += len(record); c.kept > maxKept {
		return nil
	}
	return record
}

func (c *comparison) into(out *Compared) {
	ids := maps.Clone(c.was)
	if ids == nil {
		ids = make(map[string][]byte)
	}
	maps.Copy(ids, c.is)
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		before, wasThere := c.was[id]
		after, isThere := c.is[id]
		d := Difference{ID: id, New: !wasThere, Gone: !isThere}
		switch {
		case d.New:
			out.New++
		case d.Gone:
			out.Gone++
		case before != nil && bytes.Equal(before, after):
			continue // it lies in another cell now, and is the same
		default:
			out.Changed++
		}
		if len(out.First) < MaxListed {
			d.Name = nameIn(after, before)
			if !d.New && !d.Gone {
				d.Fields = editing.Diff(before, after)
			}
			out.First = append(out.First, d)
		}
	}
}

// nameIn returns the name in the first record that can be read.
func nameIn(records ...[]byte) string {
	for _, raw := range records {
		if len(raw) == 0 {
			continue
		}
		if f, err := feature.Parse(raw); err == nil {
			return f.Name()
		}
	}
	return ""
}
