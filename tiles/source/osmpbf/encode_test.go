package osmpbf

import (
	"bytes"
	"encoding/binary"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// message is a protobuf message in the making.
type message []byte

func (m *message) number(field int, v uint64) {
	*m = binary.AppendUvarint(*m, uint64(field)<<3)
	*m = binary.AppendUvarint(*m, v)
}

func (m *message) sint(field int, v int64) { m.number(field, uint64(v<<1^v>>63)) }

func (m *message) bytes(field int, b []byte) {
	*m = binary.AppendUvarint(*m, uint64(field)<<3|2)
	*m = binary.AppendUvarint(*m, uint64(len(b)))
	*m = append(*m, b...)
}

// deltas packs numbers as differences, zigzag-coded.
func (m *message) deltas(field int, values ...int64) {
	var b []byte
	last := int64(0)
	for _, v := range values {
		b = binary.AppendVarint(b, v-last)
		last = v
	}
	m.bytes(field, b)
}

// packed packs plain numbers.
func (m *message) packed(field int, values ...uint64) {
	var b []byte
	for _, v := range values {
		b = binary.AppendUvarint(b, v)
	}
	m.bytes(field, b)
}

// pack compresses a block into a Blob.
func pack(method int, raw []byte) []byte {
	var m message
	var out bytes.Buffer
	switch method {
	case blobRaw:
		out.Write(raw)
	case blobZlib:
		w := zlib.NewWriter(&out)
		w.Write(raw)
		w.Close()
	case blobLZ4:
		b := make([]byte, lz4.CompressBlockBound(len(raw)))
		n, _ := new(lz4.Compressor).CompressBlock(raw, b)
		out.Write(b[:n])
	case blobZstd:
		w, _ := zstd.NewWriter(nil)
		out.Write(w.EncodeAll(raw, nil))
	default:
		out.Write(raw)
	}
	if method != blobRaw {
		m.number(blobRawSize, uint64(len(raw)))
	}
	m.bytes(method, out.Bytes())
	return m
}

// frame puts a Blob behind its header.
func frame(kind string, blob []byte) []byte {
	var h message
	h.bytes(1, []byte(kind))
	h.number(3, uint64(len(blob)))
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(len(h))), h...), blob...)
}

func header(features ...string) []byte {
	var box, h message
	for i, v := range []int64{9_400_000_000, 9_700_000_000, 47_300_000_000, 47_000_000_000} {
		box.sint(i+1, v)
	}
	h.bytes(1, box)
	for _, f := range features {
		h.bytes(4, []byte(f))
	}
	h.number(32, 1574111942)
	h.number(33, 2434)
	h.bytes(34, []byte("https://example.org/updates"))
	return h
}

// sample is a block with everything in it: two dense nodes and a plain one, a way
// and a relation, with a granularity of 1000 and an offset.
func sample() []byte {
	var table message
	for _, s := range []string{"", "name", "Bänkle", "amenity", "bench", "outer", "bad \xff text"} {
		table.bytes(1, []byte(s))
	}
	var info message
	info.packed(1, 2, 3)
	info.deltas(2, 1000, 900)
	var nodes message
	nodes.deltas(1, 10, 12)
	nodes.bytes(5, info)
	nodes.deltas(8, 47_141_000, 47_142_000)
	nodes.deltas(9, 9_520_900, -9_520_900)
	nodes.packed(10, 1, 2, 3, 4, 0, 0)
	var single message
	single.sint(1, 13)
	single.packed(2, 1)
	single.packed(3, 6)
	single.sint(8, 0)
	single.sint(9, 1)
	var meta message
	meta.number(1, 7)
	meta.number(2, 1234)
	var way message
	way.number(1, 5)
	way.packed(2, 3)
	way.packed(3, 4)
	way.bytes(4, meta)
	way.deltas(8, 10, 12, 10)
	var relation message
	relation.number(1, 6)
	relation.packed(8, 5, 0)
	relation.deltas(9, 5, 10)
	relation.packed(10, 1, 0)

	var block message
	block.bytes(1, table)
	for _, part := range []struct {
		field int
		data  message
	}{{2, nodes}, {1, single}, {3, way}, {4, relation}} {
		var group message
		group.bytes(part.field, part.data)
		block.bytes(2, group)
	}
	block.number(17, 1000)
	block.number(20, 100)
	return block
}

// file is a header and blocks.
func file(method int, blocks ...[]byte) []byte {
	out := frame("OSMHeader", pack(method, header("OsmSchema-V0.6", "DenseNodes")))
	for _, b := range blocks {
		out = append(out, frame("OSMData", pack(method, b))...)
	}
	return out
}
