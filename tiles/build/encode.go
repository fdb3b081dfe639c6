package build

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/pannier-maps/pannier/tiles/schema"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// task is a tile on its way through the encoders: what it has less and more than
// that of an old drawing.
type task struct {
	place      place
	less, more []record
	weight     int           // records that it takes care of, for progress
	done       chan *encoded // takes one result
}

// encoded is what a tile comes to; without records, nothing.
type encoded struct {
	raw           []byte
	tile, records []byte  // frames
	features      []int64 // by layer
	err           error
}

// encodeTiles encodes tiles, several at a time, that next yields in order, nil
// for the end. It hands them to draw in that order. Old is the drawing that they
// differ from, nil for none; records is the sum of the tasks' weights.
func encodeTiles(ctx context.Context, opts Options, records int64, old *Drawing, next func() (*task, error), draw func(*task, *encoded) error) error {
	group, ctx := errgroup.WithContext(ctx)
	tasks := make(chan *task)
	inOrder := make(chan *task, 2*opts.Workers)
	group.Go(func() error {
		for {
			t, err := next()
			if err != nil {
				return err // with the channels open: nothing after it may look complete
			}
			if t == nil {
				close(tasks)
				close(inOrder)
				return nil
			}
			t.done = make(chan *encoded, 1)
			for _, queue := range []chan *task{inOrder, tasks} {
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
				t.done <- e.carryOut(t, old)
			}
		})
	}
	group.Go(func() error {
		p := progress{tell: opts.Progress, stage: "tiles", total: records}
		for {
			t, err := receive(ctx, inOrder)
			if err != nil || t == nil {
				return err
			}
			e, err := receive(ctx, t.done)
			if err != nil {
				return err
			}
			if e.err != nil {
				return e.err
			}
			if err := draw(t, e); err != nil {
				return err
			}
			p.add(int64(t.weight))
		}
	})
	return group.Wait()
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

// tileEncoder makes a tile of its records.
type tileEncoder struct {
	encoder  vector.Encoder
	features []vector.Feature // with space for geometry that is used again
	joiner   joiner
	network  network
	packed   []byte
}

// carryOut makes the tile of a task.
func (e *tileEncoder) carryOut(t *task, old *Drawing) *encoded {
	records := t.more
	if old != nil {
		var err error
		if records, err = old.amend(t); err != nil {
			return &encoded{err: err}
		}
	}
	if len(records) == 0 {
		return new(encoded)
	}
	out := e.encode(records)
	e.packed = packRecords(e.packed[:0], records)
	out.tile, out.records = packFrame(out.raw), packFrame(e.packed)
	return out
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
		switch {
		case f.Type == vector.Lines && first.place.tile().Zoom() <= lastNetwork:
			if e.network.draw(&f.Geometry); f.Geometry.Len() == 0 {
				features = features[:len(features)-1]
			}
		case f.Type == vector.Lines && f.Geometry.Len() > 1:
			e.joiner.join(&f.Geometry)
		}
		from = to
	}
	e.features = features
	return features
}
