package offline

import (
	"bytes"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// FuzzTiles checks that the rows of whatever can be read as a cell of tiles give
// its bytes again.
func FuzzTiles(f *testing.F) {
	f.Add(cell.AppendItem(nil, cell.TileKey(cell.World), []byte("\x1a\x07\x0a\x05water")))
	f.Add(cell.AppendItem(cell.AppendItem(nil, cell.TileKey(cell.World), nil), cell.TileKey(cell.New(6, 1, 2)), []byte("x")))
	f.Add([]byte{8, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		rows, _, err := packTiles(cell.World, raw)
		if err != nil {
			return
		}
		var again []byte
		for _, row := range rows {
			tile, err := unzip(row.data)
			if err != nil {
				t.Fatal(err)
			}
			z, x := row.id.Zoom(), row.id.X()
			again = cell.AppendItem(again, cell.TileKey(ofRow(z, x, tmsRow(row.id))), tile)
		}
		if !bytes.Equal(again, raw) {
			t.Errorf("%x became %x", raw, again)
		}
	})
}

// FuzzFeatures does the same for cells of features.
func FuzzFeatures(f *testing.F) {
	f.Add(cell.AppendItem(nil, []byte("a"), []byte(`{"id":"a","names":{"und":"Đurđevac"}}`)))
	f.Add(cell.AppendItem(nil, []byte("b"), []byte(`{"id":"b","geometry":{"coordinates":[15.5,46.5],"type":"Point"}}`)))
	f.Add([]byte{1, 'a', 2, '{', '}'})
	f.Fuzz(func(t *testing.T, raw []byte) {
		rows, err := packFeatures(raw)
		if err != nil {
			return
		}
		var again []byte
		for _, row := range rows {
			record, err := unpackRecord(row.record)
			if err != nil {
				t.Fatal(err)
			}
			again = cell.AppendItem(again, []byte(row.id), record)
		}
		if !bytes.Equal(again, raw) {
			t.Errorf("%x became %x", raw, again)
		}
	})
}
