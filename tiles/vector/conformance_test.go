package vector

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"
)

// fixture is a tile of @mapbox/mvt-fixtures with what it holds.
type fixture struct {
	name   string
	raw    []byte
	valid  bool // by version 2 of the specification
	what   string
	layers []struct {
		Name     string
		Version  uint32
		Extent   *uint32
		Keys     []string
		Values   []map[string]any
		Features []struct {
			ID       uint64
			Type     GeomType
			Tags     []uint32
			Geometry []uint32
		}
	}
}

// fixtures reads the suite that conformance/package.json names; nothing when it is
// not installed.
func fixtures() (all []fixture) {
	folder := filepath.Join("conformance", "node_modules", "@mapbox", "mvt-fixtures", "fixtures")
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	read := func(fixture, name string) []byte {
		data, err := os.ReadFile(filepath.Join(folder, fixture, name))
		if err != nil {
			panic(err)
		}
		return data
	}
	for _, e := range entries {
		f := fixture{name: e.Name(), raw: read(e.Name(), "tile.mvt")}
		var info struct {
			Description string
			Validity    struct{ V2 bool }
		}
		err := json.Unmarshal(read(f.name, "info.json"), &info)
		if f.valid, f.what = info.Validity.V2, info.Description; err == nil && f.valid { // invalid ones have odd JSON
			err = json.Unmarshal(read(f.name, "tile.json"), &struct{ Layers any }{&f.layers})
		}
		if err != nil {
			panic(f.name + ": " + err.Error())
		}
		all = append(all, f)
	}
	return all
}

// exceptions are where Decode is of another mind than the fixtures, and why.
var exceptions = map[string]string{
	"016": "it has the bytes of 003, a feature without a type, which is invalid",
	"046": "a line that stays in one place is not valid by OGC, but complete; others write such lines",
	"057": "it says 536,870,911 points and has one; by 052 that is invalid",
}

func TestConformance(t *testing.T) {
	all := fixtures()
	if len(all) == 0 {
		t.Skip("needs @mapbox/mvt-fixtures: make tiles/vector/conformance/node_modules")
	}
	if len(all) < 70 {
		t.Fatalf("only %d fixtures", len(all))
	}
	valid := 0
	for _, f := range all {
		t.Run(f.name, func(t *testing.T) {
			layers, err := Decode(f.raw)
			if err != nil && !errors.Is(err, ErrCorrupt) {
				t.Fatalf("%v is not ErrCorrupt", err)
			}
			why, except := exceptions[f.name]
			if (err == nil) != f.valid != except {
				t.Fatalf("%s: valid %v, but %v (exception: %q)", f.what, f.valid, err, why)
			}
			if err == nil && f.valid {
				valid++
				f.compare(t, layers)
			}
		})
	}
	t.Logf("%d fixtures, %d decoded as they say, %d exceptions", len(all), valid, len(exceptions))
}

// compare checks what was decoded against what the fixture says it holds.
func (f *fixture) compare(t *testing.T, layers []Layer) {
	t.Helper()
	if len(layers) != len(f.layers) {
		t.Fatalf("%d layers, want %d", len(layers), len(f.layers))
	}
	for i, want := range f.layers {
		got := &layers[i]
		extent := uint32(4096)
		if want.Extent != nil {
			extent = *want.Extent
		}
		if got.Name != want.Name || got.Extent != extent || len(got.Keys)+len(want.Keys) > 0 && !reflect.DeepEqual(got.Keys, want.Keys) ||
			len(got.Values) != len(want.Values) || len(got.Features) != len(want.Features) {
			t.Fatalf("layer %+v, want %+v", got, want)
		}
		for j, v := range want.Values {
			for kind, value := range v {
				if !sameValue(got.Values[j].Any(), kind, value) {
					t.Errorf("value %v, want %s %v", got.Values[j].Any(), kind, value)
				}
			}
		}
		for j, w := range want.Features {
			g := &got.Features[j]
			if g.ID != w.ID || g.Type != w.Type || len(g.Tags)+len(w.Tags) > 0 && !reflect.DeepEqual(g.Tags, w.Tags) {
				t.Errorf("feature %+v, want %+v", g, w)
			}
			if g.Type == Unknown {
				continue // its geometry is left out
			}
			if stream := numbers(appendGeometry(nil, g.Type, &g.Geometry)); !reflect.DeepEqual(stream, w.Geometry) {
				t.Errorf("geometry %v, want %v", stream, w.Geometry)
			}
		}
	}
}

// sameValue compares a value with JSON's, which has floats only.
func sameValue(got any, kind string, want any) bool {
	switch want := want.(type) {
	case float64:
		switch got := got.(type) {
		case int64:
			return float64(got) == want && kind != "float_value" && kind != "double_value"
		case uint64:
			return float64(got) == want && kind == "uint_value"
		case float64:
			return got == want && kind == "double_value" || float32(got) == float32(want) && kind == "float_value"
		case string: // 076 has a text of digits
			return got == strconv.FormatFloat(want, 'f', -1, 64) && kind == "string_value"
		}
		return false
	}
	return got == want
}

func numbers(raw []byte) (all []uint32) {
	for len(raw) > 0 {
		n, w := binary.Uvarint(raw)
		all, raw = append(all, uint32(n)), raw[w:]
	}
	return all
}
