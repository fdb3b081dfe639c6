package archive

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestLongNames bounds what a list keeps of a small archive with large names.
func TestLongNames(t *testing.T) {
	good, long := strings.Repeat("n", MaxName), strings.Repeat("n", MaxName+1)
	list := fmt.Sprintf(`[{"id":%q,"fields":{%q:"String",%q:"Number"},"description":%q},{"id":%q,"fields":{}}]`,
		good, good, long, strings.Repeat("d", maxText+1), long)
	v := ParseLayers([]byte(list))
	l := v[good]
	if len(v) != 1 || l == nil || len(l.Fields) != 1 || l.Fields[good] != "String" || len(l.Description) != maxText {
		t.Errorf("of %d layers: %+v", len(v), l)
	}
	m := Metadata{VectorLayers: json.RawMessage(list)}
	if m.Clean(); len(m.VectorLayers) > 2*MaxName+maxText+100 {
		t.Errorf("%d bytes of layers are kept", len(m.VectorLayers))
	}
}

// FuzzLayers checks that no tile, however broken, stops the scan, and that what it
// finds can be written and read.
func FuzzLayers(f *testing.F) {
	f.Add([]byte("\x1a\x07\x0a\x05water"))
	f.Add([]byte("\x1a\x15\x0a\x01w\x12\x04\x12\x02\x00\x00\x1a\x01k\x22\x03\x0a\x01v\x28\x01"))
	f.Add([]byte("\x1a\xff\xff\xff\xff\x0f"))
	f.Fuzz(func(t *testing.T, tile []byte) {
		v := Layers{}
		v.Scan(3, tile)
		list, err := v.List()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseLayers(list).List(); err != nil || string(again) != string(list) {
			t.Errorf("%s became %s, %v", list, again, err)
		}
	})
}

// FuzzParseLayers checks that any list, written again, stays as it is.
func FuzzParseLayers(f *testing.F) {
	f.Add([]byte(`[{"id":"a","fields":{"b":"Number","c":7},"minzoom":3,"maxzoom":"x"},{"id":"d"},5]`))
	f.Fuzz(func(t *testing.T, list []byte) {
		once, err := ParseLayers(list).List()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseLayers(once).List(); err != nil || string(again) != string(once) {
			t.Errorf("%s became %s, %v", once, again, err)
		}
	})
}
