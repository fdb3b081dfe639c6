package schema

import (
	"slices"
	"testing"
)

func TestMeasure(t *testing.T) {
	country := relation("boundary=administrative admin_level=2 name=a")
	state := relation("boundary=administrative admin_level=4 name=b")
	lake := relation("natural=water name=c")
	tests := []struct {
		name    string
		subject Subject
		draw    int
		area    float64
		want    string
	}{
		{"giant", country, 0, 9.8e12, "boundary_labels label z2-14 admin_level=2 name=a way_area=980000000"},
		{"great country", country, 0, 8e11, "boundary_labels label z3-14 admin_level=2 name=a way_area=80000000"},
		{"country", country, 0, 3.5e11, "boundary_labels label z4-14 admin_level=2 name=a way_area=35000000"},
		{"small country", country, 0, 1.6e8, "boundary_labels label z5-14 admin_level=2 name=a way_area=16000"},
		{"great state", state, 0, 2.5e12, "boundary_labels label z3-14 admin_level=4 name=b way_area=250000000"},
		{"state", state, 0, 7e10, "boundary_labels label z5-14 admin_level=4 name=b way_area=7000000"},
		{"lake", lake, 0, 1450.6, "water_polygons polygon z4-14 kind=water way_area=1451"},
		{"lake's name", lake, 1, 1450.6, "water_polygons_labels label z4-13 kind=water name=c way_area=1451"},
		{"no area", way("highway=path"), 0, 5, "streets line z13-14 kind=path"},
	}
	for _, test := range tests {
		d := Classify(test.subject, nil, nil)[test.draw]
		Measure(&d, test.area)
		if got := show(d); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
		at := slices.IndexFunc(Layers, func(l Layer) bool { return l.Name == d.Layer })
		if (Layers[at].Fields[areaField] == "Number") != (d.Size != Unsized) || d.MinZoom < Layers[at].MinZoom {
			t.Errorf("%s: layer %+v does not have it", test.name, Layers[at])
		}
	}
	last := int32(-1 << 31)
	for _, area := range []float64{5e14, 1e12, 1e12 - 1e6, 4000, 3999, 1, 0} {
		d := Classify(lake, nil, nil)[1]
		if Measure(&d, area); d.Rank <= last {
			t.Errorf("an area of %g has rank %d, after %d", area, d.Rank, last)
		}
		last = d.Rank
	}
}
