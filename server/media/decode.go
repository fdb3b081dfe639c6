package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"time"

	"github.com/gen2brain/avif"
	"golang.org/x/image/webp"
	"golang.org/x/sync/semaphore"
)

// patience is how long decoding may take: nothing can stop a decoder.
const patience = time.Minute

// maker decodes pictures and makes photos of them, with a bounded amount of
// memory for all at once.
type maker struct {
	memory   *semaphore.Weighted
	most     int64 // that there is, in bytes
	patience time.Duration
}

// made is a photo with the JPEGs of its sizes.
type made struct {
	Picture
	files map[int][]byte // by side
	given Given
	at    *Position
}

// photo makes a photo of a file.
func (m *maker) photo(ctx context.Context, data []byte) (*made, error) {
	h, err := inspect(data)
	if err != nil {
		return nil, err
	}
	if h.memory > m.most {
		return nil, &Refusal{ErrTooLarge, fmt.Sprintf("Decoding the picture would take %d MB of memory; the server has %d for that. Make it smaller, or save it as a baseline JPEG.", h.memory>>20, m.most>>20)}
	}
	if err := m.memory.Acquire(ctx, h.memory); err != nil {
		return nil, err
	}
	d := decode(data, h)
	late := time.NewTimer(m.patience)
	defer late.Stop()
	select {
	case <-d.done:
		defer m.memory.Release(h.memory)
	case <-late.C:
		go func() { // what it holds is not free before it ends
			<-d.done
			m.memory.Release(h.memory)
		}()
		return nil, broken("decoding it finds no end")
	}
	if d.err != nil {
		return nil, &Refusal{fmt.Errorf("%w: %w", ErrBroken, d.err), "The file is damaged, or was cut short."}
	}
	return sized(d.picture, h, int64(len(data)))
}

// sized makes the sizes of a decoded picture.
func sized(src image.Image, h header, length int64) (*made, error) {
	out := &made{given: Given{h.kind, src.Bounds().Dx(), src.Bounds().Dy(), length}, at: h.position, files: make(map[int][]byte)}
	var upright *image.RGBA
	for _, s := range sizes {
		if upright == nil {
			w, t := fit(src.Bounds().Dx(), src.Bounds().Dy(), s.side)
			upright = h.turn.apply(shrink(src, w, t))
			out.Look = lookText(look(upright))
		} else if w, t := fit(upright.Rect.Dx(), upright.Rect.Dy(), s.side); w < upright.Rect.Dx() || t < upright.Rect.Dy() {
			upright = shrink(upright, w, t)
		}
		var file bytes.Buffer
		if err := jpeg.Encode(&file, upright, &jpeg.Options{Quality: s.quality}); err != nil {
			return nil, fmt.Errorf("encode photo: %w", err)
		}
		out.files[s.side] = file.Bytes()
		out.Sizes = append(out.Sizes, Size{s.side, upright.Rect.Dx(), upright.Rect.Dy(), file.Len()})
	}
	sum := sha256.Sum256(out.files[Large])
	out.Hash, out.Width, out.Height = hex.EncodeToString(sum[:]), out.Sizes[0].Width, out.Sizes[0].Height
	return out, nil
}

// decoding is a picture that is being decoded; picture and err are there when
// done is closed.
type decoding struct {
	picture image.Image
	err     error
	done    chan struct{}
}

// decode decodes a file whose header was read.
func decode(data []byte, h header) *decoding {
	d := &decoding{done: make(chan struct{})}
	go func() {
		defer close(d.done)
		defer func() {
			if p := recover(); p != nil { // a decoder's fault, not ours
				d.err = fmt.Errorf("the decoder panicked: %v", p)
			}
		}()
		if d.picture, d.err = decoders[h.kind](data, h); d.err != nil {
			return
		}
		if b := d.picture.Bounds(); b.Dx() > h.width || b.Dy() > h.height || b.Dx() < MinSide || b.Dy() < MinSide {
			d.err = fmt.Errorf("%v is not what the header said", b)
		}
	}()
	return d
}

var decoders = map[string]func(data []byte, h header) (image.Image, error){
	"image/jpeg": func(data []byte, _ header) (image.Image, error) { return jpeg.Decode(bytes.NewReader(data)) },
	"image/png":  func(data []byte, _ header) (image.Image, error) { return png.Decode(bytes.NewReader(data)) },
	"image/webp": func(data []byte, _ header) (image.Image, error) { return webp.Decode(bytes.NewReader(data)) },
	"image/avif": decodeAVIF,
}

// decodeAVIF decodes with libavif as WebAssembly, which keeps it from touching
// anything else. The module would also load a libavif.so that it finds, into
// this process: that is not used, as files come from strangers.
func decodeAVIF(data []byte, h header) (image.Image, error) {
	if avif.Dynamic() == nil {
		return nil, errNative
	}
	src, err := avif.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if !whole(src, h.opaque) {
		return nil, errEmpty
	}
	return src, nil
}

var (
	errNative = fmt.Errorf("the AVIF decoder would be the system's own; build with -tags nodynamic")
	errEmpty  = fmt.Errorf("the AVIF's picture is not all there")
)

// whole reports whether a decoder filled a picture: where it gave up it left what
// was in memory before, which is not opaque, or brighter than its opacity allows.
func whole(src image.Image, opaque bool) bool {
	var seen byte
	switch src := src.(type) {
	case *image.RGBA:
		for i := 0; i+3 < len(src.Pix); i += 4 {
			p := src.Pix[i : i+4 : i+4]
			if p[3] < max(p[0], p[1], p[2]) || opaque && p[3] != 255 {
				return false
			}
			seen |= p[3]
		}
	case *image.RGBA64:
		for i := 0; i+7 < len(src.Pix); i += 8 {
			p := src.Pix[i : i+8 : i+8]
			a := uint16(p[6])<<8 | uint16(p[7])
			if a < max(uint16(p[0])<<8|uint16(p[1]), uint16(p[2])<<8|uint16(p[3]), uint16(p[4])<<8|uint16(p[5])) || opaque && p[6] != 255 {
				return false
			}
			seen |= p[6]
		}
	}
	return seen != 0
}
