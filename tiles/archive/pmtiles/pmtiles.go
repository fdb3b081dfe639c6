// Package pmtiles writes and reads PMTiles archives, version 3: one file that
// holds a map's vector tiles, for viewers that read it in ranges.
//
// What Write makes is clustered (tiles in the order of the Hilbert curve),
// deduplicated by content, and the same bytes for the same tiles in any order.
// Tiles are Mapbox Vector Tiles, compressed by gzip, as are the directories.
// Bounds are in units of 1e-7 degrees.
//
// Whatever a file says, an Archive reads within the limits below; damage is
// archive.ErrCorrupt, what the package does not know is archive.ErrUnsupported. An Archive is
// safe for concurrent use. FORMAT.md beside this file says what of the
// specification (https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md)
// is used.
package pmtiles

import (
	"encoding/binary"
	"fmt"

	"github.com/pannier-maps/pannier/tiles/archive"
)

// Limits of what is written and read.
const (
	MaxDirectoryBytes = 4 << 20  // a directory, uncompressed
	MaxMetadataBytes  = 16 << 20 // the metadata, uncompressed
	headerBytes       = 127
	rootEnd           = 16384 // the root directory ends before this byte
	maxDepth          = 4     // directories from the root to a tile
)

// Compression is a kind of compression. The numbers are the format's.
type Compression uint8

// The compressions that an Archive can undo.
const (
	Plain Compression = 1
	Gzip  Compression = 2
	Zstd  Compression = 4
)

var compressions = map[Compression]string{0: "unknown", Plain: "none", Gzip: "gzip", 3: "Brotli", Zstd: "Zstandard"}

// String returns the compression's name.
func (c Compression) String() string {
	if name, ok := compressions[c]; ok {
		return name
	}
	return fmt.Sprintf("number %d", uint8(c))
}

// TileType is a kind of tiles. The numbers are the format's.
type TileType uint8

// The kinds that are known better.
const (
	MVT TileType = 1
	PNG TileType = 2
	MLT TileType = 6
)

var formats = map[TileType]archive.Format{
	MVT: archive.MVT, PNG: archive.PNG, 3: "JPEG pictures", 4: "WebP pictures", 5: "AVIF pictures", MLT: "MapLibre tiles (MLT)",
}

// section is a range of bytes.
type section struct{ Offset, Length uint64 }

// Header is the head of an archive. Its fields stand in the file's order.
type Header struct {
	root, metadata, leaves, data section

	AddressedTiles uint64 // with repetitions; 0 unknown
	TileEntries    uint64 // runs of equal tiles; 0 unknown
	TileContents   uint64 // different tiles; 0 unknown
	Clustered      bool
	Internal       Compression // of the directories and the metadata
	Compression    Compression // of the tiles
	Type           TileType
	MinZoom        uint8
	MaxZoom        uint8
	Bounds         [4]int32 // west, south, east, north in 1e-7 degrees
	CenterZoom     uint8
	CenterLonE7    int32
	CenterLatE7    int32
}

const magic = "PMTiles\x03"

func (h *Header) append(dst []byte) []byte {
	dst = append(dst, magic...)
	for _, s := range []section{h.root, h.metadata, h.leaves, h.data} {
		dst = binary.LittleEndian.AppendUint64(dst, s.Offset)
		dst = binary.LittleEndian.AppendUint64(dst, s.Length)
	}
	for _, n := range []uint64{h.AddressedTiles, h.TileEntries, h.TileContents} {
		dst = binary.LittleEndian.AppendUint64(dst, n)
	}
	clustered := byte(0)
	if h.Clustered {
		clustered = 1
	}
	dst = append(dst, clustered, byte(h.Internal), byte(h.Compression), byte(h.Type), h.MinZoom, h.MaxZoom)
	for _, n := range h.Bounds {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(n))
	}
	dst = append(dst, h.CenterZoom)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(h.CenterLonE7))
	return binary.LittleEndian.AppendUint32(dst, uint32(h.CenterLatE7))
}

// parseHeader reads the first bytes of an archive of size bytes.
func parseHeader(raw []byte, size uint64) (Header, error) {
	var h Header
	if len(raw) < headerBytes || string(raw[:7]) != magic[:7] {
		return h, fmt.Errorf("%w: no header", archive.ErrCorrupt)
	}
	if raw[7] != magic[7] {
		return h, fmt.Errorf("%w: version %d; version 3 can be read", archive.ErrUnsupported, raw[7])
	}
	at := 8
	u64 := func() uint64 { at += 8; return binary.LittleEndian.Uint64(raw[at-8:]) }
	i32 := func() int32 { at += 4; return int32(binary.LittleEndian.Uint32(raw[at-4:])) }
	u8 := func() uint8 { at++; return raw[at-1] }
	for _, s := range []*section{&h.root, &h.metadata, &h.leaves, &h.data} {
		s.Offset, s.Length = u64(), u64()
		if s.Offset > size || s.Length > size-s.Offset {
			return h, fmt.Errorf("%w: a section outside the file", archive.ErrCorrupt)
		}
	}
	h.AddressedTiles, h.TileEntries, h.TileContents = u64(), u64(), u64()
	h.Clustered = u8() == 1
	h.Internal, h.Compression, h.Type = Compression(u8()), Compression(u8()), TileType(u8())
	h.MinZoom, h.MaxZoom = u8(), u8()
	for i := range h.Bounds {
		h.Bounds[i] = i32()
	}
	h.CenterZoom, h.CenterLonE7, h.CenterLatE7 = u8(), i32(), i32()
	return h, nil
}
