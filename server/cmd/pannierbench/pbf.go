package main

import (
	"bytes"
	"encoding/binary"
	"io"

	"github.com/klauspost/compress/zlib"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/pannier-maps/pannier/tiles/osm"
)

// pbfWriter writes an extract of OpenStreetMap (.osm.pbf), as others write them:
// zlib, dense nodes, places in units of 1e-7 degrees. Elements must come sorted, by
// kind and id.
//
// Format: https://wiki.openstreetmap.org/wiki/PBF_Format.
type pbfWriter struct {
	w       io.Writer
	strings map[string]uint64 // of the block in the making
	table   []byte
	nodes   []osm.Node
	ways    []osm.Way
	rels    []osm.Relation
	packed  bytes.Buffer
	zip     *zlib.Writer
}

// pbfBlock is how many elements a block holds, as others have it.
const pbfBlock = 8000

func newPBFWriter(w io.Writer, h osm.Header) (*pbfWriter, error) {
	p := &pbfWriter{w: w}
	p.zip = zlib.NewWriter(&p.packed)
	p.reset()
	const nano = 100 // of 1e-9 degrees in 1e-7
	var box, header []byte
	for i, v := range []int32{h.Bounds.Min.LonE7, h.Bounds.Max.LonE7, h.Bounds.Max.LatE7, h.Bounds.Min.LatE7} {
		box = appendNumber(box, protowire.Number(i+1), protowire.EncodeZigZag(int64(v)*nano))
	}
	header = appendBytes(header, 1, box)
	for _, feature := range []string{"OsmSchema-V0.6", "DenseNodes"} {
		header = appendBytes(header, 4, []byte(feature))
	}
	header = appendBytes(header, 5, []byte("Sort.Type_then_ID"))
	header = appendBytes(header, 16, []byte("pannierbench"))
	if h.Timestamp > 0 {
		header = appendNumber(header, 32, uint64(h.Timestamp))
	}
	return p, p.blob("OSMHeader", header)
}

func (p *pbfWriter) node(n osm.Node) error {
	if p.nodes = append(p.nodes, n); len(p.nodes) == pbfBlock {
		return p.flush()
	}
	return nil
}

func (p *pbfWriter) way(w osm.Way) error {
	if len(p.nodes) > 0 || len(p.ways) == pbfBlock {
		if err := p.flush(); err != nil {
			return err
		}
	}
	p.ways = append(p.ways, w)
	return nil
}

func (p *pbfWriter) relation(r osm.Relation) error {
	if len(p.nodes)+len(p.ways) > 0 || len(p.rels) == pbfBlock {
		if err := p.flush(); err != nil {
			return err
		}
	}
	p.rels = append(p.rels, r)
	return nil
}

// flush writes the elements in hand as a block.
func (p *pbfWriter) flush() error {
	var group []byte
	switch {
	case len(p.nodes) > 0:
		group = appendBytes(nil, 2, p.dense())
	case len(p.ways) > 0:
		for i := range p.ways {
			group = appendBytes(group, 3, p.packWay(&p.ways[i]))
		}
	case len(p.rels) > 0:
		for i := range p.rels {
			group = appendBytes(group, 4, p.packRelation(&p.rels[i]))
		}
	default:
		return nil
	}
	block := appendBytes(appendBytes(nil, 1, p.table), 2, group)
	p.reset()
	return p.blob("OSMData", block)
}

func (p *pbfWriter) reset() {
	p.nodes, p.ways, p.rels = p.nodes[:0], p.ways[:0], p.rels[:0]
	p.strings, p.table = map[string]uint64{"": 0}, appendBytes(nil, 1, nil)
}

// text returns a string's number in the block's table.
func (p *pbfWriter) text(s string) uint64 {
	n, ok := p.strings[s]
	if !ok {
		n = uint64(len(p.strings))
		p.strings[s] = n
		p.table = appendBytes(p.table, 1, []byte(s))
	}
	return n
}

func (p *pbfWriter) dense() []byte {
	var ids, versions, times, lats, lons, tags []byte
	var last osm.Node
	for _, n := range p.nodes {
		ids = binary.AppendVarint(ids, n.ID-last.ID)
		lats = binary.AppendVarint(lats, int64(n.Point.LatE7)-int64(last.Point.LatE7))
		lons = binary.AppendVarint(lons, int64(n.Point.LonE7)-int64(last.Point.LonE7))
		versions = binary.AppendUvarint(versions, uint64(n.Meta.Version))
		times = binary.AppendVarint(times, n.Meta.Timestamp-last.Meta.Timestamp)
		for _, tag := range n.Tags {
			tags = binary.AppendUvarint(binary.AppendUvarint(tags, p.text(tag.Key)), p.text(tag.Value))
		}
		tags = append(tags, 0)
		last = n
	}
	info := appendBytes(appendBytes(nil, 1, versions), 2, times)
	out := appendBytes(appendBytes(nil, 1, ids), 5, info)
	return appendBytes(appendBytes(appendBytes(out, 8, lats), 9, lons), 10, tags)
}

// common packs what ways and relations share.
func (p *pbfWriter) common(id int64, tags osm.Tags, meta osm.Meta) []byte {
	out := appendNumber(nil, 1, uint64(id))
	if len(tags) > 0 {
		var keys, values []byte
		for _, tag := range tags {
			keys = binary.AppendUvarint(keys, p.text(tag.Key))
			values = binary.AppendUvarint(values, p.text(tag.Value))
		}
		out = appendBytes(appendBytes(out, 2, keys), 3, values)
	}
	info := appendNumber(nil, 1, uint64(meta.Version))
	return appendBytes(out, 4, appendNumber(info, 2, uint64(meta.Timestamp)))
}

func (p *pbfWriter) packWay(w *osm.Way) []byte {
	var refs []byte
	last := int64(0)
	for _, ref := range w.Nodes {
		refs = binary.AppendVarint(refs, ref-last)
		last = ref
	}
	return appendBytes(p.common(w.ID, w.Tags, w.Meta), 8, refs)
}

func (p *pbfWriter) packRelation(r *osm.Relation) []byte {
	var roles, refs, kinds []byte
	last := int64(0)
	for _, m := range r.Members {
		roles = binary.AppendUvarint(roles, p.text(m.Role))
		refs = binary.AppendVarint(refs, m.Ref-last)
		kinds = append(kinds, byte(m.Kind)) // the numbers are the format's
		last = m.Ref
	}
	return appendBytes(appendBytes(appendBytes(p.common(r.ID, r.Tags, r.Meta), 8, roles), 9, refs), 10, kinds)
}

// blob packs a block and writes it behind its header.
func (p *pbfWriter) blob(kind string, raw []byte) error {
	p.packed.Reset()
	p.zip.Reset(&p.packed)
	p.zip.Write(raw) // a buffer takes everything
	p.zip.Close()
	blob := appendBytes(appendNumber(nil, 2, uint64(len(raw))), 3, p.packed.Bytes())
	header := appendNumber(appendBytes(nil, 1, []byte(kind)), 3, uint64(len(blob)))
	for _, part := range [][]byte{binary.BigEndian.AppendUint32(nil, uint32(len(header))), header, blob} {
		if _, err := p.w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

func appendNumber(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

func appendBytes(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}
