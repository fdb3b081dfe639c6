package mvt_test

import (
	"fmt"

	"github.com/pannier-maps/pannier/sync/delta/mvt"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// The worked example of FORMAT.md.
func Example() {
	f := vector.Feature{Type: vector.Points, Attrs: vector.Attrs(vector.AppendAttr(nil, "kind", vector.String("x")))}
	f.Geometry.Points = []vector.TilePoint{{X: 25, Y: 17}}
	f.Geometry.Close()
	var e vector.Encoder
	raw := cell.AppendItem(nil, cell.TileKey(cell.World), e.AppendLayer(nil, "a", []vector.Feature{f}))
	form, err := mvt.New(raw)
	fmt.Printf("% x %v\n", form.Bytes, err)
	again, err := form.Fold([]byte("\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x01\x01\x01\x01\x00\x00\x01\x80\x19\x80\x11\x00\x00\x00"), len(raw))
	fmt.Println(string(again) == string(raw), err)
	// Output:
	// 01 01 61 01 04 6b 69 6e 64 01 03 0a 01 78 08 00 00 00 00 00 00 00 01 01 01 01 00 00 01 80 19 80 11 00 00 00 <nil>
	// true <nil>
}
