package gc

import (
	"context"
	"fmt"
	"strings"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/publish"
)

// marks tells which objects something leads to.
type marks struct {
	objects Objects
	regions map[string]*regionMarks
	blobs   map[blob.Hash]bool
}

type regionMarks struct {
	names map[string]bool // manifests and deltas
	first uint64          // the oldest version; past heads from here on are kept
}

// mark finds what the kept versions need.
func (c *Collector) mark(ctx context.Context, kept map[string][]publish.Version) (*marks, error) {
	m := &marks{c.Objects, make(map[string]*regionMarks), make(map[blob.Hash]bool)}
	var done, total int64
	for _, versions := range kept {
		total += int64(len(versions))
	}
	for region, versions := range kept {
		r := &regionMarks{names: make(map[string]bool)}
		m.regions[region] = r
		if len(versions) == 0 {
			continue
		}
		r.first = versions[0].Number
		last := versions[len(versions)-1]
		current, _ := publish.Current(versions)
		for _, v := range versions {
			if c.Progress != nil {
				c.Progress("mark", done, total)
				done++
			}
			list, err := publish.ReadManifest(ctx, c.Objects, region, v.Manifest, v.Raw)
			if err != nil {
				return nil, fmt.Errorf("version %d of %s: %w", v.Number, region, err)
			}
			for _, e := range list.Entries {
				m.blobs[e.Hash] = true
			}
			r.names[layout.Manifest(region, v.Manifest)] = true
			for _, d := range v.Deltas {
				if d.Number >= r.first {
					r.names[layout.Delta(region, versions[d.Number-r.first].Manifest, v.Manifest)] = true
				}
			}
			for _, to := range []publish.Version{last, current} { // made on request
				r.names[layout.Delta(region, v.Manifest, to.Manifest)] = true
			}
		}
	}
	if c.Blobs != nil {
		more, err := c.Blobs(ctx)
		if err != nil {
			return nil, err
		}
		for _, name := range more {
			m.blobs[name] = true
		}
	}
	return m, nil
}

// unused reports whether an object is of a kind that is collected, and nothing
// leads to it.
func (m *marks) unused(ctx context.Context, name string) (bool, error) {
	parts := strings.Split(name, "/")
	switch {
	case len(parts) == 4 && parts[1] == "blobs":
		hash, err := blob.ParseHash(parts[3])
		return err == nil && !m.blobs[hash], nil
	case len(parts) < 4 || parts[1] != "regions":
		return false, nil
	}
	r, ok := m.regions[parts[2]]
	if !ok {
		return false, fmt.Errorf("%w: %s", ErrUnknownRegion, parts[2])
	}
	if len(parts) != 5 {
		return false, nil
	}
	switch parts[3] {
	case "manifests", "deltas":
		return !r.names[name], nil
	case "heads":
		note, err := m.objects.Get(ctx, name)
		if err != nil {
			return false, err
		}
		h, err := head.Peek(note)
		return err == nil && h.Version < r.first, nil
	}
	return false, nil
}
