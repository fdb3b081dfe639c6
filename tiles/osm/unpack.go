package osm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
)

// Elements of an unpacked group: few, since all are decoded for one of them.
const (
	nodesInGroup = 64
	waysInGroup  = 16
)

// Unpack makes ready for looking up a large part of all elements, in any order.
// When the places of the nodes and the shapes of the ways take more memory than
// the base may, it writes them to a temporary file in dir ("" for the system's),
// in small groups; a lookup then costs some microseconds instead of a block. That
// takes about 8 bytes of disk a node and 2 a node of a way, and a fiftieth of it
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
	ends   []int64 // in the file
	start  int64
	size   int // elements of each but the last
	count  int64
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
	u.nodes, err = unpackKind(ctx, b, w, NodeKind, nodesInGroup, b.readNodeShapes, nodeShape)
	if err == nil {
		u.ways, err = unpackKind(ctx, b, w, WayKind, waysInGroup, b.readWayShapes, wayShape)
	}
	if err == nil {
		err = w.out.Flush()
	}
	return u, err
}

type groupWriter struct {
	out *bufio.Writer
	at  int64
}

func unpackKind[T element](ctx context.Context, b *Base, w *groupWriter, kind MemberKind, size int, read func(int) ([]T, error), shape func([]T) []byte) (groups, error) {
	g := groups{start: w.at, size: size, count: b.counts[kind]}
	var waiting []T
	flush := func(elements []T) error {
		n, err := w.out.Write(shape(elements))
		w.at += int64(n)
		g.firsts, g.ends = append(g.firsts, elements[0].key()), append(g.ends, w.at)
		return err
	}
	for i := range b.blocks[kind] {
		if err := ctx.Err(); err != nil {
			return g, err
		}
		elements, err := read(i)
		if err != nil {
			return g, err
		}
		for waiting = append(waiting, elements...); len(waiting) >= size; waiting = waiting[size:] {
			if err := flush(waiting[:size]); err != nil {
				return g, err
			}
		}
		waiting = slices.Clone(waiting)
	}
	if len(waiting) == 0 {
		return g, nil
	}
	return g, flush(waiting)
}

// group returns the number of the group that would hold an element, -1 for none.
func (g *groups) group(id int64) int { return last(g.firsts, id) }

// buffers are for groups on their way from the file.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// read gives the bytes of a group, and how many elements it holds, to decode,
// which must not keep them.
func (u *unpacked) read(g *groups, i int, decode func(shape []byte, count int) error) error {
	from := g.start
	if i > 0 {
		from = g.ends[i-1]
	}
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	*buffer = slices.Grow((*buffer)[:0], int(g.ends[i]-from))[:g.ends[i]-from]
	if _, err := u.file.ReadAt(*buffer, from); err != nil {
		return fmt.Errorf("read unpacked base: %w", err)
	}
	return decode(*buffer, int(min(int64(g.size), g.count-int64(i)*int64(g.size))))
}

// placesOf returns a group of nodes.
func (u *unpacked) placesOf(i int) (p *places, err error) {
	err = u.read(&u.nodes, i, func(shape []byte, count int) (err error) {
		p, err = decodePlaces(shape, count)
		return err
	})
	return p, err
}

// way returns a way without its facts.
func (u *unpacked) way(id int64) (way Way, ok bool, err error) {
	i := u.ways.group(id)
	if i < 0 {
		return Way{}, false, nil
	}
	err = u.read(&u.ways, i, func(shape []byte, count int) error {
		ways, err := decodeWayShapes(shape, count)
		if err == nil {
			way, ok = find(ways, id)
		}
		return err
	})
	return way, ok, err
}
