package compose

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// parkBytes is how many bytes of features wait in memory for their shelf.
const parkBytes = 8 << 20

// parking holds features of a shelf in the making in a temporary file, so that
// memory does not grow with the region.
type parking struct {
	dir     string
	waiting int      // bytes of items in memory
	file    *os.File // nil until it is needed
	at      int64
	packer  *zstd.Encoder
}

// parked is a place in the file: items of one cell, packed.
type parked struct {
	at          int64
	stored, raw int
}

// park moves the waiting items of all cells to the file.
func (p *parking) park(cells map[cell.ID]*shelved) (err error) {
	if p.file == nil {
		if p.packer, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20)); err != nil {
			return err
		}
		if p.file, err = os.CreateTemp(p.dir, "pannier-features-*"); err != nil {
			return fmt.Errorf("park features: %w", err)
		}
	}
	var raw, stored []byte
	for _, c := range cells {
		if len(c.items) == 0 {
			continue
		}
		slices.SortFunc(c.items, func(a, b item) int { return cmp.Compare(a.id, b.id) })
		raw = raw[:0]
		for _, it := range c.items {
			raw = cell.AppendItem(raw, []byte(it.id), it.raw)
		}
		stored = p.packer.EncodeAll(raw, stored[:0])
		if _, err := p.file.WriteAt(stored, p.at); err != nil {
			return fmt.Errorf("park features: %w", err)
		}
		c.parked = append(c.parked, parked{p.at, len(stored), len(raw)})
		c.items = nil
		p.at += int64(len(stored))
	}
	p.waiting = 0
	return nil
}

// all returns all items of a cell, in any order.
func (p *parking) all(c *shelved) ([]item, error) {
	if len(c.parked) == 0 {
		return c.items, nil
	}
	unzip, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer unzip.Close()
	items := c.items
	for _, at := range c.parked {
		stored := make([]byte, at.stored)
		if _, err := p.file.ReadAt(stored, at.at); err != nil {
			return nil, fmt.Errorf("read parked features: %w", err)
		}
		raw, err := unzip.DecodeAll(stored, make([]byte, 0, at.raw))
		if err != nil {
			return nil, fmt.Errorf("read parked features: %w", err)
		}
		for it, err := range cell.Items(raw) {
			if err != nil {
				return nil, fmt.Errorf("read parked features: %w", err)
			}
			items = append(items, item{string(it.Key), it.Value})
		}
	}
	return items, nil
}

// close removes the file.
func (p *parking) close() error {
	if p.file == nil {
		return nil
	}
	return errors.Join(p.packer.Close(), p.file.Close(), os.Remove(p.file.Name()))
}
