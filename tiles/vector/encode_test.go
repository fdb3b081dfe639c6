package vector

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"
)

func attrs(pairs ...any) Attrs {
	var b []byte
	for i := 0; i < len(pairs); i += 2 {
		b = AppendAttr(b, pairs[i].(string), pairs[i+1].(Value))
	}
	return Attrs(b)
}

func parts(lists ...[]TilePoint) (g Tile) {
	for _, list := range lists {
		g.Add(list)
	}
	return g
}

func sample() []byte {
	var e Encoder
	tile := e.AppendLayer(nil, "streets", []Feature{
		{Lines, attrs("kind", String("cycleway"), "width", Float(2.5)), parts([]TilePoint{{2, 2}, {2, 10}, {10, 10}}, []TilePoint{{1, 1}, {3, 5}})},
		{Lines, attrs("bridge", Bool(true), "kind", String("path"), "layer", Int(-1)), parts([]TilePoint{{0, 0}, {-64, 4160}})},
	})
	tile = e.AppendLayer(tile, "land", []Feature{
		{Polygons, "", parts([]TilePoint{{0, 0}, {10, 0}, {10, 10}, {0, 10}}, []TilePoint{{11, 11}, {20, 11}, {20, 20}, {11, 20}}, []TilePoint{{13, 13}, {13, 17}, {17, 17}, {17, 13}})},
	})
	return e.AppendLayer(tile, "pois", []Feature{
		{Points, attrs("ele", Int(2599), "lat", Float(47.0612345)), parts([]TilePoint{{5, 7}}, []TilePoint{{3, 2}})},
	})
}

func TestRoundTrip(t *testing.T) {
	layers, err := Decode(sample())
	if err != nil {
		t.Fatal(err)
	}
	if len(layers) != 3 || layers[0].Name != "streets" || layers[1].Name != "land" || layers[2].Name != "pois" {
		t.Fatalf("layers %v", layers)
	}
	streets := layers[0]
	want := map[string]any{"bridge": true, "kind": "path", "layer": int64(-1)}
	if got := streets.Attrs(&streets.Features[1]); !reflect.DeepEqual(got, want) {
		t.Errorf("attributes %v, want %v", got, want)
	}
	want = map[string]any{"ele": int64(2599), "lat": 47.0612345}
	if got := layers[2].Attrs(&layers[2].Features[0]); !reflect.DeepEqual(got, want) {
		t.Errorf("attributes %v, want %v", got, want)
	}
	if got := layers[1].Features[0].Geometry; got.Len() != 3 || got.Part(2)[1] != (TilePoint{13, 17}) {
		t.Errorf("polygon %v", got)
	}
	if got := encodeAgain(layers); !bytes.Equal(got, sample()) {
		t.Errorf("encoded again %x, want %x", got, sample())
	}
}

