package schema

import "math"

// areaField is the field that holds an element's area.
const areaField = "way_area"

// soonerZooms gives the first zoom of labels of areas of so many square metres.
var soonerZooms = []struct {
	area float64
	zoom uint8
}{{2e12, 2}, {7e11, 3}, {1e11, 4}, {0, 5}}

// hectare is the unit, in square metres, in which areas on the ground are given.
const hectare = 1e4

// Measure completes a Draw that has a Size with the element's area: the field
// way_area, the rank of a label, larger areas first, and for boundary_labels the
// first zoom.
func Measure(d *Draw, area float64) {
	unit := 1.0
	switch d.Size {
	case Unsized:
		return
	case GroundSize:
		unit = hectare
		for _, z := range soonerZooms {
			if area >= z.area {
				d.MinZoom = max(d.MinZoom, z.zoom)
				break
			}
		}
	}
	if d.Shape == LabelPoint {
		// The bits of numbers above zero are in the order of the numbers.
		d.Rank = -int32(math.Float32bits(float32(area)))
	}
	d.Attrs = append(d.Attrs, Attr{areaField, number(int64(math.Round(area / unit)))})
	sortAttrs(d.Attrs)
}
