package archive

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestBasemap(t *testing.T) {
	m := Metadata{
		Name: "  Ponds\xff", Description: strings.Repeat("ä", maxText), Attribution: "in the manifest", Version: "7", Type: Overlay, MinZoom: 2, MaxZoom: 9,
		VectorLayers: json.RawMessage(`[{"id":"water","fields":{"name":"String"},"minzoom":3,"maxzoom":9,"description":"wet"}]`),
	}
	data, err := EncodeBasemap(m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseBasemap(data)
	want := Metadata{Name: "Ponds\ufffd", Description: strings.Repeat("ä", maxText/2), Type: Overlay, MinZoom: 2, MaxZoom: 9}
	want.VectorLayers = json.RawMessage(`[{"id":"water","description":"wet","fields":{"name":"String"},"minzoom":3,"maxzoom":9}]`)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	if _, err := ParseBasemap([]byte(`[]`)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("%v, want ErrCorrupt", err)
	}
}

// FuzzBasemap checks that what can be read is written and read the same.
func FuzzBasemap(f *testing.F) {
	f.Add([]byte(`{"maxzoom":14,"minzoom":0,"name":"Ponds","type":"baselayer","vector_layers":[{"fields":{},"id":"water","maxzoom":14,"minzoom":0}]}`))
	f.Add([]byte(`{"vector_layers":7}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseBasemap(data)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("%v, want ErrCorrupt", err)
			}
			return
		}
		again, err := EncodeBasemap(m)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := ParseBasemap(again); err != nil || !reflect.DeepEqual(n, m) {
			t.Errorf("%+v became %+v, %v", m, n, err)
		}
	})
}
