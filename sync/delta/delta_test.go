package delta

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// region is cells with their blobs.
type region struct {
	list  manifest.Manifest
	blobs map[blob.Hash][]byte
}

func (r *region) set(t testing.TB, x uint32, raw []byte) {
	t.Helper()
	stored, err := blob.Pack(raw)
	if err != nil {
		t.Fatal(err)
	}
	e := manifest.Entry{
		Key: cell.Key{Layer: cell.Tiles, ID: cell.New(11, x, 0)}, Hash: blob.Sum(raw), Raw: uint32(len(raw)), Stored: uint32(len(stored)),
	}
	if r.blobs == nil {
		r.blobs = make(map[blob.Hash][]byte)
	}
	r.blobs[e.Hash] = stored
	r.list.Entries = append(r.list.Entries, e)
}

func both(a, b *region) Blobs {
	return func(_ context.Context, name blob.Hash) ([]byte, error) {
		if stored, ok := a.blobs[name]; ok {
			return stored, nil
		}
		return b.blobs[name], nil
	}
}

func random(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.IntN(256))
	}
	return b
}

func pair(t testing.TB) (a, b *region) {
	a, b = new(region), new(region)
	old := random(1, 5000)
	a.set(t, 1, old)
	a.set(t, 2, random(2, 100))
	a.set(t, 3, random(3, 100))
	b.set(t, 1, append(bytes.Clone(old[:2000]), old[2100:]...)) // changed
	b.set(t, 3, random(3, 100))                                 // the same; 2 is gone
	b.set(t, 4, random(4, 10))                                  // new, not worth packing
	b.set(t, 5, bytes.Repeat([]byte("x"), 999))                 // new, worth packing
	return a, b
}

func TestEncode(t *testing.T) {
	a, b := pair(t)
	data, err := Encode(context.Background(), &a.list, &b.list, both(a, b))
	if err != nil {
		t.Fatal(err)
	}
	again, err := Encode(context.Background(), &a.list, &b.list, both(a, b))
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("encoding twice gives other bytes (%v)", err)
	}
	if len(data) > 600 {
		t.Errorf("delta of %d bytes", len(data))
	}
	d, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	var codecs []Codec
	for _, s := range d.Segments {
		codecs = append(codecs, s.Codec)
	}
	if len(codecs) != 3 || codecs[0] != Edit || codecs[1] != Raw || codecs[2] != Plain {
		t.Errorf("codecs %v, want edit, raw, plain", codecs)
	}
	wrong, err := b.list.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Manifest(wrong, 10, blob.Hash{}); !errors.Is(err, ErrBase) {
		t.Errorf("from another manifest: %v, want ErrBase", err)
	}
}

func TestEveryCutAndFlipIsFound(t *testing.T) {
	a, b := pair(t)
	ctx := context.Background()
	data, err := Encode(ctx, &a.list, &b.list, both(a, b))
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		if err := Check(ctx, data[:n], &a.list, &b.list, both(a, b)); err == nil {
			t.Fatalf("first %d of %d bytes: accepted", n, len(data))
		}
	}
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 0xff
		if err := Check(ctx, bad, &a.list, &b.list, both(a, b)); err == nil {
			t.Errorf("byte %d flipped: accepted", i)
		}
	}
}

func TestNewerCodec(t *testing.T) {
	_, err := Segment{Codec: 77}.Cell(nil, nil, manifest.Entry{})
	if !errors.Is(err, ErrTooNew) {
		t.Errorf("codec 77: %v, want ErrTooNew", err)
	}
}

// FuzzParse feeds hostile preludes.
func FuzzParse(f *testing.F) {
	a, b := pair(f)
	data, err := Encode(context.Background(), &a.list, &b.list, both(a, b))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(magic + "\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data)
		if err != nil {
			return
		}
		end := int64(0)
		for _, s := range d.Segments {
			if s.Offset < end {
				t.Fatalf("segment at %d before %d", s.Offset, end)
			}
			end = s.Offset + s.Length
		}
		if len(d.Segments) > 0 && end != d.Length {
			t.Errorf("segments end at %d of %d", end, d.Length)
		}
	})
}

// FuzzDiffApply checks that applying a delta gives the new content.
func FuzzDiffApply(f *testing.F) {
	f.Add([]byte("one lane road"), []byte("one way road"))
	f.Add([]byte{0}, random(9, 300))
	f.Fuzz(func(t *testing.T, old, raw []byte) {
		if len(old) == 0 || len(raw) == 0 || len(old)+len(raw) > 1<<16 {
			return
		}
		a, b := new(region), new(region)
		a.set(t, 1, old)
		b.set(t, 1, raw)
		if _, err := Encode(context.Background(), &a.list, &b.list, both(a, b)); err != nil { // Encode replays
			t.Error(err)
		}
	})
}
