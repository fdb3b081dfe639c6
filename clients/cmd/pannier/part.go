package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/gpx"
	"github.com/pannier-maps/pannier/tiles/source/records"
)

// part is what the flags say about which part of a region to hold. What they do
// not mention stays as it is.
type part struct {
	along    []string
	km       float64
	boxes    []string
	layers   []string
	noMedia  bool
	noRelief bool
	all      bool
}

func (p *part) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&p.along, "along", nil, "hold only what lies near the routes of a GPX file")
	f.Float64Var(&p.km, "km", 5, "how near, in kilometres, with --along")
	f.StringArrayVar(&p.boxes, "bbox", nil, "hold only what lies in W,S,E,N (degrees)")
	f.StringSliceVar(&p.layers, "layers", nil, "hold only these layers: "+strings.Join(layerNames(), ", "))
	f.BoolVar(&p.noMedia, "no-media", false, "hold no photos")
	f.BoolVar(&p.noRelief, "no-relief", false, "hold no heights of the ground, so that hills are not shaded")
	f.BoolVar(&p.all, "all", false, "hold everything again (with --layers, --no-media or --no-relief: everywhere)")
}

func layerNames() (names []string) {
	for _, l := range cover.Layers() {
		names = append(names, l.String())
	}
	return names
}

// selection applies the flags to what a device holds. It returns nil when they
// say nothing.
func (p *part) selection(now cover.Selection) (*cover.Selection, error) {
	if len(p.along) == 0 && len(p.boxes) == 0 && len(p.layers) == 0 && !p.noMedia && !p.noRelief && !p.all {
		return nil, nil
	}
	if p.all {
		if len(p.along) > 0 || len(p.boxes) > 0 {
			return nil, errors.New("--all means everywhere; leave out --along and --bbox")
		}
		now = cover.Selection{}
	}
	s := cover.Selection{Layers: now.Layers, Boxes: now.Boxes, Lines: now.Lines, Meters: now.Meters}
	if len(p.along) > 0 || len(p.boxes) > 0 {
		var lines [][]cell.Point
		for _, file := range p.along {
			more, err := readRoute(file)
			if err != nil {
				return nil, fmt.Errorf("--along %s: %w", file, err)
			}
			lines = append(lines, more...)
		}
		if !(p.km > 0 && p.km*1000 <= cover.MaxMeters) {
			return nil, fmt.Errorf("--km %v: write a distance of up to %d km", p.km, cover.MaxMeters/1000)
		}
		along := cover.Along(int(math.Round(p.km*1000)), lines...)
		if s.Boxes, s.Lines, s.Meters = nil, along.Lines, along.Meters; len(lines) == 0 {
			s.Meters = 0
		}
		for _, text := range p.boxes {
			box, err := parseBox(text)
			if err != nil {
				return nil, err
			}
			s.Boxes = append(s.Boxes, box)
		}
	}
	if len(p.layers) > 0 {
		s.Layers = nil
		for _, name := range p.layers {
			l, err := cover.ParseLayer(strings.TrimSpace(name))
			if err != nil {
				return nil, fmt.Errorf("--layers: %w; there are %s", err, strings.Join(layerNames(), ", "))
			}
			s.Layers = append(s.Layers, l)
		}
		slices.Sort(s.Layers)
		s.Layers = slices.Compact(s.Layers)
	}
	for _, without := range []struct {
		flag  string
		given bool
		layer cell.Layer
	}{{"--no-media", p.noMedia, cell.Media}, {"--no-relief", p.noRelief, cell.Relief}} {
		if !without.given {
			continue
		}
		if len(s.Layers) == 0 {
			s.Layers = cover.Layers()
		}
		s.Layers = slices.DeleteFunc(slices.Clone(s.Layers), func(l cell.Layer) bool { return l == without.layer })
		if len(s.Layers) == 0 {
			return nil, fmt.Errorf("%s leaves no layer to hold", without.flag)
		}
	}
	if slices.Equal(s.Layers, cover.Layers()) {
		s.Layers = nil
	}
	return &s, s.Validate()
}

// chosenPart applies the flags to what is installed in a file, if anything is.
func (a *app) chosenPart(ctx context.Context, region string, p part) (*cover.Selection, error) {
	var now cover.Selection
	if r, err := offline.OpenReadOnly(a.path(region)); err == nil {
		if s, err := r.State(ctx); err == nil {
			now = s.Selection
		}
		r.Close()
	}
	return p.selection(now)
}

// readRoute reads the lines of a GPX file: of its tracks and routes, or else its
// waypoints.
func readRoute(path string) (lines [][]cell.Point, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	file, err := gpx.Read(f, records.Options{Source: "along", Provider: "along", Licence: "none"})
	if err != nil {
		return nil, err
	}
	for _, kind := range []feature.Kind{feature.Route, feature.POI} {
		for _, item := range file.Items {
			if item.Feature.Kind != kind {
				continue
			}
			for _, l := range item.Feature.Geometry.Lines {
				lines = append(lines, l.Points)
			}
		}
		if len(lines) > 0 {
			return lines, nil
		}
	}
	return nil, gpx.ErrEmpty
}

// parseBox reads "W,S,E,N" in degrees.
func parseBox(text string) (b cover.Box, err error) {
	parts := strings.Split(text, ",")
	var e7 [4]int32
	ok := len(parts) == 4
	for i := 0; ok && i < 4; i++ {
		v, err := strconv.ParseFloat(strings.TrimSpace(parts[i]), 64)
		ok = err == nil && math.Abs(v) <= []float64{180, 90}[i%2]
		e7[i] = int32(math.Round(v * 1e7))
	}
	if !ok || e7[1] > e7[3] {
		return b, fmt.Errorf("--bbox %q is no box: write W,S,E,N in degrees, such as 9.47,47.04,9.64,47.28", strings.TrimSpace(text))
	}
	return cover.Box{West: e7[0], South: e7[1], East: e7[2], North: e7[3]}, nil
}

// partWords says which part of a region a selection is.
func partWords(s cover.Selection) string {
	layers := "all layers"
	if len(s.Layers) > 0 {
		var names []string
		for _, l := range s.Layers {
			names = append(names, l.String())
		}
		layers = strings.Join(names, ", ")
	}
	var areas []string
	if n := len(s.Lines); n > 0 {
		areas = append(areas, fmt.Sprintf("within %s of %s", distance(float64(s.Meters)), counted(n, "line", "lines")))
	}
	if n := len(s.Boxes); n > 0 {
		areas = append(areas, "in "+counted(n, "box", "boxes"))
	}
	if len(areas) > 0 {
		return layers + " " + strings.Join(areas, " and ")
	}
	return layers
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
