package delta

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/delta/edit"
	"github.com/pannier-maps/pannier/sync/delta/mvt"
)

// Codec says how a part is coded. The numbers are part of the format.
type Codec uint8

// The codecs.
const (
	Raw   Codec = 0 // the bytes themselves
	Plain Codec = 1 // a zstd frame
	Edit  Codec = 2 // an edit of the old content
	Tiles Codec = 3 // an edit of the old content's form, when both are cells of tiles
)

// part is one coded piece.
type part struct {
	codec Codec
	data  []byte
}

// much is how many times longer than the old content what it helps to code is at
// most. A mass of new content takes long to code as an edit, and gains little.
const much = 8

// encode codes raw in the smallest way. The packed form, where the caller has
// one, is a way too, and the way of content that is much larger than the old.
func encode(old, raw, packed []byte) part {
	best := part{Raw, raw}
	if packed != nil && len(packed) < len(best.data) {
		best = part{Plain, packed}
	}
	if packed != nil && len(raw) > much*len(old) {
		return best
	}
	data, ok := encodeTiles(old, raw)
	codec := Tiles
	if !ok {
		codec, data = Edit, edit.Encode(old, raw)
	}
	if len(data) < len(best.data) {
		best = part{codec, data}
	}
	return best
}

// encodeTiles returns the length of raw's form and the form's edit; ok is false
// when the contents have no form.
func encodeTiles(old, raw []byte) (data []byte, ok bool) {
	was, err := mvt.New(old)
	if err != nil {
		return nil, false
	}
	form, err := was.Unfold(raw)
	if err != nil {
		return nil, false
	}
	if again, err := was.Fold(form, len(raw)); err != nil || !bytes.Equal(again, raw) {
		return nil, false
	}
	return append(binary.AppendUvarint(nil, uint64(len(form))), edit.Encode(was.Bytes, form)...), true
}

func decodeTiles(old, data []byte, rawLen int) ([]byte, error) {
	n, w := binary.Uvarint(data)
	if w <= 0 || n > uint64(mvt.MaxBytes(rawLen)) {
		return nil, fmt.Errorf("%w: bad length of a form", ErrCorrupt)
	}
	was, err := mvt.New(old)
	if err != nil {
		return nil, fmt.Errorf("old content: %w", err)
	}
	form, err := edit.Decode(was.Bytes, data[w:], int(n))
	if err != nil {
		return nil, err
	}
	return was.Fold(form, rawLen)
}

// decode undoes encode; the result has length rawLen or is an error.
func (p part) decode(old []byte, rawLen int) (raw []byte, err error) {
	switch p.codec {
	case Raw:
		if len(p.data) != rawLen {
			return nil, fmt.Errorf("%w: %d bytes, expected %d", ErrCorrupt, len(p.data), rawLen)
		}
		return p.data, nil
	case Plain:
		return blob.Unpack(p.data, rawLen)
	case Edit:
		raw, err = edit.Decode(old, p.data, rawLen)
	case Tiles:
		raw, err = decodeTiles(old, p.data, rawLen)
	default:
		return nil, fmt.Errorf("%w: codec %d", ErrTooNew, p.codec)
	}
	if err != nil && !errors.Is(err, ErrCorrupt) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return raw, err
}

// AppendPart codes raw in the smallest way, given old content that the reader
// has too, and appends it: its coded length times 4 plus the codec, the length
// of raw where the codec does not tell it, and the coded bytes.
func AppendPart(dst, old, raw []byte) []byte {
	return encode(old, raw, nil).append(dst, len(raw))
}

// ReadPart reads what AppendPart wrote, of at most limit bytes when decoded, and
// returns it and what follows.
func ReadPart(old, data []byte, limit int) (raw, rest []byte, err error) {
	r := reader{data: data}
	p, n, ok := r.part(limit)
	if !ok {
		return nil, nil, fmt.Errorf("%w: bad part near byte %d", ErrCorrupt, r.at)
	}
	raw, err = p.decode(old, n)
	return raw, data[r.at:], err
}

// append writes a part whose decoded length is rawLen.
func (p part) append(dst []byte, rawLen int) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(p.data))<<2|uint64(p.codec))
	if p.codec != Raw {
		dst = binary.AppendUvarint(dst, uint64(rawLen))
	}
	return append(dst, p.data...)
}
