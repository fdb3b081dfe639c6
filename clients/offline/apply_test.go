package offline_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/clients/offline/offlinetest"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/relief"
)

var ctx = context.Background()

// town is a small content with every layer.
func town() offlinetest.Content {
	route := offlinetest.POI("osm/relation/9", "route.bicycle", 0, 0, "und", "Drauradweg", "sl", "Dravska kolesarska pot")
	route.Kind = feature.Route
	route.Details = map[string]string{"ref": "R1"}
	route.Geometry = feature.Along(feature.Line{Points: []cell.Point{
		{LonE7: 150000000, LatE7: 465600000}, {LonE7: 156000000, LatE7: 465500000}, {LonE7: 158700000, LatE7: 464200000},
	}})
	return offlinetest.Content{
		Features: []*feature.Feature{
			offlinetest.POI("osm/node/1", "food.restaurant", 15.6459, 46.5547, "und", "Gostilna pri Đurđici"),
			offlinetest.POI("osm/node/2", "food.cafe", 15.6480, 46.5580, "und", "Čaj in Žganje", "de", "Café Süß"),
			offlinetest.POI("osm/node/3", "cycling.repair", 15.6600, 46.5600, "und", "Kerékpárszerviz Győr"),
			offlinetest.POI("osm/node/4", "food.restaurant", 15.8700, 46.4200, "und", "Gasthof Weiße Straße"),
			route,
		},
		Tiles: map[cell.ID][]byte{
			cell.New(0, 0, 0):         bytes.Repeat([]byte("world"), 100),
			cell.New(6, 34, 22):       []byte("six"),
			cell.New(10, 556, 360):    []byte("ten"),
			cell.New(14, 8904, 5779):  bytes.Repeat([]byte("fourteen"), 300),
			cell.New(14, 8905, 5779):  []byte("neighbour"),
			cell.New(11, 1113, 722):   []byte("eleven"),
			cell.New(14, 16383, 1000): []byte("edge"),
		},
		Other: map[cell.Key][]byte{
			{Layer: cell.Graph, ID: cell.New(11, 1113, 722)}:  bytes.Repeat([]byte("edge and node "), 50),
			{Layer: cell.Media, ID: cell.World}:               []byte("a photo"),
			{Layer: cell.Relief, ID: cell.New(11, 1113, 722)}: slope(cell.New(11, 1113, 722), 20),
		},
	}
}

// slope is a cell of heights with one tile, which rises eastwards by so many metres
// a pixel.
func slope(tile cell.ID, metres int32) []byte {
	var heights [relief.Side * relief.Side]int32
	for i := range heights {
		heights[i] = int32(i%relief.Side) * metres * relief.Unit
	}
	return cell.AppendItem(nil, cell.TileKey(tile), relief.Encode(&heights, tile.Zoom()))
}

// changed is town a version later: a record edited, one moved to another cell,
// one gone; a tile changed and a cell of tiles gone; another slope.
func changed() offlinetest.Content {
	c := town()
	c.Features[0].OpeningHours = "Mo-Fr 10:00-22:00"
	c.Features[2].Geometry = feature.At(cell.Point{LonE7: 140000000, LatE7: 461000000})
	c.Features = slices.Delete(c.Features, 3, 4)
	c.Tiles[cell.New(14, 8905, 5779)] = []byte("neighbour, rebuilt")
	delete(c.Tiles, cell.New(14, 16383, 1000))
	c.Other[cell.Key{Layer: cell.Relief, ID: cell.New(11, 1113, 722)}] = slope(cell.New(11, 1113, 722), 21)
	return c
}

func open(tb testing.TB, path string) *offline.Region {
	tb.Helper()
	r, err := offline.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { r.Close() })
	return r
}

