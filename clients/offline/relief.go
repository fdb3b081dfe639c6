package offline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/relief"
	"github.com/pannier-maps/pannier/tiles/relief/contour"
)

// Relief returns a tile of heights as a PNG in Terrarium encoding, for shaded hills
// or ground that rises; fs.ErrNotExist when the region has none there.
func (r *Region) Relief(ctx context.Context, tile cell.ID) ([]byte, error) {
	data, err := r.heights(ctx, tile)
	if err != nil {
		return nil, err
	}
	return terrarium(tile, data)
}

// Contours returns the contour lines of a tile of heights as a vector tile, drawn of
// them and of those around; fs.ErrNotExist when the region has none there.
func (r *Region) Contours(ctx context.Context, tile cell.ID) ([]byte, error) {
	if !tile.Valid() {
		return nil, cell.ErrInvalid
	}
	data, err := contour.Tile(func(right, down int) (*relief.Heights, error) {
		data, err := r.heights(ctx, tile.Beside(right, down))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return relief.Decode(data)
	})
	switch {
	case errors.Is(err, relief.ErrInvalid):
		return nil, fmt.Errorf("contours %s: %w: %w", tile, ErrDamaged, err)
	case err == nil && data == nil:
		return nil, fmt.Errorf("contours %s: %w", tile, fs.ErrNotExist)
	}
	return data, err
}

// heights returns a tile as it lies in its cell.
func (r *Region) heights(ctx context.Context, tile cell.ID) ([]byte, error) {
	if !tile.Valid() {
		return nil, cell.ErrInvalid
	}
	raw, _, err := loadCell(ctx, r.read, cell.Key{Layer: cell.Relief, ID: cell.OfTile(tile)})
	if err != nil {
		return nil, fmt.Errorf("relief %s: %w", tile, explain(err))
	}
	key := cell.TileKey(tile)
	for item, err := range cell.Items(raw) {
		if err != nil {
			return nil, fmt.Errorf("relief %s: %w: %w", tile, ErrDamaged, err)
		}
		if bytes.Equal(item.Key, key) {
			return item.Value, nil
		}
	}
	return nil, fmt.Errorf("relief %s: %w", tile, fs.ErrNotExist)
}

// Reliefs yields the tiles of heights as PNG, cell by cell, each cell checked.
func (r *Region) Reliefs(ctx context.Context) iter.Seq2[archive.Tile, error] {
	return func(yield func(archive.Tile, error) bool) {
		for item, err := range r.items(ctx, cell.Relief) {
			var t archive.Tile
			if err == nil {
				t.ID, err = cell.TileOfKey(item.Key)
			}
			if err == nil {
				t.Data, err = terrarium(t.ID, item.Value)
			}
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}

func terrarium(tile cell.ID, data []byte) ([]byte, error) {
	png, err := relief.Terrarium(data)
	if err != nil {
		return nil, fmt.Errorf("relief %s: %w: %w", tile, ErrDamaged, err)
	}
	return png, nil
}
