package pull

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// damaged tells that an installed cell is not what its manifest says, so that a
// delta cannot start from it.
type damaged struct {
	entry manifest.Entry // what the cell shall become
	cause error
}

func (d *damaged) Error() string {
	return fmt.Sprintf("installed cell %s is damaged: %v", d.entry.Key, d.cause)
}

// install stages what the plan needs and makes the new version the installed
// one. A cell that turns out to be damaged on the device is fetched in full.
func (p *puller) install(ctx context.Context, pl *plan) error {
	if err := p.fetch(ctx, pl, pl.changes); err != nil {
		return err
	}
	next := Version{State: State{p.was.Origin, p.headNote, pl.encoded, p.want}, Decoded: pl.to, Changed: p.changed(ctx, pl)}
	for _, c := range pl.changes {
		if c.Removed() {
			next.Removed = append(next.Removed, c.Key())
		}
	}
	for {
		err := p.installed.Apply(ctx, next)
		var d *damaged
		if !errors.As(err, &d) || p.stage.has(layout.Blob(d.entry.Hash)) {
			if err != nil {
				return fmt.Errorf("install version %d: %w", p.head.Version, err)
			}
			return nil
		}
		if err := p.fetchBlobs(ctx, []manifest.Entry{d.entry}); err != nil {
			return err
		}
	}
}

// changed yields the content of each cell that is new or differs.
func (p *puller) changed(ctx context.Context, pl *plan) iter.Seq2[ChangedCell, error] {
	return func(yield func(ChangedCell, error) bool) {
		for i, c := range pl.changes {
			p.report("install", int64(i), int64(len(pl.changes)))
			if c.Removed() {
				continue
			}
			raw, err := p.content(ctx, pl, c)
			if err == nil {
				err = ctx.Err()
			}
			if !yield(ChangedCell{c.Key(), raw}, err) || err != nil {
				return
			}
		}
		p.report("install", int64(len(pl.changes)), int64(len(pl.changes)))
	}
}

// content returns a cell's new bytes: from a staged blob if there is one, else
// by walking the deltas from the installed bytes.
func (p *puller) content(ctx context.Context, pl *plan, c manifest.Change) ([]byte, error) {
	name := layout.Blob(c.New.Hash)
	if data, err := p.stage.read(name); err == nil {
		raw, err := blob.Open(data, int(c.New.Raw), c.New.Hash)
		if err != nil {
			return nil, p.reject(name, err)
		}
		return raw, nil
	}
	var raw []byte
	if !c.Added() {
		var err error
		if raw, err = p.intact(ctx, c.Key()); err != nil {
			return nil, &damaged{c.New, err}
		}
	}
	for _, h := range pl.hops {
		var err error
		if raw, err = h.walk(c.Key(), raw); err != nil {
			return nil, p.reject(h.name, err)
		}
	}
	if got := blob.Sum(raw); got != c.New.Hash {
		return nil, fmt.Errorf("cell %s: %w: content is %s, expected %s", c.Key(), blob.ErrCorrupt, got, c.New.Hash)
	}
	return raw, nil
}

// walk takes one cell over one staged delta.
func (h hop) walk(key cell.Key, old []byte) ([]byte, error) {
	if h.removed[key] {
		return nil, nil
	}
	s, ok := h.segments[key]
	if !ok {
		return old, nil
	}
	data := make([]byte, s.Length)
	if _, err := h.from.ReadAt(data, s.Offset); err != nil {
		return nil, fmt.Errorf("cell %s: %w", key, err)
	}
	return s.Cell(old, data, s.want)
}
