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

// dissect tells what a row's delta is made of, and applies it in memory, with the
// checks of hashes, on one core, for half a second or so. The speed is that of
// the changed cells' new content.
func (row *Sync) dissect(ctx context.Context, s site, before, after *manifest.Manifest) error {
	from, err1 := before.Hash()
	to, err2 := after.Hash()
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	data, err := s.Get(ctx, layout.Delta(row.Region, from, to))
	if err != nil {
		return err
	}
	d, err := delta.Parse(data)
	if err != nil {
		return err
	}
	changes := delta.Content(before, after)
	row.Manifest = d.Length
	for i, c := range changes {
		n := d.Segments[i].Length
		row.Manifest -= n
		switch c.Key().Layer {
		case cell.Features:
			row.Features += n
		case cell.Tiles:
			row.Tiles += n
		}
	}
	old := make(map[cell.Key][]byte)
	err = s.cells(ctx, before, func(e manifest.Entry, raw []byte) error {
		old[e.Key] = raw
		return nil
	})
	if err != nil {
		return err
	}
	var n int64
	start := time.Now()
	for time.Since(start) < time.Second/2 {
		for i, c := range changes {
			segment := d.Segments[i]
			raw, err := segment.Cell(old[c.Key()], data[segment.Offset:segment.Offset+segment.Length], c.New)
			if err != nil {
				return err
			}
			n += int64(len(raw))
		}
	}
	row.Decode = float64(n) / time.Since(start).Seconds()
	return nil
}
