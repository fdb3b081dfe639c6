package main

import (
	"context"
	"errors"
	"time"

	"github.com/pannier-maps/pannier/sync/delta"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// decodeSpeed applies a region's delta between two versions in memory, with the
// checks of hashes, on one core, for half a second or so. It returns the new
// content of the cells that changed in bytes a second.
func decodeSpeed(ctx context.Context, s site, region string, before, after *manifest.Manifest) (float64, error) {
	from, err1 := before.Hash()
	to, err2 := after.Hash()
	if err := errors.Join(err1, err2); err != nil {
		return 0, err
	}
	data, err := s.Get(ctx, layout.Delta(region, from, to))
	if err != nil {
		return 0, err
	}
	d, err := delta.Parse(data)
	if err != nil {
		return 0, err
	}
	old := make(map[cell.Key][]byte)
	err = s.cells(ctx, before, func(e manifest.Entry, raw []byte) error {
		old[e.Key] = raw
		return nil
	})
	if err != nil {
		return 0, err
	}
	var n int64
	start := time.Now()
	for time.Since(start) < time.Second/2 {
		for i, c := range delta.Content(before, after) {
			segment := d.Segments[i]
			raw, err := segment.Cell(old[c.Key()], data[segment.Offset:segment.Offset+segment.Length], c.New)
			if err != nil {
				return 0, err
			}
			n += int64(len(raw))
		}
	}
	return float64(n) / time.Since(start).Seconds(), nil
}
