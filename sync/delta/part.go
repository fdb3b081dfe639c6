package delta

import (
	"encoding/binary"
	"fmt"

	"github.com/pannier-maps/pannier/sync/blob"
)

// Codec says how a part is coded. The numbers are part of the format.
type Codec uint8

// The codecs.
const (
	Raw    Codec = 0 // the bytes themselves
	Plain  Codec = 1 // a zstd frame
	Prefix Codec = 2 // a zstd frame with the old content as raw prefix dictionary
	Edit   Codec = 3 // copies of the old content with corrections, and literals
)

// part is one coded piece.
type part struct {
	codec Codec
	data  []byte
}

// encode codes raw in the smallest way. The packed form, where the caller has
// one, saves packing it again.
func encode(old, raw, packed []byte) (part, error) {
	best := part{Raw, raw}
	if packed == nil {
		var err error
		if packed, err = blob.Pack(raw); err != nil {
			return part{}, err
		}
	}
	if len(packed) < len(best.data) {
		best = part{Plain, packed}
	}
	if len(old) > 0 {
		patch, err := blob.PackAfter(old, raw)
		if err != nil {
			return part{}, err
		}
		if len(patch) < len(best.data) {
			best = part{Prefix, patch}
		}
	}
	return best, nil
}

// encodeContent is encode with the edit codec among the ways.
func encodeContent(old, raw, packed []byte) (part, error) {
	best, err := encode(old, raw, packed)
	if err != nil || len(old) == 0 {
		return best, err
	}
	edit, ok, err := packEdit(old, raw)
	if err == nil && ok && len(edit) < len(best.data) {
		best = part{Edit, edit}
	}
	return best, err
}

// decode undoes encode; the result has length rawLen or is an error.
func (p part) decode(old []byte, rawLen int) ([]byte, error) {
	switch p.codec {
	case Raw:
		if len(p.data) != rawLen {
			return nil, fmt.Errorf("%w: %d bytes, expected %d", ErrCorrupt, len(p.data), rawLen)
		}
		return p.data, nil
	case Plain:
		return blob.Unpack(p.data, rawLen)
	case Prefix:
		return blob.UnpackAfter(old, p.data, rawLen)
	case Edit:
		return unpackEdit(old, p.data, rawLen)
	}
	return nil, fmt.Errorf("%w: codec %d", ErrTooNew, p.codec)
}

// AppendPart codes raw in the smallest way, given old content that the reader
// has too, and appends it: its coded length times 4 plus the codec, the length
// of raw where the codec does not tell it, and the coded bytes.
func AppendPart(dst, old, raw []byte) ([]byte, error) {
	p, err := encodeContent(old, raw, nil)
	if err != nil {
		return nil, err
	}
	return p.append(dst, len(raw)), nil
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
