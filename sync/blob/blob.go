// Package blob names bytes and packs them for the way.
//
// A blob is named by the SHA-256 of its uncompressed bytes, so that packing it
// again, better or otherwise, never changes its name. It travels as one zstd
// frame (RFC 8878).
//
// All functions are pure and safe for concurrent use. Unpacking is bounded by
// the length that the caller expects. FORMAT.md beside this file has the bytes.
package blob

import (
	"errors"
	"fmt"
	"math/bits"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// MaxRaw is the largest blob, uncompressed, in bytes.
const MaxRaw = 64 << 20

// maxWindow is how far back a packer looks in the few blobs that are larger.
const maxWindow = 8 << 20

// ErrCorrupt is returned for stored bytes that do not unpack to what their name
// and length promise.
var ErrCorrupt = errors.New("corrupt blob")

// Packer packs blobs, one at a time. It holds some 45 MB, and making one takes
// most of the time that a small blob needs: who packs many keeps one meanwhile.
type Packer struct{ encoder *zstd.Encoder }

// packers are those that nobody uses, until the garbage collector drops them.
var packers = sync.Pool{New: func() any {
	encoder, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedBestCompression),
		zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(false), // the name is a stronger check
		zstd.WithWindowSize(maxWindow),
		zstd.WithLowerEncoderMem(true),
	)
	if err != nil {
		panic(err) // fixed options
	}
	return &Packer{encoder}
}}

// NewPacker returns a packer. Close it to let others use it.
func NewPacker() *Packer { return packers.Get().(*Packer) }

// Close ends the use of a packer.
func (p *Packer) Close() { packers.Put(p) }

// Pack compresses raw. The same bytes give the same result on every machine.
func (p *Packer) Pack(raw []byte) ([]byte, error) {
	if len(raw) > MaxRaw {
		return nil, fmt.Errorf("pack %d bytes: more than %d", len(raw), MaxRaw)
	}
	return p.encoder.EncodeAll(raw, nil), nil
}

// Pack packs one blob.
func Pack(raw []byte) ([]byte, error) {
	p := NewPacker()
	defer p.Close()
	return p.Pack(raw)
}

// Unpack restores a blob of length rawLen that Pack wrote. It returns ErrCorrupt
// when the result has any other length; the caller checks the name.
func Unpack(stored []byte, rawLen int) ([]byte, error) {
	if rawLen < 0 || rawLen > MaxRaw {
		return nil, fmt.Errorf("%w: length %d is over %d", ErrCorrupt, rawLen, MaxRaw)
	}
	var frame zstd.Header
	if err := frame.Decode(stored); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if frame.HasFCS && frame.FrameContentSize != uint64(rawLen) { // short frames may leave it out
		return nil, fmt.Errorf("%w: frame of %d bytes, expected %d", ErrCorrupt, frame.FrameContentSize, rawLen)
	}
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(window(rawLen))))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	defer r.Close()
	raw, err := r.DecodeAll(stored, make([]byte, 0, rawLen))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if len(raw) != rawLen {
		return nil, fmt.Errorf("%w: %d bytes, expected %d", ErrCorrupt, len(raw), rawLen)
	}
	return raw, nil
}

// Open unpacks a plain blob and checks it against its name.
func Open(stored []byte, rawLen int, name Hash) ([]byte, error) {
	raw, err := Unpack(stored, rawLen)
	if err != nil {
		return nil, err
	}
	if got := Sum(raw); got != name {
		return nil, fmt.Errorf("%w: content is %s, expected %s", ErrCorrupt, got, name)
	}
	return raw, nil
}

// window returns the power of two above n, but no less than the smallest window
// of zstd. It is the most that a frame of n bytes may ask for.
func window(n int) int { return max(zstd.MinWindowSize, 1<<bits.Len(uint(n))) }
