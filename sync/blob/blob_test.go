package blob

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func random(n int) []byte {
	r := rand.New(rand.NewPCG(7, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.IntN(60))
	}
	return b
}

func TestPackUnpack(t *testing.T) {
	for _, n := range []int{0, 1, 1023, 1024, 1025, 300 << 10} {
		raw := random(n)
		stored, err := Pack(raw)
		if err != nil {
			t.Fatalf("Pack of %d bytes: %v", n, err)
		}
		got, err := Unpack(stored, n)
		if err != nil || !bytes.Equal(got, raw) {
			t.Errorf("Unpack of %d bytes: %d bytes, %v", n, len(got), err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	raw := random(1000)
	stored, err := Pack(raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(stored, len(raw), Sum(raw)); err != nil {
		t.Fatal(err)
	}
	other, err := Pack(random(999))
	if err != nil {
		t.Fatal(err)
	}
	bomb, err := Pack(make([]byte, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	stream, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string][]byte{
		"nothing":     nil,
		"cut":         stored[:len(stored)-1],
		"other bytes": other,
		"bomb":        bomb,
		"second bomb": append(bytes.Clone(stored), bomb...),
		"no zstd":     []byte("<html>"),
		"flipped":     append(bytes.Clone(stored[:500]), append([]byte{stored[500] ^ 1}, stored[501:]...)...),
		"empty frame": stream.EncodeAll(nil, nil),
	}
	for name, stored := range bad {
		if _, err := Open(stored, len(raw), Sum(raw)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: error %v, want ErrCorrupt", name, err)
		}
	}
}

func TestHashText(t *testing.T) {
	h := Sum([]byte("pannier"))
	again, err := ParseHash(h.String())
	if err != nil || again != h {
		t.Errorf("ParseHash(%s) = %s, %v", h, again, err)
	}
	for _, s := range []string{"", h.String()[1:], h.String() + "0", "Z" + h.String()[1:], string(bytes.ToUpper([]byte(h.String())))} {
		if _, err := ParseHash(s); err == nil {
			t.Errorf("ParseHash(%q): no error", s)
		}
	}
}

// FuzzUnpack checks that hostile frames neither panic nor exceed their length.
func FuzzUnpack(f *testing.F) {
	stored, err := Pack(random(400))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(stored, 400)
	f.Add([]byte("(\xb5/\xfd"), 10)
	f.Fuzz(func(t *testing.T, stored []byte, n int) {
		if n > 1<<20 {
			return
		}
		raw, err := Unpack(stored, n)
		if err == nil && len(raw) != n {
			t.Errorf("%d bytes, expected %d", len(raw), n)
		}
	})
}
