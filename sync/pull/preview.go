package pull

import (
	"cmp"
	"context"
	"io/fs"
	"slices"

	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// Preview tells what a pull would do.
type Preview struct {
	Head      *head.Head
	Stale     bool            // as in Result
	Unchanged bool            // there is nothing to do
	Cells     int             // cells that will be held
	AllCells  int             // cells of the version
	Selection cover.Selection // what will be held
	Layers    []LayerSize     // those in which something is to do, in rising order
	Received  int64           // bytes over the wire for finding out, headers included
	Requests  int64
}

// LayerSize is what a pull does in one layer.
type LayerSize struct {
	Layer   cell.Layer
	Changed int   // cells that are new or differ
	Removed int   // cells that will not be held any longer
	Bytes   int64 // still to be fetched, without the protocol's own
}

// Bytes sums what is still to be fetched.
func (p Preview) Bytes() (n int64) {
	for _, l := range p.Layers {
		n += l.Bytes
	}
	return n
}

// CellChange is how a new version changes a cell; nil stands for no cell.
type CellChange struct {
	Key      cell.Key
	Old, New []byte
}

// Preview finds out what Pull with the same arguments would do, and installs
// nothing. If see is set it also fetches what is new in one layer, and calls see
// for each cell of it that the new version changes, in rising order (a cell that
// only comes or goes with the selection does not count). All that is fetched is
// checked and stays in the stage for the pull.
func (c *Client) Preview(ctx context.Context, region string, installed Installed, opts Options, layer cell.Layer, see func(CellChange) error) (result Preview, err error) {
	if err := layout.CheckRegion(region); err != nil {
		return result, err
	}
	p := &puller{client: c, region: region, installed: installed, opts: opts, preview: true}
	defer func() { result.Received, result.Requests = c.received.Load(), c.requests.Load() }()
	if err := p.begin(ctx); err != nil {
		return result, err
	}
	result.Head, result.Selection, result.Stale = p.head, p.want, p.stale()
	if p.current() {
		result.Unchanged, result.Cells, result.AllCells = true, len(p.wasHeld.Entries), len(p.wasList.Entries)
		return result, p.stage.clear()
	}
	pl, err := p.plan(ctx)
	if err != nil {
		return result, err
	}
	if see != nil {
		if err := p.show(ctx, pl, layer, see); err != nil {
			return result, err
		}
	}
	result.Cells, result.AllCells = len(pl.held.Entries), len(pl.to.Entries)
	result.Layers, err = p.sizes(pl)
	return result, err
}

// show fetches a layer's changes and calls see with each.
func (p *puller) show(ctx context.Context, pl *plan, layer cell.Layer, see func(CellChange) error) error {
	var changes []manifest.Change
	for _, c := range pl.changes {
		if c.Key().Layer == layer && c.Added() != lists(p.wasList, c.Key()) && c.Removed() != lists(pl.to, c.Key()) {
			changes = append(changes, c)
		}
	}
	if err := p.fetch(ctx, pl, changes); err != nil {
		return err
	}
	for _, c := range changes {
		shown := CellChange{Key: c.Key()}
		var err error
		if !c.Added() {
			if shown.Old, err = p.installed.Cell(ctx, c.Key()); err != nil {
				return err
			}
		}
		if !c.Removed() {
			if shown.New, err = p.content(ctx, pl, c); err != nil {
				return err
			}
		}
		if err := see(shown); err != nil {
			return err
		}
	}
	return nil
}

func lists(m *manifest.Manifest, key cell.Key) bool {
	if m == nil {
		return false
	}
	_, ok := m.Find(key)
	return ok
}

// sizes sums up by layer what a plan has still to fetch.
func (p *puller) sizes(pl *plan) ([]LayerSize, error) {
	byLayer := make(map[cell.Layer]*LayerSize)
	for _, c := range pl.changes {
		l := byLayer[c.Key().Layer]
		if l == nil {
			l = &LayerSize{Layer: c.Key().Layer}
			byLayer[l.Layer] = l
		}
		if c.Removed() {
			l.Removed++
		} else {
			l.Changed++
		}
	}
	for _, e := range p.blobs(pl, pl.changes) {
		if name := layout.Blob(e.Hash); !p.stage.has(name) {
			byLayer[e.Key.Layer].Bytes += int64(e.Stored) - p.stage.partial(name)
		}
	}
	for _, h := range pl.hops {
		pieces, err := p.stage.pieces(h.name)
		if err != nil {
			return nil, err
		}
		for _, c := range pl.changes {
			for _, gap := range missing(p.segments(pl, h, []manifest.Change{c}), pieces) {
				byLayer[c.Key().Layer].Bytes += gap.length()
			}
		}
	}
	var sizes []LayerSize
	for _, l := range byLayer {
		sizes = append(sizes, *l)
	}
	slices.SortFunc(sizes, func(a, b LayerSize) int { return cmp.Compare(a.Layer, b.Layer) })
	return sizes, nil
}

// Nothing is a device that holds nothing, for a Preview of a first pull.
var Nothing Installed = nothing{}

type nothing struct{ Installed }

func (nothing) State(context.Context) (State, error) { return State{}, fs.ErrNotExist }