// The worked examples of the specification, section 4.3.5.
func TestGeometryExamples(t *testing.T) {
	tests := []struct {
		name string
		kind GeomType
		g    Tile
		want []byte
	}{
		{"point", Points, parts([]TilePoint{{25, 17}}), []byte{9, 50, 34}},
		{"multi-point", Points, parts([]TilePoint{{5, 7}}, []TilePoint{{3, 2}}), []byte{17, 10, 14, 3, 9}},
		{"line", Lines, parts([]TilePoint{{2, 2}, {2, 10}, {10, 10}}), []byte{9, 4, 4, 18, 0, 16, 16, 0}},
		{"polygon", Polygons, parts([]TilePoint{{3, 6}, {8, 12}, {20, 34}}), []byte{9, 6, 12, 18, 10, 12, 24, 44, 15}},
	}
	for _, test := range tests {
		if got := appendGeometry(nil, test.kind, &test.g); !bytes.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestValues(t *testing.T) {
	for _, want := range []any{"", "Vaduz", int64(0), int64(-5), int64(math.MaxInt64), 0.5, 0.1, true, false} {
		var v Value
		switch x := want.(type) {
		case string:
			v = String(x)
		case int64:
			v = Int(x)
		case float64:
			v = Float(x)
		case bool:
			v = Bool(x)
		}
		if got := v.Any(); got != want {
			t.Errorf("%#v came back as %#v", want, got)
		}
		if again, err := parseValue([]byte(v)); err != nil || again != v {
			t.Errorf("parseValue(%x) = %x, %v", v, again, err)
		}
	}
}

func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	var a, b Encoder
	a.AppendLayer(nil, "x", []Feature{{Points, attrs("z", Int(9)), parts([]TilePoint{{1, 1}})}})
	if !bytes.Equal(encodeSampleWith(&a), encodeSampleWith(&b)) {
		t.Error("a used encoder gives other bytes than a new one")
	}
}

func encodeSampleWith(e *Encoder) []byte {
	return e.AppendLayer(nil, "l", []Feature{
		{Points, attrs("b", Int(1), "c", Int(2)), parts([]TilePoint{{1, 2}})},
		{Points, attrs("a", Int(2), "c", Int(1)), parts([]TilePoint{{3, 4}})},
	})
}

func TestDecodeRejects(t *testing.T) {
	good := sample()
	for cut := 1; cut < len(good); cut++ {
		if layers, err := Decode(good[:cut]); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("cut at %d: %v, %v, want ErrCorrupt", cut, layers, err)
		}
	}
	version3 := bytes.Replace(good, []byte{tagVersion, 2}, []byte{tagVersion, 3}, 1)
	twice := append(append([]byte(nil), good...), good...)
	for name, raw := range map[string][]byte{"version 3": version3, "layer twice": twice, "junk": []byte("junk")} {
		if _, err := Decode(raw); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", name, err)
		}
	}
}

func encodeAgain(layers []Layer) []byte {
	var e Encoder
	var raw []byte
	for _, l := range layers {
		var features []Feature
		for _, f := range l.Features {
			var b []byte
			for i := 0; i < len(f.Tags); i += 2 {
				b = AppendAttr(b, l.Keys[f.Tags[i]], l.Values[f.Tags[i+1]])
			}
			features = append(features, Feature{f.Type, Attrs(b), f.Geometry})
		}
		raw = e.AppendLayer(raw, l.Name, features)
	}
	return raw
}

// FuzzDecode checks that what decodes can be encoded and decodes to the same
// features again.
func FuzzDecode(f *testing.F) {
	f.Add(sample())
	f.Add([]byte{tagLayer, 5, tagName, 1, 'a', tagVersion, 2})
	f.Add([]byte{tagLayer, 9, tagName, 1, 'a', tagFeature, 2, tagType, 0, tagVersion, 1})
	for _, fixture := range fixtures() {
		f.Add(fixture.raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		layers, err := Decode(raw)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("error %v, want ErrCorrupt", err)
			}
			return
		}
		for i := range layers {
			for j := range layers[i].Features {
				layers[i].Attrs(&layers[i].Features[j])
			}
		}
		if len(raw) > 1<<12 {
			return // many features may name one long string
		}
		once := encodeAgain(layers)
		again, err := Decode(once)
		if err != nil {
			t.Fatalf("decode what was encoded: %v", err)
		}
		if twice := encodeAgain(again); !bytes.Equal(once, twice) {
			t.Errorf("encoded %x, then %x", once, twice)
		}
	})
}

func Example() {
	var e Encoder
	attrs := AppendAttr(nil, "kind", String("cycleway"))
	line := Tile{Points: []TilePoint{{0, 0}, {4096, 2048}}, Ends: []int{2}}
	raw := e.AppendLayer(nil, "streets", []Feature{{Lines, Attrs(attrs), line}})

	layers, err := Decode(raw)
	if err != nil {
		fmt.Println(err)
		return
	}
	f := layers[0].Features[0]
	fmt.Println(layers[0].Name, layers[0].Attrs(&f), f.Geometry.Part(0))
	// Output: streets map[kind:cycleway] [{0 0} {4096 2048}]
}

// The bytes that FORMAT.md shows.
func TestWorkedBytes(t *testing.T) {
	var e Encoder
	got := e.AppendLayer(nil, "a", []Feature{{Points, "", parts([]TilePoint{{25, 17}})}})
	want := []byte{0x1a, 0x11, 0x0a, 1, 'a', 0x12, 7, 0x18, 1, 0x22, 3, 9, 50, 34, 0x28, 0x80, 0x20, 0x78, 2}
	if !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}
