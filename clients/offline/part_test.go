package offline_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/clients/offline/offlinetest"
	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// valley is a region of a row of squares, in each of which are places, tiles and
// a photo, with a server that counts what it sends.
type valley struct {
	t         *testing.T
	random    *rand.Rand
	content   offlinetest.Content
	publisher *publish.Publisher
	ledger    *sitetest.Ledger
	server    *httptest.Server
	sent      atomic.Int64 // bytes of bodies
}

const columns = 8

// square returns the z11 square of a column; all lie in one z7 square.
func square(column int) cell.ID { return cell.New(11, 1104+uint32(column), 722) }

func middle(column int) cell.Point {
	w, s, e, n := square(column).Bounds()
	return cell.Point{LonE7: int32((w + e) / 2 * 1e7), LatE7: int32((s + n) / 2 * 1e7)}
}

func newValley(t *testing.T) *valley {
	objects := sitetest.NewObjects()
	v := &valley{t: t, random: rand.New(rand.NewPCG(5, 6)), ledger: sitetest.NewLedger(t, "drava")}
	v.publisher = &publish.Publisher{Objects: objects, Ledger: v.ledger}
	v.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		objects.ServeHTTP(sending{w, &v.sent}, r)
	}))
	t.Cleanup(v.server.Close)
	v.content = offlinetest.Content{
		Tiles: map[cell.ID][]byte{cell.World: []byte("world"), square(0).Ancestor(8): []byte("eight")},
		Other: map[cell.Key][]byte{},
	}
	for column := range columns {
		for range 10 {
			v.addPlace(column)
		}
		v.redraw(column)
		v.content.Other[cell.Key{Layer: cell.Media, ID: square(column)}] = v.noise(5000)
	}
	v.publish()
	return v
}

type sending struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (s sending) Write(p []byte) (int, error) {
	n, err := s.ResponseWriter.Write(p)
	s.n.Add(int64(n))
	return n, err
}

func (v *valley) noise(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(v.random.Uint32())
	}
	return b
}

func (v *valley) addPlace(column int) {
	p := middle(column)
	id := fmt.Sprintf("osm/node/%d", len(v.content.Features)+1)
	v.content.Features = append(v.content.Features,
		offlinetest.POI(id, "water.drinking", float64(p.LonE7)/1e7+v.random.Float64()/50, float64(p.LatE7)/1e7, "und", fmt.Sprint("Well ", v.random.Uint32())))
}

func (v *valley) redraw(column int) {
	v.content.Tiles[square(column)<<6] = v.noise(30_000)
}

// edit changes places and tiles at random: also ones that move to another cell.
func (v *valley) edit() {
	for range 3 {
		v.addPlace(v.random.IntN(columns))
		f := *v.content.Features[v.random.IntN(len(v.content.Features))]
		f.OpeningHours = fmt.Sprintf("Mo-Fr %02d:00-20:00", v.random.IntN(20))
		if v.random.IntN(2) == 0 {
			f.Geometry = feature.At(middle(v.random.IntN(columns)))
		}
		v.content.Features[indexOf(v.content.Features, f.ID)] = &f
	}
	v.redraw(v.random.IntN(columns))
}

func indexOf(features []*feature.Feature, id string) int {
	for i, f := range features {
		if f.ID == id {
			return i
		}
	}
	return -1
}

func (v *valley) publish() {
	v.t.Helper()
	content := sitetest.Content(v.content.Cells(v.t))
	content.Meta.Region, content.Meta.Name = "drava", "Drava"
	if _, err := v.publisher.Publish(ctx, v.ledger.Region, content, publish.Note{Message: "m"}); err != nil {
		v.t.Fatal(err)
	}
}

// pull brings a device to the current version and returns the bytes it took.
func (v *valley) pull(r *offline.Region, s *cover.Selection) int64 {
	v.t.Helper()
	c := pull.NewClient(v.server.URL)
	defer c.Close()
	before := v.sent.Load()
	_, err := c.Pull(ctx, "drava", r, pull.Options{Stage: filepath.Join(v.t.TempDir(), "stage"), Selection: s})
	if err != nil {
		v.t.Fatal(err)
	}
	if err := r.Verify(ctx, nil); err != nil {
		v.t.Fatal(err)
	}
	return v.sent.Load() - before
}

// along selects what lies within 3 km of the way between two columns.
func along(from, to int, layers ...cell.Layer) *cover.Selection {
	s := cover.Along(3000, []cell.Point{middle(from), middle(to)})
	s.Layers = layers
	return &s
}

// check compares a device with the published content.
func (v *valley) check(r *offline.Region, s *cover.Selection) {
	v.t.Helper()
	c := s.Cover()
	for key, want := range v.content.Cells(v.t) {
		got, err := r.Cell(ctx, key)
		switch {
		case c.Holds(key) && !bytes.Equal(got, want):
			v.t.Errorf("cell %s has %d bytes, %v, want %d", key, len(got), err, len(want))
		case !c.Holds(key) && !errors.Is(err, fs.ErrNotExist):
			v.t.Errorf("cell %s is not selected but there: %d bytes, %v", key, len(got), err)
		}
	}
	if st := state(v.t, r); !st.Selection.Equal(*s) {
		v.t.Errorf("the device says that it holds %+v, want %+v", st.Selection, *s)
	}
}

