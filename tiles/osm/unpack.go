package osm

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"sort"
	"sync"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// Elements of an unpacked group: few, since all are read for one of them.
const (
	nodesInGroup = 64
	waysInGroup  = 16
)

// A group of nodes has three columns of 4 bytes for each: how far the id is from
// the group's first, longitude, latitude. A group of ways is a shape, as in a block.

// Unpack makes ready for looking up a large part of all elements, in any order.
// When the places of the nodes and the shapes of the ways take more memory than
// the base may, it writes them to a temporary file in dir ("" for the system's),
// in small groups; a lookup then costs some microseconds instead of a block. That
// takes 12 bytes of disk a node and about 2 a node of a way, and a fiftieth of it
// in memory. The file goes with Close.
func (b *Base) Unpack(ctx context.Context, dir string) error {
	b.unpacking.Lock()
	defer b.unpacking.Unlock()
	if b.unpacked.Load() != nil || placeBytes*b.counts[NodeKind]+wayBytes*b.counts[WayKind] <= int64(b.cache.budget) {
		return nil
	}
	u, err := b.unpack(ctx, dir)
	if err != nil {
		return fmt.Errorf("unpack base: %w", err)
	}
	b.unpacked.Store(u)
	return nil
}

// What elements take in memory, about.
const (
	placeBytes = 16
	wayBytes   = 150
)

// unpacked is a temporary file of small groups.
type unpacked struct {
	file  *os.File
	nodes groups
	ways  groups
}

// groups say where elements of one kind lie, sorted by id.
type groups struct {
	firsts []int64 // first ids
	starts []int64 // in the file; one more than there are groups
	counts []uint8 // elements
}

func (b *Base) unpack(ctx context.Context, dir string) (_ *unpacked, err error) {
	file, err := os.CreateTemp(dir, "pannier-places-*")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	if err := os.Remove(file.Name()); err != nil { // it lives as long as it is open
		return nil, err
	}
	w := &groupWriter{out: bufio.NewWriterSize(file, 1<<20)}
	u := &unpacked{file: file}
	err = unpackNodes(ctx, b, w, &u.nodes)
	if err == nil {
		err = unpackWays(ctx, b, w, &u.ways)
	}
	if err == nil {
		err = w.out.Flush()
	}
	return u, err
}

// groupWriter writes groups one after another.
type groupWriter struct {
	out *bufio.Writer
	at  int64
}

func (w *groupWriter) add(g *groups, first int64, count int, data []byte) error {
	g.firsts, g.starts, g.counts = append(g.firsts, first), append(g.starts, w.at), append(g.counts, uint8(count))
	n, err := w.out.Write(data)
	w.at += int64(n)
	return err
}

func unpackNodes(ctx context.Context, b *Base, w *groupWriter, g *groups) error {
	var data []byte
	for i := range b.blocks[NodeKind] {
		if err := ctx.Err(); err != nil {
			return err
		}
		p, err := b.readPlaces(i)
		if err != nil {
			return err
		}
		for from, to := 0, 0; from < len(p.ids); from = to {
			for to = from + 1; to < len(p.ids) && to-from < nodesInGroup && uint64(p.ids[to]-p.ids[from]) <= math.MaxUint32; to++ {
			}
			data = data[:0]
			for _, id := range p.ids[from:to] {
				data = binary.LittleEndian.AppendUint32(data, uint32(id-p.ids[from]))
			}
			for _, at := range p.points[from:to] {
				data = binary.LittleEndian.AppendUint32(data, uint32(at.LonE7))
			}
			for _, at := range p.points[from:to] {
				data = binary.LittleEndian.AppendUint32(data, uint32(at.LatE7))
			}
			if err := w.add(g, p.ids[from], to-from, data); err != nil {
				return err
			}
		}
	}
	g.starts = append(g.starts, w.at)
	return nil
}

func unpackWays(ctx context.Context, b *Base, w *groupWriter, g *groups) error {
	for i := range b.blocks[WayKind] {
		if err := ctx.Err(); err != nil {
			return err
		}
		ways, err := b.readWayShapes(i)
		if err != nil {
			return err
		}
		for group := range slices.Chunk(ways, waysInGroup) {
			if err := w.add(g, group[0].ID, len(group), wayShape(group)); err != nil {
				return err
			}
		}
	}
	g.starts = append(g.starts, w.at)
	return nil
}

// buffers are for groups on their way from the file.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// read reads a group.
func (u *unpacked) read(g *groups, i int, buffer *[]byte) ([]byte, error) {
	size := int(g.starts[i+1] - g.starts[i])
	*buffer = slices.Grow((*buffer)[:0], size)[:size]
	if _, err := u.file.ReadAt(*buffer, g.starts[i]); err != nil {
		return nil, fmt.Errorf("read unpacked base: %w", err)
	}
	return *buffer, nil
}

// locate is that of the base.
func (u *unpacked) locate(refs []int64, found func(id int64, p cell.Point)) (err error) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	g := &u.nodes
	var group []byte // the one in hand
	part := -1
	for _, id := range refs {
		if i := part; i < 0 || id < g.firsts[i] || i+1 < len(g.firsts) && id >= g.firsts[i+1] {
			if i = last(g.firsts, id); i < 0 {
				continue
			}
			if group, err = u.read(g, i, buffer); err != nil {
				return err
			}
			part = i
		}
		n, row := int(g.counts[part]), uint64(id-g.firsts[part])
		at := sort.Search(n, func(k int) bool { return uint64(binary.LittleEndian.Uint32(group[4*k:])) >= row })
		if at == n || uint64(binary.LittleEndian.Uint32(group[4*at:])) != row {
			continue
		}
		found(id, cell.Point{
			LonE7: int32(binary.LittleEndian.Uint32(group[4*(n+at):])),
			LatE7: int32(binary.LittleEndian.Uint32(group[4*(2*n+at):])),
		})
	}
	return nil
}

// way returns a way without its facts.
func (u *unpacked) way(id int64) (Way, bool, error) {
	i := last(u.ways.firsts, id)
	if i < 0 {
		return Way{}, false, nil
	}
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	shape, err := u.read(&u.ways, i, buffer)
	if err != nil {
		return Way{}, false, err
	}
	ways, err := decodeWayShapes(shape, int(u.ways.counts[i]))
	way, ok := find(ways, id)
	return way, ok, err
}
