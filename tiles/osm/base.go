package osm

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
)

// Base is a file of a region's elements, opened for reading. It is safe for
// concurrent use.
type Base struct {
	path   string
	file   *os.File
	id     [32]byte
	header Header
	blocks [sections][]block
	firsts [sections][]int64 // first ids of the blocks
	counts [sections]int64
	cache  *cache

	unpacking sync.Mutex
	unpacked  atomic.Pointer[unpacked]
}

// OpenBase opens a base. Lookups by id keep decoded blocks in memory, about
// cacheBytes of them.
func OpenBase(path string, cacheBytes int) (*Base, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open base: %w", err)
	}
	b := &Base{path: path, file: file, cache: newCache(cacheBytes)}
	if err := b.readIndex(); err != nil {
		return nil, errors.Join(fmt.Errorf("open base: %w", err), file.Close())
	}
	return b, nil
}

// Share has a base keep its decoded blocks with those of another one: blocks that
// both have are decoded once. Call it before any lookup.
func (b *Base) Share(with *Base) { b.cache = with.cache }

func (b *Base) readIndex() error {
	info, err := b.file.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	if size < int64(len(magic)+trailerSize) {
		return b.corrupt(0, "too short")
	}
	head := make([]byte, len(magic))
	if _, err := b.file.ReadAt(head, 0); err != nil {
		return err
	}
	if n := len(magicName); string(head[:n]) == magicName && head[n] != magic[n] && '1' <= head[n] && head[n] <= '9' {
		return fmt.Errorf("%w: %s: version %c, this program has %c", ErrVersion, b.path, head[n], magic[n])
	}
	if string(head) != magic {
		return b.corrupt(0, "no base")
	}
	trailer := make([]byte, trailerSize)
	if _, err := b.file.ReadAt(trailer, size-int64(trailerSize)); err != nil {
		return err
	}
	length := binary.LittleEndian.Uint64(trailer)
	if length > uint64(size)-uint64(len(magic)+trailerSize) {
		return b.corrupt(size-int64(trailerSize), "bad trailer")
	}
	at := size - int64(trailerSize) - int64(length)
	footer := make([]byte, length)
	if _, err := b.file.ReadAt(footer, at); err != nil {
		return err
	}
	b.id = sha256.Sum256(footer)
	if !bytes.Equal(b.id[:], trailer[8:8+sha256.Size]) || string(trailer[8+sha256.Size:]) != endMagic {
		return b.corrupt(at, "bad checksum of the footer")
	}
	x, err := decodeIndex(footer, at)
	if err != nil {
		return b.corrupt(at, "bad footer")
	}
	b.header, b.blocks = x.header, x.blocks
	for k, blocks := range b.blocks {
		for _, block := range blocks {
			b.firsts[k] = append(b.firsts[k], block.first)
			b.counts[k] += int64(block.count)
		}
	}
	return nil
}

func (b *Base) corrupt(offset int64, why string) error {
	return fmt.Errorf("%w: %s: byte %d: %s; import the extract again", ErrCorrupt, b.path, offset, why)
}

// Close closes the file. No other call may be running or follow.
func (b *Base) Close() error {
	if u := b.unpacked.Load(); u != nil {
		return errors.Join(u.file.Close(), b.file.Close())
	}
	return b.file.Close()
}

// Header returns what is known about the origin of the data.
func (b *Base) Header() Header { return b.header }

// ID returns the SHA-256 of the index, which has the checksums of all the rest.
func (b *Base) ID() [32]byte { return b.id }

// Counts returns the number of elements.
func (b *Base) Counts() (nodes, ways, relations int64) {
	return b.counts[NodeKind], b.counts[WayKind], b.counts[RelationKind]
}

// NodeBlocks returns the number of blocks of nodes.
func (b *Base) NodeBlocks() int { return len(b.blocks[NodeKind]) }

// WayBlocks returns the number of blocks of ways.
func (b *Base) WayBlocks() int { return len(b.blocks[WayKind]) }

// RelationBlocks returns the number of blocks of relations.
func (b *Base) RelationBlocks() int { return len(b.blocks[RelationKind]) }

// ReadNodes returns the nodes of block i, ids rising.
func (b *Base) ReadNodes(i int) ([]Node, error) {
	return readBlock(b, NodeKind, i, decodeNodes)
}

// ReadWays returns the ways of block i, ids rising.
func (b *Base) ReadWays(i int) ([]Way, error) {
	return readBlock(b, WayKind, i, decodeWays)
}

// ReadRelations returns the relations of block i, ids rising.
func (b *Base) ReadRelations(i int) ([]Relation, error) {
	return readBlock(b, RelationKind, i, decodeRelations)
}

func readBlock[T element](b *Base, kind MemberKind, i int, decode func(shape, facts []byte, count int) ([]T, error)) ([]T, error) {
	at := b.blocks[kind][i]
	shape, err := b.readFrame(at.shape)
	if err != nil {
		return nil, err
	}
	facts, err := b.readFrame(at.facts)
	if err != nil {
		return nil, err
	}
	elements, err := decode(shape, facts, at.count)
	if err != nil {
		return nil, b.corrupt(at.shape.offset, err.Error())
	}
	return elements, nil
}

func (b *Base) readPlaces(i int) (*places, error) {
	return readShape(b, NodeKind, i, decodePlaces)
}

// readWayShapes returns the ways of block i without their facts.
func (b *Base) readWayShapes(i int) ([]Way, error) {
	return readShape(b, WayKind, i, decodeWayShapes)
}

func readShape[T any](b *Base, kind MemberKind, i int, decode func(shape []byte, count int) (T, error)) (decoded T, err error) {
	at := b.blocks[kind][i]
	shape, err := b.readFrame(at.shape)
	if err != nil {
		return decoded, err
	}
	if decoded, err = decode(shape, at.count); err != nil {
		return decoded, b.corrupt(at.shape.offset, err.Error())
	}
	return decoded, nil
}

// readFrame reads, checks and decompresses a frame.
func (b *Base) readFrame(f frame) ([]byte, error) {
	data := make([]byte, f.size)
	if err := b.readAt(data, f.offset); err != nil {
		return nil, err
	}
	if checksum(data) != f.sum {
		return nil, b.corrupt(f.offset, "bad checksum of a block")
	}
	unzip, err := unzipper()
	if err != nil {
		return nil, err
	}
	raw, err := unzip.DecodeAll(data, nil)
	if err != nil {
		return nil, b.corrupt(f.offset, err.Error())
	}
	return raw, nil
}

func (b *Base) readAt(data []byte, offset int64) error {
	if _, err := b.file.ReadAt(data, offset); errors.Is(err, io.EOF) {
		return b.corrupt(offset, "file ends within a block")
	} else if err != nil {
		return fmt.Errorf("read base: %w", err)
	}
	return nil
}

// unzipper is shared: a decoder for each of many files would take much memory.
var unzipper = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxFrame))
})
