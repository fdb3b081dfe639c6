package media

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"image"
	"runtime"
	"testing"
	"time"
)

// bomb makes a PNG of one bit a pixel whose data inflate to so many zeros.
func bomb(t testing.TB, width, height uint32, zeros int64) []byte {
	t.Helper()
	// A block of zeros by itself, over and over: that is quickly made.
	var block bytes.Buffer
	const each = 1 << 20
	w, err := flate.NewWriter(&block, flate.BestCompression)
	if err == nil {
		_, err = w.Write(make([]byte, min(zeros, each)))
	}
	if err = errors.Join(err, w.Flush()); err != nil {
		t.Fatal(err)
	}
	blocks := max(1, zeros/each)
	packed := append([]byte{0x78, 0x9c}, bytes.Repeat(block.Bytes(), int(blocks))...)
	packed = append(packed, 1, 0, 0, 0xff, 0xff) // the last block, empty
	packed = binary.BigEndian.AppendUint32(packed, uint32(blocks*min(zeros, each)%65521)<<16|1)
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	out := append([]byte(pngMagic), pngChunk("IHDR", append(header, 1, 0, 0, 0, 0))...)
	return append(append(out, pngChunk("IDAT", packed)...), pngChunk("IEND", nil)...)
}

type nothing struct{}

func (nothing) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// allocated runs work and returns how many bytes it allocated in all, which is
// more than it ever held.
func allocated(work func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

func TestBombs(t *testing.T) {
	for _, c := range []struct {
		name string
		file []byte
		want error
		most int64
	}{
		{"PNG of 20,000 x 20,000", bomb(t, 20000, 20000, 20000*2501+1<<20), ErrTooLarge, 64 << 10},
		{"PNG of 2 billion x 2 billion", bomb(t, 1<<31-1, 1<<31-1, 1000), ErrTooLarge, 64 << 10},
		{"PNG of 100 x 100 that inflates to 1 GiB", bomb(t, 100, 100, 1<<30), ErrBroken, 1 << 20},
		{"PNG of 20,000 x 2,000 without its pixels", bomb(t, 20000, 2000, 10), ErrBroken, 64 << 20},
	} {
		var err error
		peak := allocated(func() { _, err = testMaker().photo(t.Context(), c.file) })
		if !errors.Is(err, c.want) || peak > c.most {
			t.Errorf("%s: %v, want %v; %d bytes, want at most %d", c.name, err, c.want, peak, c.most)
		}
		t.Logf("%s, a file of %d bytes: refused after %d bytes were allocated", c.name, len(c.file), peak)
	}
}

// What the header says of memory is about what decoding takes.
func TestMemory(t *testing.T) {
	plain := image.NewRGBA(image.Rect(0, 0, 2000, 1500))
	for i := range plain.Pix {
		plain.Pix[i] = byte(i / 999)
	}
	deep := image.NewNRGBA64(image.Rect(0, 0, 1000, 750))
	for i := range deep.Pix {
		deep.Pix[i] = byte(i * 5)
	}
	for name, file := range map[string][]byte{
		"3 MP JPEG": asJPEG(t, plain), "3 MP PNG": asPNG(t, plain), "0.75 MP PNG of 16 bits": asPNG(t, deep),
		"AVIF": pictures(t)["avif"], "WebP": pictures(t)["webp lossless"],
	} {
		h, err := inspect(file)
		if err != nil {
			t.Fatal(err)
		}
		if h.kind == "image/avif" {
			<-decode(file, h).done // it starts its engine
		}
		start := time.Now()
		took := allocated(func() { _, err = testMaker().photo(t.Context(), file) })
		t.Logf("%s: %d MiB reckoned, %d MiB allocated in all, %v", name, h.memory>>20, took>>20, time.Since(start).Round(time.Millisecond))
		if err != nil || h.kind != "image/avif" && took > 2*h.memory+64<<20 {
			t.Errorf("%s: took %d bytes, reckoned with %d; %v", name, took, h.memory, err)
		}
	}
}
