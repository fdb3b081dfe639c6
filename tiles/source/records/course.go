package records

import (
	"strconv"

	"github.com/pannier-maps/pannier/tiles/feature"
)

// Course returns the geometry of a route of these lines, without those of a
// single point, or no geometry. Heights that only some points have go.
func Course(lines []feature.Line) feature.Geometry {
	var whole []feature.Line
	for _, l := range lines {
		if len(l.Points) < 2 {
			continue
		}
		if len(l.Heights) != len(l.Points) {
			l.Heights = nil
		}
		whole = append(whole, l)
	}
	return feature.Along(whole...)
}

// Distance returns the kilometres along a geometry's lines, with one decimal.
func Distance(g feature.Geometry) string {
	metres := 0.0
	for _, l := range g.Lines {
		metres += feature.Length(l.Points)
	}
	return strconv.FormatFloat(metres/1000, 'f', 1, 64)
}
