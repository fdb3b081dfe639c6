package main

import (
	"fmt"
	"slices"

	"github.com/pannier-maps/pannier/tiles/feature"
)

// profileWidth is how many characters a profile is drawn with at most.
const profileWidth = 40

// bars rise from the lowest height to the highest.
var bars = []rune("▁▂▃▄▅▆▇█")

// profile draws heights along a route as one line of bars, each the highest of
// its part of the way.
func profile(p *feature.HeightProfile) string {
	low, high := slices.Min(p.Heights), slices.Max(p.Heights)
	width := min(profileWidth, len(p.Heights))
	line := make([]rune, width)
	for i := range line {
		top := slices.Max(p.Heights[i*len(p.Heights)/width : (i+1)*len(p.Heights)/width])
		line[i] = bars[int64(top-low)*int64(len(bars)-1)/int64(max(1, high-low))]
	}
	return fmt.Sprintf("%s %.0f to %.0f m", string(line), float64(low)/10, float64(high)/10)
}
