package pmtiles

import (
	"encoding/binary"
	"fmt"
	"math"
	"sort"

	"github.com/pannier-maps/pannier/tiles/archive"
)

// An entry is a run of equal tiles, or, with a run of 0, a leaf directory that
// begins with the tile.
type entry struct {
	tile   uint64 // number of the first tile
	offset uint64 // from the start of the data, or of the leaf directories
	length uint32
	run    uint32
}

// encodeDirectory writes a directory, uncompressed.
func encodeDirectory(entries []entry) []byte {
	raw := binary.AppendUvarint(nil, uint64(len(entries)))
	last := uint64(0)
	for _, e := range entries {
		raw = binary.AppendUvarint(raw, e.tile-last)
		last = e.tile
	}
	for _, e := range entries {
		raw = binary.AppendUvarint(raw, uint64(e.run))
	}
	for _, e := range entries {
		raw = binary.AppendUvarint(raw, uint64(e.length))
	}
	for i, e := range entries {
		if i > 0 && e.offset == entries[i-1].offset+uint64(entries[i-1].length) {
			raw = append(raw, 0)
		} else {
			raw = binary.AppendUvarint(raw, e.offset+1)
		}
	}
	return raw
}

// decodeDirectory reads a directory whose tiles lie in data and whose leaf
// directories in leaves.
func decodeDirectory(raw []byte, data, leaves section) ([]entry, error) {
	bad := false
	next := func(limit uint64) uint64 {
		v, n := binary.Uvarint(raw)
		if n <= 0 || v > limit {
			bad, raw = true, nil
			return 0
		}
		raw = raw[n:]
		return v
	}
	const minEntryBytes = 4 // one for each number
	count := next(uint64(len(raw)))
	if bad || count == 0 || count > uint64(len(raw))/minEntryBytes {
		return nil, fmt.Errorf("%w: directory of %d entries in %d bytes", archive.ErrCorrupt, count, len(raw))
	}
	entries := make([]entry, count)
	tile := uint64(0)
	for i := range entries {
		step := next(math.MaxUint64 - tile)
		bad = bad || i > 0 && step == 0
		tile += step
		entries[i].tile = tile
	}
	for i := range entries {
		entries[i].run = uint32(next(math.MaxUint32))
	}
	for i := range entries {
		entries[i].length = uint32(next(math.MaxUint32))
	}
	for i := range entries {
		e := &entries[i]
		room := data
		if e.run == 0 {
			room = leaves
		}
		switch v := next(math.MaxUint64); {
		case v > 0:
			e.offset = v - 1
		case i > 0:
			e.offset = entries[i-1].offset + uint64(entries[i-1].length)
		default:
			bad = true
		}
		if e.length == 0 || e.offset > room.Length || uint64(e.length) > room.Length-e.offset {
			bad = true
		}
		if i > 0 && entries[i-1].tile+uint64(entries[i-1].run) > e.tile {
			bad = true
		}
	}
	if bad || len(raw) > 0 {
		return nil, fmt.Errorf("%w: bad directory", archive.ErrCorrupt)
	}
	return entries, nil
}

// find returns the entry that holds a tile, or the leaf that may.
func find(entries []entry, tile uint64) (entry, bool) {
	i := sort.Search(len(entries), func(i int) bool { return entries[i].tile > tile })
	if i == 0 {
		return entry{}, false
	}
	e := entries[i-1]
	return e, e.run == 0 || tile-e.tile < uint64(e.run)
}

// firstLeafEntries is how many entries a leaf directory holds if it may.
const firstLeafEntries = 4096

// encodeTree writes the root directory and, when all entries do not fit in it,
// the leaf directories, each compressed.
// Leaves hold leafEntries each, or twice as many until the root fits.
func encodeTree(entries []entry, leafEntries int) (root, leaves []byte, err error) {
	var gzip archive.Packer
	if root, err = gzip.Pack(encodeDirectory(entries)); err != nil || headerBytes+len(root) < rootEnd {
		return root, nil, err
	}
	for size := leafEntries; ; size *= 2 {
		leaves = leaves[:0]
		var pointers []entry
		for at := 0; at < len(entries); at += size {
			leaf, err := gzip.Pack(encodeDirectory(entries[at:min(at+size, len(entries))]))
			if err != nil {
				return nil, nil, err
			}
			pointers = append(pointers, entry{tile: entries[at].tile, offset: uint64(len(leaves)), length: uint32(len(leaf))})
			leaves = append(leaves, leaf...)
		}
		if root, err = gzip.Pack(encodeDirectory(pointers)); err != nil || headerBytes+len(root) < rootEnd {
			return root, leaves, err
		}
	}
}
