package pyramid

import (
	"cmp"
	"context"
	"slices"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/relief"
)

// drawer draws the tiles of one box, children before parents.
type drawer struct {
	*ground
	region      Box
	first, last uint8  // zooms
	far         pixels // of a level square
	done, total int64  // squares of the last zoom
	progress    func(done, total int64)
	pending     map[cell.ID][]tile // of cells that are not complete
	emit        func(id cell.ID, raw []byte) error
}

type tile struct {
	id   cell.ID
	data []byte
}

// pixels are heights in units of 1/256 m, row by row from the north-west.
type pixels struct {
	heights [relief.Side * relief.Side]int32
	known   bool // some of them, of the model
	drawn   bool // some of them, on the deepest zoom
}

// draw returns a square's pixels; nil when it is level. It draws the tiles that lie
// in it on the way.
func (d *drawer) draw(ctx context.Context, id cell.ID) (p *pixels, err error) {
	if d.isLevel(id) {
		return nil, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if id.Zoom() == d.last {
		p, err = d.sample(id)
		if d.done++; d.progress != nil {
			d.progress(min(d.done, d.total), d.total)
		}
	} else {
		p, err = d.gather(ctx, id)
	}
	if err != nil {
		return nil, err
	}
	if p.known && d.wanted(id) && (p.drawn || id.Zoom() == d.last) {
		p.drawn = true
		in := cell.OfTile(id)
		d.pending[in] = append(d.pending[in], tile{id, relief.Encode(&p.heights, id.Zoom())})
	}
	if cell.OfTile(id) == id { // all that lies in it is drawn
		return p, d.flush(id)
	}
	return p, nil
}

// gather makes pixels of those of the four squares in a square.
func (d *drawer) gather(ctx context.Context, id cell.ID) (*pixels, error) {
	p := new(pixels)
	for k := range uint32(4) {
		right, down := k%2, k/2
		c, err := d.draw(ctx, cell.New(id.Zoom()+1, 2*id.X()+right, 2*id.Y()+down))
		if err != nil {
			return nil, err
		}
		if c == nil {
			c = &d.far
		}
		p.known, p.drawn = p.known || c.known, p.drawn || c.drawn
		for y := range relief.Side / 2 {
			row := p.heights[(y+int(down)*relief.Side/2)*relief.Side+int(right)*relief.Side/2:]
			for x := range relief.Side / 2 {
				four := c.heights[2*y*relief.Side+2*x:]
				row[x] = (four[0] + four[1] + four[relief.Side] + four[relief.Side+1] + 2) >> 2
			}
		}
	}
	return p, nil
}

// wanted reports whether a tile lies in the box.
func (d *drawer) wanted(id cell.ID) bool {
	from, to, _ := d.region.squares(id.Zoom())
	return id.X() >= from.X() && id.X() <= to.X() && id.Y() >= from.Y() && id.Y() <= to.Y()
}

// flush gives away a cell, if there is anything in it.
func (d *drawer) flush(id cell.ID) error {
	tiles := d.pending[id]
	if len(tiles) == 0 {
		return nil
	}
	delete(d.pending, id)
	slices.SortFunc(tiles, func(a, b tile) int { return cmp.Compare(a.id, b.id) })
	var raw []byte
	for _, t := range tiles {
		raw = cell.AppendItem(raw, cell.TileKey(t.id), t.data)
	}
	return d.emit(id, raw)
}