func state(tb testing.TB, r *offline.Region) pull.State {
	tb.Helper()
	s, err := r.State(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func install(tb testing.TB, r *offline.Region, number uint64, c offlinetest.Content) pull.Version {
	tb.Helper()
	was, err := r.State(ctx)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		tb.Fatal(err)
	}
	next := offlinetest.Version(tb, "drava", number, c, was)
	if err := r.Apply(ctx, next); err != nil {
		tb.Fatal(err)
	}
	return next
}

// sameCells checks that the region rebuilds each cell of content.
func sameCells(t *testing.T, r *offline.Region, c offlinetest.Content) {
	t.Helper()
	samePart(t, r, c, cover.Selection{})
}

// samePart is sameCells for a region that holds a part.
func samePart(t *testing.T, r *offline.Region, c offlinetest.Content, part cover.Selection) {
	t.Helper()
	held := part.Cover()
	for key, want := range c.Cells(t) {
		if !held.Holds(key) {
			continue
		}
		if got, err := r.Cell(ctx, key); err != nil || !bytes.Equal(got, want) {
			t.Errorf("cell %s: %d bytes, %v, want %d bytes", key, len(got), err, len(want))
		}
	}
	if err := r.Verify(ctx, nil); err != nil {
		t.Errorf("Verify: %v", err)
	}
}

func TestApply(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b%c#?.mbtiles")
	r := open(t, path)
	if _, err := r.State(ctx); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("State of an empty region: %v, want fs.ErrNotExist", err)
	}
	first := install(t, r, 1, town())
	sameCells(t, r, town())
	if got := state(t, r); string(got.HeadNote) != string(first.HeadNote) || !reflect.DeepEqual(got.Origin, first.Origin) || !bytes.Equal(got.Manifest, first.Manifest) {
		t.Errorf("State = %v, want %v", got, first.State)
	}
	install(t, r, 2, changed())
	sameCells(t, r, changed())
	if _, err := r.Cell(ctx, cell.Key{Layer: cell.Tiles, ID: cell.New(11, 2047, 125)}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed cell: %v, want fs.ErrNotExist", err)
	}
	if _, err := r.Feature(ctx, "osm/node/4"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed feature: %v, want fs.ErrNotExist", err)
	}
	tile, err := r.Tile(ctx, cell.New(14, 8905, 5779))
	if err != nil || string(tile) != "neighbour, rebuilt" {
		t.Errorf("Tile = %q, %v", tile, err)
	}
	install(t, r, 3, town())
	sameCells(t, r, town())
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(left) != 1 {
		t.Errorf("after Close there are %q, want one file", left)
	}
}

func TestApplyAgainWritesDamagedCells(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	next := install(t, r, 1, town())
	damage(t, r.Path(), `UPDATE tiles SET tile_data = x'00' WHERE zoom_level = 11`)
	if err := r.Verify(ctx, nil); !errors.Is(err, offline.ErrDamaged) {
		t.Fatalf("Verify: %v, want ErrDamaged", err)
	}
	next.Changed = offlinetest.Changed(town().Cells(t), cell.Key{Layer: cell.Tiles, ID: cell.New(11, 1113, 722)})
	if err := r.Apply(ctx, next); err != nil {
		t.Fatal(err)
	}
	sameCells(t, r, town())
}

func TestApplyRefuses(t *testing.T) {
	cells := changed().Cells(t)
	var keys []cell.Key
	for c := range offlinetest.Version(t, "drava", 2, changed(), first(t)).Changed {
		keys = append(keys, c.Key)
	}
	yields := func(edit func([]pull.ChangedCell) []pull.ChangedCell) iter.Seq2[pull.ChangedCell, error] {
		var all []pull.ChangedCell
		for _, key := range keys {
			all = append(all, pull.ChangedCell{Key: key, Raw: cells[key]})
		}
		all = edit(all)
		return func(yield func(pull.ChangedCell, error) bool) {
			for _, c := range all {
				if !yield(c, nil) {
					return
				}
			}
		}
	}
	broken := errors.New("the network went away")
	tests := []struct {
		name    string
		changed iter.Seq2[pull.ChangedCell, error]
		want    string
	}{
		{"first missing", yields(func(c []pull.ChangedCell) []pull.ChangedCell { return c[1:] }), "is missing"},
		{"last missing", yields(func(c []pull.ChangedCell) []pull.ChangedCell { return c[:len(c)-1] }), "is missing"},
		{"all missing", yields(func(c []pull.ChangedCell) []pull.ChangedCell { return nil }), "is missing"},
		{"stranger", yields(func(c []pull.ChangedCell) []pull.ChangedCell {
			return slices.Insert(c, 1, pull.ChangedCell{Key: cell.Key{Layer: cell.Features, ID: cell.New(11, 9, 9)}})
		}), "not part of the version"},
		{"old content", yields(func(c []pull.ChangedCell) []pull.ChangedCell {
			c[0].Raw = town().Cells(t)[c[0].Key]
			return c
		}), "holds"},
		{"garbage", yields(func(c []pull.ChangedCell) []pull.ChangedCell {
			c[0].Raw = []byte("garbage")
			return c
		}), "corrupt cell"},
		{"breaks off", func(yield func(pull.ChangedCell, error) bool) { yield(pull.ChangedCell{}, broken) }, broken.Error()},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
			install(t, r, 1, town())
			next := offlinetest.Version(t, "drava", 2, changed(), state(t, r))
			next.Changed = test.changed
			if err := r.Apply(ctx, next); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Apply: %v, want %q", err, test.want)
			}
			sameCells(t, r, town())
		})
	}
}

// first returns the state of town installed as version 1.
func first(t *testing.T) pull.State {
	return offlinetest.Version(t, "drava", 1, town(), pull.State{}).State
}

