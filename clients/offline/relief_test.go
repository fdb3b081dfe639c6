package offline_test

import (
	"bytes"
	"errors"
	"image/png"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/relief/contour"
	"github.com/pannier-maps/pannier/tiles/vector"
)

// metres reads a pixel of a PNG as map programs do.
func metres(t *testing.T, data []byte, x, y int) float64 {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	r, g, b, _ := img.At(x, y).RGBA()
	return float64(r>>8)*256 + float64(g>>8) + float64(b>>8)/256 - 32768
}

func TestRelief(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	tile := cell.New(11, 1113, 722)
	if _, err := r.Relief(ctx, tile); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of nothing installed: %v, want ErrNotExist", err)
	}
	install(t, r, 1, town())
	data, err := r.Relief(ctx, tile)
	if err != nil {
		t.Fatal(err)
	}
	if got := metres(t, data, 100, 7); got != 2000 {
		t.Errorf("%v m, want 2000", got)
	}
	for _, absent := range []cell.ID{cell.New(11, 1113, 723), cell.New(12, 2226, 1444), cell.New(18, 1, 1), cell.World} {
		if _, err := r.Relief(ctx, absent); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, want ErrNotExist", absent, err)
		}
	}
	if _, err := r.Relief(ctx, 0); !errors.Is(err, cell.ErrInvalid) {
		t.Errorf("%v", err)
	}
	lines, err := r.Contours(ctx, tile)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := vector.Decode(lines)
	if err != nil || len(layers) != 1 || layers[0].Name != contour.Layer || len(layers[0].Features) != 254 { // 20 m to 5080 m
		t.Errorf("%d layers, %v", len(layers), err)
	}
	if _, err := r.Contours(ctx, cell.New(11, 1114, 722)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want ErrNotExist", err)
	}
	if _, err := r.Contours(ctx, 0); !errors.Is(err, cell.ErrInvalid) {
		t.Errorf("%v", err)
	}
	install(t, r, 2, changed())
	seen := 0
	for each, err := range r.Reliefs(ctx) {
		if err != nil || each.ID != tile || metres(t, each.Data, 100, 7) != 2100 {
			t.Errorf("%s: %v", each.ID, err)
		}
		seen++
	}
	if seen != 1 {
		t.Errorf("%d tiles", seen)
	}

	// Heights that are none.
	bad := changed()
	bad.Other[cell.Key{Layer: cell.Relief, ID: tile}] = cell.AppendItem(nil, cell.TileKey(tile), []byte("flat"))
	install(t, r, 3, bad)
	if _, err := r.Relief(ctx, tile); !errors.Is(err, offline.ErrDamaged) {
		t.Errorf("%v, want ErrDamaged", err)
	}
	if _, err := r.Contours(ctx, tile); !errors.Is(err, offline.ErrDamaged) {
		t.Errorf("%v, want ErrDamaged", err)
	}
}

// TestPartWithoutRelief leaves heights out, gets them, and drops them again.
func TestPartWithoutRelief(t *testing.T) {
	v := newValley(t)
	tile := square(3)
	v.content.Other[cell.Key{Layer: cell.Relief, ID: tile}] = slope(tile, 4)
	v.publish()
	flat := &cover.Selection{Layers: []cell.Layer{cell.Features, cell.Graph, cell.Tiles, cell.Media, cell.Assets}}
	r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	for _, step := range []struct {
		selection *cover.Selection
		metres    float64 // of a pixel; 0: not there
	}{{flat, 0}, {&cover.Selection{}, 40}, {flat, 0}, {along(3, 4), 40}, {along(6, 7), 0}} {
		v.pull(r, step.selection)
		v.check(r, step.selection)
		data, err := r.Relief(ctx, tile)
		switch {
		case step.metres == 0 && !errors.Is(err, fs.ErrNotExist):
			t.Errorf("left out, they are there: %v", err)
		case step.metres > 0 && err != nil:
			t.Error(err)
		case step.metres > 0 && metres(t, data, 10, 0) != step.metres:
			t.Errorf("%v m", metres(t, data, 10, 0))
		}
	}
	// A slope that changes comes by delta.
	all := &cover.Selection{}
	v.pull(r, all)
	v.content.Other[cell.Key{Layer: cell.Relief, ID: tile}] = slope(tile, 5)
	v.publish()
	if n := v.pull(r, all); n > 6000 {
		t.Errorf("another slope took %d bytes", n)
	}
	v.check(r, all)
}
