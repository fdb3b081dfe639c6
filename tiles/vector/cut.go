package vector

import "github.com/pannier-maps/pannier/tiles/cell"

// Buffers, in tile units: how far beyond its tile a geometry is kept. Lines are
// drawn wider than they are; areas need no more than the width of an outline.
const (
	LineBuffer = 64
	AreaBuffer = 16
)

// Cutter cuts geometry to tiles. It halves the range of tiles again and again and
// clips to each half, so that every point is looked at only some times however
// many tiles a polygon has; a range that lies wholly inside is filled at once.
type Cutter struct {
	levels []*World
	out    Tile
}

// Emit takes the geometry in one tile. It must not keep g.
type Emit func(tile cell.ID, g *Tile)

// job is one geometry on its way to tiles.
type job struct {
	zoom   uint8
	area   bool
	buffer int32 // world units
	emit   Emit
}

// span is a range of tiles, ends inclusive.
type span struct{ x0, y0, x1, y1 int32 }

// Point emits the one tile that holds p.
func (c *Cutter) Point(z uint8, p WorldPoint, emit Emit) {
	shift := WorldBits - z
	x, y := clampTile(p.X>>shift, z), clampTile(p.Y>>shift, z)
	c.out.Reset()
	at := TilePoint{min(quantise(p.X-x<<shift, z), Extent-1), min(quantise(p.Y-y<<shift, z), Extent-1)}
	c.out.Add([]TilePoint{at})
	emit(cell.New(z, uint32(x), uint32(y)), &c.out)
}

// Lines emits the tiles that lines touch, in no particular order.
func (c *Cutter) Lines(z uint8, g *World, emit Emit) {
	c.start(job{z, false, LineBuffer << (unitBits - z), emit}, g)
}

// Polygon emits the tiles that a polygon, an exterior ring and its interior
// rings, touches, in no particular order.
func (c *Cutter) Polygon(z uint8, g *World, emit Emit) {
	c.start(job{z, true, AreaBuffer << (unitBits - z), emit}, g)
}

func (c *Cutter) start(j job, g *World) {
	if len(g.Points) == 0 {
		return
	}
	low, high := Bounds(g.Points)
	shift := WorldBits - j.zoom
	c.cut(j, 0, g, span{
		clampTile((low.X-j.buffer)>>shift, j.zoom), clampTile((low.Y-j.buffer)>>shift, j.zoom),
		clampTile((high.X+j.buffer)>>shift, j.zoom), clampTile((high.Y+j.buffer)>>shift, j.zoom),
	})
}

func (c *Cutter) cut(j job, depth int, g *World, r span) {
	if j.area {
		switch covers(j, g, r) {
		case full:
			c.fill(j, r)
			return
		case empty:
			return
		}
	}
	if r.x0 == r.x1 && r.y0 == r.y1 {
		c.finish(j, g, r.x0, r.y0)
		return
	}
	shift := WorldBits - j.zoom
	a, b := r, r
	vertical := r.y1-r.y0 > r.x1-r.x0
	var line int32
	if vertical {
		a.y1 = (r.y0 + r.y1) / 2
		b.y0 = a.y1 + 1
		line = b.y0 << shift
	} else {
		a.x1 = (r.x0 + r.x1) / 2
		b.x0 = a.x1 + 1
		line = b.x0 << shift
	}
	c.half(j, depth, g, edge{vertical, true, line + j.buffer}, a)
	c.half(j, depth, g, edge{vertical, false, line - j.buffer}, b)
}

// half clips g to e and goes on with the range r there.
func (c *Cutter) half(j job, depth int, g *World, e edge, r span) {
	for len(c.levels) <= depth {
		c.levels = append(c.levels, new(World))
	}
	dst := c.levels[depth]
	dst.Reset()
	if j.area {
		e.clipPolygon(dst, g)
	} else {
		e.clipLines(dst, g)
	}
	if dst.Len() > 0 {
		c.cut(j, depth+1, dst, r)
	}
}

// cover says how a polygon lies on a range of tiles.
type cover uint8

const (
	partly cover = iota
	full
	empty
)

// covers compares areas: g lies inside the range and its buffer already, so a
// ring with the same area is that square.
func covers(j job, g *World, r span) cover {
	shift := WorldBits - j.zoom
	width := int64(r.x1-r.x0+1)<<shift + 2*int64(j.buffer)
	height := int64(r.y1-r.y0+1)<<shift + 2*int64(j.buffer)
	whole := 2 * width * height
	for i := 1; i < g.Len(); i++ {
		if abs(DoubleArea(g.Part(i))) >= whole {
			return empty
		}
	}
	if g.Len() == 1 && abs(DoubleArea(g.Points)) == whole {
		return full
	}
	return partly
}

// fill emits the plain square for every tile of a range.
func (c *Cutter) fill(j job, r span) {
	const low, high = -AreaBuffer, Extent + AreaBuffer
	for y := r.y0; y <= r.y1; y++ {
		for x := r.x0; x <= r.x1; x++ {
			c.out.Reset()
			c.out.Add([]TilePoint{{low, low}, {high, low}, {high, high}, {low, high}})
			j.emit(cell.New(j.zoom, uint32(x), uint32(y)), &c.out)
		}
	}
}

// finish rounds g to the units of one tile and emits what is left.
func (c *Cutter) finish(j job, g *World, x, y int32) {
	shift := WorldBits - j.zoom
	corner := WorldPoint{x << shift, y << shift}
	c.out.Reset()
	for i := range g.Len() {
		for _, p := range g.Part(i) {
			c.out.Points = append(c.out.Points, TilePoint{quantise(p.X-corner.X, j.zoom), quantise(p.Y-corner.Y, j.zoom)})
		}
		if !j.area {
			tidyLine(&c.out)
		} else if !tidyRing(&c.out, i == 0) && i == 0 {
			return
		}
	}
	if c.out.Len() > 0 {
		j.emit(cell.New(j.zoom, uint32(x), uint32(y)), &c.out)
	}
}

// quantise rounds a distance in world units to tile units.
func quantise(v int32, z uint8) int32 {
	shift := unitBits - z
	return (v + 1<<shift>>1) >> shift
}

func clampTile(v int32, z uint8) int32 { return max(0, min(v, 1<<z-1)) }