func TestApplyWhileReading(t *testing.T) {
	path := filepath.Join(t.TempDir(), "drava.mbtiles")
	r := open(t, path)
	install(t, r, 1, town())
	reader, err := offline.OpenReadOnly(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	next := offlinetest.Version(t, "drava", 2, changed(), state(t, r))
	cells := next.Changed
	next.Changed = func(yield func(pull.ChangedCell, error) bool) {
		for c, err := range cells {
			for _, reads := range []*offline.Region{r, reader} {
				old, err := reads.Cell(ctx, c.Key)
				if want := town().Cells(t)[c.Key]; want != nil && !bytes.Equal(old, want) {
					t.Errorf("cell %s during Apply: %d bytes, %v; want the old content", c.Key, len(old), err)
				}
			}
			if !yield(c, err) {
				return
			}
		}
	}
	if err := r.Apply(ctx, next); err != nil {
		t.Fatal(err)
	}
	sameCells(t, reader, changed())
	if err := reader.Apply(ctx, next); !errors.Is(err, offline.ErrReadOnly) {
		t.Errorf("Apply on a reader: %v", err)
	}
}

// TestApplyLetsGo checks that a failed Apply has done with the cells when it
// returns, so that the caller may close what they are read from.
func TestApplyLetsGo(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	next := offlinetest.Version(t, "drava", 1, town(), pull.State{})
	var ranging atomic.Bool
	next.Changed = func(yield func(pull.ChangedCell, error) bool) {
		ranging.Store(true)
		defer ranging.Store(false)
		for yield(pull.ChangedCell{Key: cell.Key{Layer: cell.Media, ID: 7}}, nil) {
			time.Sleep(time.Millisecond)
		}
	}
	if err := r.Apply(ctx, next); err == nil {
		t.Error("Apply took an endless version")
	}
	if ranging.Load() {
		t.Error("Apply returned while the cells were still being read")
	}
}

func TestRefresh(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	install(t, r, 1, town())
	again := offlinetest.Version(t, "drava", 2, town(), pull.State{})
	if err := r.Refresh(ctx, again.Origin.Roots, again.HeadNote); err != nil {
		t.Fatal(err)
	}
	if h, err := r.Head(ctx); err != nil || h.Version != 2 {
		t.Errorf("Head = %v, %v, want version 2", h, err)
	}
	other := offlinetest.Version(t, "drava", 3, changed(), pull.State{})
	if err := r.Refresh(ctx, other.Origin.Roots, other.HeadNote); err == nil {
		t.Error("Refresh took the head of another content")
	}
	sameCells(t, r, town())
}

func TestReadOnlyMedium(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "drava.mbtiles")
	r := open(t, path)
	install(t, r, 1, town())
	install(t, r, 2, changed())
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{path: 0o400, dir: 0o500} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	defer os.Chmod(dir, 0o700)
	reader, err := offline.OpenReadOnly(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	sameCells(t, reader, changed())
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := offline.OpenReadOnly(filepath.Join(dir, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent file: %v", err)
	}
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, bytes.Repeat([]byte("not a database "), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := offline.OpenReadOnly(text); !errors.Is(err, offline.ErrDamaged) {
		t.Errorf("text file: %v", err)
	}
	if _, err := offline.Open(text); !errors.Is(err, offline.ErrDamaged) {
		t.Errorf("text file: %v", err)
	}
	foreign := filepath.Join(dir, "foreign")
	damage(t, foreign, `CREATE TABLE t (x)`)
	if _, err := offline.Open(foreign); !errors.Is(err, offline.ErrForeign) {
		t.Errorf("foreign file: %v", err)
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "drava.lock")
	l, err := offline.TakeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := offline.TakeLock(path); !errors.Is(err, offline.ErrLocked) {
		t.Errorf("second lock: %v, want ErrLocked", err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if l, err = offline.TakeLock(path); err != nil {
		t.Fatal(err)
	}
	l.Release()
}

func TestItemsAndAttribution(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	install(t, r, 1, town())
	var tiles, features int
	for tile, err := range r.Tiles(ctx) {
		if err != nil || !bytes.Equal(tile.Data, town().Tiles[tile.ID]) {
			t.Errorf("tile %s: %d bytes, %v", tile.ID, len(tile.Data), err)
		}
		tiles++
	}
	for f, err := range r.Features(ctx) {
		if err != nil || f.ID == "" {
			t.Errorf("feature %v, %v", f, err)
		}
		features++
	}
	if tiles != len(town().Tiles) || features != len(town().Features) {
		t.Errorf("%d tiles and %d features, want %d and %d", tiles, features, len(town().Tiles), len(town().Features))
	}
	if got, err := r.Attribution(ctx); got != "© OpenStreetMap contributors (ODbL-1.0)" || err != nil {
		t.Errorf("Attribution = %q, %v", got, err)
	}
	if h, err := r.Head(ctx); err != nil || h.Manifest != blob.Sum(state(t, r).Manifest) {
		t.Errorf("Head = %v, %v", h, err)
	}
}