func fileSize(t *testing.T, r *offline.Region) int64 {
	t.Helper()
	info, err := os.Stat(r.Path())
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestPart(t *testing.T) {
	v := newValley(t)
	whole, part := open(t, filepath.Join(t.TempDir(), "drava.mbtiles")), open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	all, two := &cover.Selection{}, along(2, 3)
	full := v.pull(whole, nil)
	if n := v.pull(part, two); n > full*3/8 {
		t.Errorf("two of %d squares took %d bytes of %d", columns, n, full)
	}
	v.check(part, two)
	// An update outside of the part costs next to nothing, one inside as much as
	// it costs the whole.
	v.redraw(6)
	v.publish()
	full = v.pull(whole, nil)
	if n := v.pull(part, nil); n > 5500 || full < 30_000 {
		t.Errorf("an update elsewhere took %d bytes; of all it is %d", n, full)
	}
	v.redraw(2)
	v.redraw(5)
	v.publish()
	full = v.pull(whole, nil)
	if n := v.pull(part, nil); n < 30_000 || n > full/2+5500 {
		t.Errorf("an update of a square of the part took %d bytes; with one elsewhere it is %d", n, full)
	}
	v.check(part, two)
	v.check(whole, all)
	// Extended in the same version, only what is missing comes.
	if n := v.pull(part, along(1, 3)); n < 35_000 || n > 45_000 {
		t.Errorf("one more square took %d bytes", n)
	}
	v.check(part, along(1, 3))
	// Shrunk, nothing comes and the file gets smaller.
	before := fileSize(t, whole)
	if n := v.pull(whole, along(4, 4, cell.Features, cell.Tiles)); n > 1000 {
		t.Errorf("shrinking took %d bytes", n)
	}
	v.check(whole, along(4, 4, cell.Features, cell.Tiles))
	if after := fileSize(t, whole); after > before/2 {
		t.Errorf("the file had %d bytes and has %d with an eighth of it", before, after)
	}
	// And back to everything.
	v.pull(whole, all)
	v.check(whole, all)
}

// TestPartEqualsFreshPart edits at random and changes the selection at random:
// the device always has what a fresh pull has.
func TestPartEqualsFreshPart(t *testing.T) {
	v := newValley(t)
	r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	selection := along(0, 2)
	v.pull(r, selection)
	for step := range 12 {
		v.edit()
		v.publish()
		var s *cover.Selection
		if step%3 == 2 {
			s = along(v.random.IntN(columns), v.random.IntN(columns))
			selection = s
		}
		v.pull(r, s)
		v.check(r, selection)
	}
	fresh := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	v.pull(fresh, selection)
	a, b := dump(t, r), dump(t, fresh)
	if a != b {
		t.Errorf("after updates:\n%s\nfresh:\n%s", a, b)
	}
}

// dump writes down what a device answers.
func dump(t *testing.T, r *offline.Region) string {
	var b strings.Builder
	for f, err := range r.Features(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		record, err := f.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", record)
	}
	for tile, err := range r.Tiles(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %x\n", tile.ID, tile.Data[:4])
	}
	near, err := r.Near(ctx, 46.5, 14.5, "water", 5, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, hit := range near {
		fmt.Fprintf(&b, "%s %.0f\n", hit.Feature.ID, hit.Meters)
	}
	return b.String()
}

func TestVerifyFindsWhatAPartLacksAndHasTooMuch(t *testing.T) {
	for _, change := range []string{
		`DELETE FROM features WHERE n = (SELECT min(n) FROM features)`,
		`INSERT INTO tiles VALUES (14, 0, 0, x'00')`,
		`INSERT INTO cells VALUES (4, 1, x'00')`,
		`DELETE FROM state WHERE name = 'selection'`,
		`UPDATE state SET value = '{"layers":["media"]}' WHERE name = 'selection'`,
		`UPDATE state SET value = '{"layers":["sounds"]}' WHERE name = 'selection'`,
	} {
		v := newValley(t)
		r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
		v.pull(r, along(2, 3))
		damage(t, r.Path(), change)
		if err := r.Verify(ctx, nil); !errors.Is(err, offline.ErrDamaged) {
			t.Errorf("%s: Verify: %v, want ErrDamaged", change, err)
		}
	}
}

// TestFormat1 installs a part into a file made before there were parts.
func TestFormat1(t *testing.T) {
	v := newValley(t)
	path := filepath.Join(t.TempDir(), "drava.mbtiles")
	r := open(t, path)
	v.pull(r, nil)
	r.Close()
	damage(t, path, `PRAGMA auto_vacuum=0; VACUUM; PRAGMA user_version=1`)
	r = open(t, path)
	v.check(r, &cover.Selection{})
	v.pull(r, along(2, 3))
	v.check(r, along(2, 3))
	r.Close()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var version int
	if err := db.QueryRow(`PRAGMA user_version`).Scan(&version); err != nil || version != 2 {
		t.Errorf("user_version = %d, %v, want 2", version, err)
	}
}
