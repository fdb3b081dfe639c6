package delta

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// tilePair returns a cell of one tile with some streets, and the same with a
// surface on every twentieth.
func tilePair(streets int) (old, raw []byte) {
	r := rand.New(rand.NewPCG(3, 3))
	var before, after []vector.Feature
	for i := range streets {
		f := vector.Feature{Type: vector.Lines}
		at := vector.TilePoint{X: int32(r.IntN(4096)), Y: int32(r.IntN(4096))}
		for range 2 + r.IntN(20) {
			at.X += int32(r.IntN(80) - 40)
			at.Y += int32(r.IntN(80) - 40)
			f.Geometry.Points = append(f.Geometry.Points, at)
		}
		f.Geometry.Close()
		attrs := vector.AppendAttr(nil, "kind", vector.String("residential"))
		attrs = vector.AppendAttr(attrs, "name", vector.String(fmt.Sprintf("Street %d", i)))
		f.Attrs = vector.Attrs(attrs)
		before = append(before, f)
		if i%20 == 0 {
			f.Attrs = vector.Attrs(vector.AppendAttr(attrs, "surface", vector.String("asphalt")))
		}
		after = append(after, f)
	}
	var e vector.Encoder
	key := cell.TileKey(cell.New(11, 1, 1))
	return cell.AppendItem(nil, key, e.AppendLayer(nil, "streets", before)), cell.AppendItem(nil, key, e.AppendLayer(nil, "streets", after))
}

func TestCodecs(t *testing.T) {
	oldTiles, newTiles := tilePair(100)
	noise := random(1, 300)
	for _, c := range []struct {
		name             string
		old, raw, packed []byte
		want             Codec
		limit            int
	}{
		{"tiles", oldTiles, newTiles, nil, Tiles, 80},
		{"tiles to none", oldTiles, noise[:200], nil, Raw, 200},
		{"text", []byte("one lane road and more"), []byte("one way road and more"), nil, Edit, 8},
		{"text without old content", nil, []byte("a way is a way is a way"), nil, Edit, 14},
		{"noise", noise, random(2, 300), nil, Raw, 300},
		{"new and packed", nil, noise, noise[:200], Plain, 200},
		{"new and no shorter packed", nil, noise, noise, Raw, 300},
		{"nothing", noise, nil, nil, Raw, 0},
	} {
		p := encode(c.old, c.raw, c.packed)
		if p.codec != c.want || len(p.data) > c.limit {
			t.Errorf("%s: codec %d, %d bytes; want codec %d, %d bytes at most", c.name, p.codec, len(p.data), c.want, c.limit)
		}
		if p.codec == Plain {
			continue // it was not really packed
		}
		raw, rest, err := ReadPart(c.old, append(AppendPart(nil, c.old, c.raw), "rest"...), len(c.raw))
		if err != nil || !bytes.Equal(raw, c.raw) || string(rest) != "rest" {
			t.Errorf("%s: read %d bytes, %q left, %v", c.name, len(raw), rest, err)
		}
		if _, _, err := ReadPart(c.old, AppendPart(nil, c.old, c.raw), len(c.raw)-1); p.codec != Raw && !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: over the limit: %v, want ErrCorrupt", c.name, err)
		}
	}
}

// FuzzDecodePart feeds hostile segments of each codec.
func FuzzDecodePart(f *testing.F) {
	old, raw := tilePair(20)
	f.Add(byte(Tiles), encode(old, raw, nil).data, len(raw))
	f.Add(byte(Edit), []byte("edit"), 10)
	f.Add(byte(Plain), []byte("(\xb5/\xfd"), 10)
	f.Fuzz(func(t *testing.T, codec byte, data []byte, n int) {
		if n < 0 || n > 1<<20 {
			return
		}
		got, err := part{Codec(codec), data}.decode(old, n)
		if err == nil && len(got) != n {
			t.Errorf("%d bytes, want %d", len(got), n)
		}
		if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrTooNew) && codec != byte(Plain) {
			t.Error(err)
		}
	})
}
