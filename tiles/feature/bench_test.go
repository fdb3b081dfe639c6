package feature

import (
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// winding returns a route of n points.
func winding(n int) *Feature {
	f := fountain()
	f.Kind, f.Category = Route, "route.bicycle"
	points := make([]cell.Point, n)
	for i := range points {
		points[i] = cell.Point{LonE7: int32(95209000 + 137*i), LatE7: int32(471410000 + i*i%10007)}
	}
	f.Geometry = Along(Line{Points: points})
	return &f
}

func BenchmarkCanonical(b *testing.B) {
	for name, f := range map[string]*Feature{"poi": ptr(fountain()), "route": winding(5000)} {
		b.Run(name, func(b *testing.B) {
			raw, err := f.Canonical()
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.Canonical(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for name, f := range map[string]*Feature{"poi": ptr(fountain()), "route": winding(5000)} {
		b.Run(name, func(b *testing.B) {
			raw, err := f.Canonical()
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }
