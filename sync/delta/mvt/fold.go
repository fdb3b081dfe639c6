package mvt

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// folder writes content from its form.
type folder struct {
	reader
	all                           dictionary
	rank                          [tables][]uint32 // by id: place in the order of the bytes
	byRank                        [tables][]uint32
	slot                          [tables][]uint32 // by id: place in the layer's table, plus one; 0 for none
	used                          [tables][]uint32 // ranks of the entries that the layer has
	limit                         int
	body, feature, tags, geometry []byte
}

// Fold returns the content whose form it is given. It has length rawLen, which
// the caller bounds, or it is an error.
func (f *Form) Fold(form []byte, rawLen int) ([]byte, error) {
	w := folder{reader: reader{data: form}, limit: rawLen}
	for t := range w.all {
		w.all[t] = slices.Clip(f.known[t])
		for n := w.number(); n > 0 && !w.bad; n-- {
			w.all[t] = append(w.all[t], string(w.field()))
		}
		w.sort(t)
	}
	raw := make([]byte, 0, rawLen)
	var tile []byte
	for !w.done() && len(raw) < rawLen {
		raw = appendField(raw, w.field())
		tile = tile[:0]
		for id := w.number(); id > 0; id = w.number() {
			tile = w.layer(tile, id-1)
			if w.bad || len(tile) > rawLen {
				return nil, fmt.Errorf("%w: near byte %d", ErrCorrupt, w.at)
			}
		}
		raw = appendField(raw, tile)
	}
	if w.bad || !w.done() || len(raw) != rawLen {
		return nil, fmt.Errorf("%w: it gives %d bytes of %d", ErrCorrupt, len(raw), rawLen)
	}
	return raw, nil
}

// sort ranks the entries of a table.
func (w *folder) sort(t int) {
	all := w.all[t]
	w.byRank[t], w.rank[t], w.slot[t] = make([]uint32, len(all)), make([]uint32, len(all)), make([]uint32, len(all))
	for i := range all {
		w.byRank[t][i] = uint32(i)
	}
	slices.SortFunc(w.byRank[t], func(a, b uint32) int { return strings.Compare(all[a], all[b]) })
	for rank, id := range w.byRank[t] {
		w.rank[t][id] = uint32(rank)
	}
}

func appendField[B []byte | string](dst []byte, field B) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(field))), field...)
}

// layer appends a layer, whose features follow.
func (w *folder) layer(dst []byte, name uint32) []byte {
	if int(name) >= len(w.all[names]) {
		w.bad = true
		return dst
	}
	if w.gather(); w.bad {
		return dst
	}
	b := appendField(append(w.body[:0], tagName), w.all[names][name])
	for kind := w.number(); kind != 0 && !w.bad; kind = w.number() {
		b = w.appendFeature(b, kind)
	}
	b = w.appendTable(b, keys, tagKey)
	b = w.appendTable(b, values, tagValue)
	b = binary.AppendUvarint(append(b, tagExtent), extent)
	b = append(b, tagVersion, version)
	w.body = b
	return appendField(append(dst, tagLayer), b)
}

// gather numbers the keys and values of the layer that follows, and stays where
// it is.
func (w *folder) gather() {
	at := w.at
	for w.number() != 0 && !w.bad {
		for k := w.number(); k != 0 && !w.bad; k = w.number() {
			w.use(keys, k-1)
			w.use(values, w.number())
		}
		for n := w.number(); n != 0 && !w.bad; n = w.number() {
			w.bytes(4)
			w.skip(uint64(n-1) * 2)
		}
	}
	w.at = at
	for t := keys; t < tables; t++ {
		slices.Sort(w.used[t])
		for i, rank := range w.used[t] {
			w.slot[t][w.byRank[t][rank]] = uint32(i) + 1
		}
	}
}

// skip goes over so many numbers.
func (w *folder) skip(n uint64) {
	at := w.at
	for ; n > 0 && at < len(w.data); at++ {
		if w.data[at] < 0x80 {
			n--
		}
	}
	w.at, w.bad = at, w.bad || n > 0
}

func (w *folder) use(t int, id uint32) {
	if int(id) >= len(w.all[t]) {
		w.bad = true
		return
	}
	if w.slot[t][id] == 0 {
		w.slot[t][id] = 1
		w.used[t] = append(w.used[t], w.rank[t][id])
	}
}

// appendTable writes the layer's entries and forgets them.
func (w *folder) appendTable(dst []byte, t int, tag byte) []byte {
	for _, rank := range w.used[t] {
		id := w.byRank[t][rank]
		w.slot[t][id] = 0
		if !w.bad {
			dst = appendField(append(dst, tag), w.all[t][id])
			w.bad = len(dst) > w.limit
		}
	}
	w.used[t] = w.used[t][:0]
	return dst
}

func (w *folder) appendFeature(dst []byte, kind uint32) []byte {
	tags, geometry := w.tags[:0], w.geometry[:0]
	for k := w.number(); k != 0 && !w.bad; k = w.number() {
		tags = binary.AppendUvarint(tags, uint64(w.slot[keys][k-1]-1))
		tags = binary.AppendUvarint(tags, uint64(w.slot[values][w.number()]-1))
	}
	if kind == points {
		geometry = w.appendPoints(geometry)
	} else {
		geometry = w.appendLines(geometry, kind == polygons)
	}
	b := w.feature[:0]
	if len(tags) > 0 {
		b = appendField(append(b, tagTags), tags)
	}
	b = append(b, tagType, byte(kind))
	b = appendField(append(b, tagGeometry), geometry)
	w.tags, w.geometry, w.feature = tags, geometry, b
	return appendField(append(dst, tagFeature), b)
}

// begin reads where a part begins and appends the way there.
func (w *folder) begin(dst []byte, x, y *int32) []byte {
	b := w.bytes(4)
	if w.bad {
		return dst
	}
	x1, y1 := int32(b[0])<<8+int32(b[1])-offset, int32(b[2])<<8+int32(b[3])-offset
	dst = binary.AppendUvarint(dst, uint64(zigzag(x1-*x)))
	dst = binary.AppendUvarint(dst, uint64(zigzag(y1-*y)))
	*x, *y = x1, y1
	return dst
}

func (w *folder) appendPoints(dst []byte) []byte {
	n := 0
	for at := w.at; at < len(w.data) && w.data[at] == 1; at += 5 {
		n++
	}
	dst = binary.AppendUvarint(dst, uint64(n)<<3|moveTo)
	var x, y int32
	for ; n > 0; n-- {
		w.want(1)
		dst = w.begin(dst, &x, &y)
	}
	w.want(0)
	return dst
}

func (w *folder) appendLines(dst []byte, closed bool) []byte {
	var x, y int32
	for n := w.number(); n > 0 && !w.bad; n = w.number() {
		dst = w.begin(append(dst, 1<<3|moveTo), &x, &y)
		n--
		dst = binary.AppendUvarint(dst, uint64(n)<<3|lineTo)
		start := w.at
		for ; n > 0 && !w.bad; n-- {
			x += unzigzag(w.number())
			y += unzigzag(w.number())
		}
		dst = append(dst, w.data[start:w.at]...)
		if closed {
			dst = append(dst, 1<<3|closePath)
		}
	}
	return dst
}
