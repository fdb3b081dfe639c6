package build

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/schema"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// task is a tile on its way through the encoders.
type task struct {
	place   place
	records []record
	done    chan *encoded // takes one result
}

type encoded struct {
	raw      []byte
	features []int64 // by layer
}

// encodeTiles merges the runs and encodes tiles, several at a time, and emits
// cells in order.
func encodeTiles(ctx context.Context, opts Options, s *sorter, emit func(cell.Key, []byte) error) (Stats, error) {
	m, err := s.merge()
	if err != nil {
		return Stats{}, err
	}
	group, ctx := errgroup.WithContext(ctx)
	tasks := make(chan *task)
	order := make(chan *task, 2*opts.Workers)
	group.Go(func() error {
		for {
			records, err := m.tile()
			if err != nil {
				return err // with the channels open: nothing after it may look complete
			}
			if len(records) == 0 {
				close(tasks)
				close(order)
				return nil
			}
			t := &task{records[0].place, records, make(chan *encoded, 1)}
			for _, queue := range []chan *task{order, tasks} {
				select {
				case queue <- t:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
	})
	for range opts.Workers {
		group.Go(func() error {
			var e tileEncoder
			for {
				t, err := receive(ctx, tasks)
				if err != nil || t == nil {
					return err
				}
				t.done <- e.encode(t.records)
			}
		})
	}
	c := cells{emit: emit, stats: Stats{Features: make(map[string]int64)}}
	group.Go(func() error {
		p := progress{tell: opts.Progress, stage: "tiles", total: s.records}
		for {
			t, err := receive(ctx, order)
			if err != nil {
				return err
			}
			if t == nil {
				return c.flush()
			}
			e, err := receive(ctx, t.done)
			if err != nil {
				return err
			}
			if err := c.add(t.place, *e); err != nil {
				return err
			}
			p.add(int64(len(t.records)))
		}
	})
	err = group.Wait()
	return c.stats, err
}

// receive takes the next value, nil when there are no more.
func receive[T any](ctx context.Context, from <-chan *T) (*T, error) {
	select {
	case v := <-from:
		return v, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// cells gathers tiles, which come in order, to cells.
type cells struct {
	emit  func(cell.Key, []byte) error
	cell  cell.ID
	raw   []byte
	stats Stats
}

func (c *cells) add(p place, e encoded) error {
	if c.cell != p.cell() {
		if err := c.flush(); err != nil {
			return err
		}
		c.cell = p.cell()
	}
	c.raw = cell.AppendItem(c.raw, cell.TileKey(p.tile()), e.raw)
	if len(c.raw) > cell.MaxCellBytes {
		return fmt.Errorf("cell %s: more than %d bytes", c.cell, cell.MaxCellBytes)
	}
	c.stats.Tiles++
	c.stats.Bytes += int64(len(e.raw))
	for i, n := range e.features {
		if n > 0 {
			c.stats.Features[schema.Layers[i].Name] += n
		}
	}
	return nil
}

func (c *cells) flush() error {
	if len(c.raw) == 0 {
		return nil
	}
	raw := c.raw
	c.raw = nil
	c.stats.Cells++
	return c.emit(cell.Key{Layer: cell.Tiles, ID: c.cell}, raw)
}

// tileEncoder makes a tile of its records.
type tileEncoder struct {
	encoder  vector.Encoder
	features []vector.Feature // with space for geometry that is used again
	joiner   joiner
}

func (e *tileEncoder) encode(records []record) *encoded {
	out := &encoded{features: make([]int64, len(schema.Layers))}
	for from := 0; from < len(records); {
		to := from
		for to < len(records) && records[to].layer == records[from].layer {
			to++
		}
		layer := records[from].layer
		features := e.group(records[from:to])
		out.features[layer] = int64(len(features))
		out.raw = e.encoder.AppendLayer(out.raw, schema.Layers[layer].Name, features)
		from = to
	}
	return out
}

// group makes features of the records of one layer, neighbours that join into
// one.
func (e *tileEncoder) group(records []record) []vector.Feature {
	features := e.features[:0]
	for from := 0; from < len(records); {
		first := &records[from]
		if len(features) < cap(features) {
			features = features[:len(features)+1]
		} else {
			features = append(features, vector.Feature{})
		}
		f := &features[len(features)-1]
		f.Type, f.Attrs = first.geomType(), first.attrs
		f.Geometry.Reset()
		to := from
		for ; to < len(records) && first.joins(&records[to]); to++ {
			parseTile(records[to].geometry, &f.Geometry)
		}
		if f.Type == vector.Lines && f.Geometry.Len() > 1 {
			e.joiner.join(&f.Geometry)
		}
		from = to
	}
	e.features = features
	return features
}
