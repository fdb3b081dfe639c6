package offline

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"runtime"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// gzipLevel is a middling one: higher ones take three times as long for 2 %.
const gzipLevel = 6

// packed is a cell made ready for its rows.
type packed struct {
	key      cell.Key
	tiles    []tileRow
	vectors  archive.Layers
	features []featureRow
	data     []byte // of layers that have no table
}

// packAll makes cells ready on every core and yields them in their order. A few
// cells wait at a time, so memory stays bounded. When it ends, however that
// happens, nobody ranges over cells any more.
func packAll(ctx context.Context, cells iter.Seq2[pull.ChangedCell, error]) iter.Seq2[*packed, error] {
	type result struct {
		p   *packed
		err error
	}
	return func(yield func(*packed, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		queue := make(chan chan result, runtime.GOMAXPROCS(0))
		defer func() {
			cancel()
			for range queue { // until it is closed
			}
		}()
		go func() {
			defer close(queue)
			for c, err := range cells {
				one := make(chan result, 1)
				select {
				case queue <- one:
				case <-ctx.Done():
					return
				}
				if err != nil {
					one <- result{err: err}
					return
				}
				go func() {
					p, err := pack(c)
					if err != nil {
						err = fmt.Errorf("read cell %s: %w", c.Key, err)
					}
					one <- result{p, err}
				}()
			}
		}()
		for one := range queue {
			if got := <-one; !yield(got.p, got.err) || got.err != nil {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// pack makes one cell ready.
func pack(c pull.ChangedCell) (p *packed, err error) {
	p = &packed{key: c.Key}
	switch c.Key.Layer {
	case cell.Tiles:
		p.tiles, p.vectors, err = packTiles(c.Key.ID, c.Raw)
	case cell.Features:
		p.features, err = packFeatures(c.Raw)
	default:
		p.data, err = packBytes(c.Raw)
	}
	return p, err
}

func zip(raw []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzipLevel)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(raw); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// unzip undoes zip; the result is bounded by the size of a cell.
func unzip(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(io.LimitReader(z, cell.MaxCellBytes+1)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return b.Bytes(), nil
}

func packBytes(raw []byte) ([]byte, error) {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer w.Close()
	return w.EncodeAll(raw, nil), nil
}

func unpackBytes(data []byte) ([]byte, error) {
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(cell.MaxCellBytes))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	raw, err := r.DecodeAll(data, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return raw, nil
}
