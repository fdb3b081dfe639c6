package mbtiles

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/archive/archivetest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

var region = archive.Metadata{
	Format: archive.MVT, Name: "Liechtenstein", Description: "Base map", Attribution: "© OpenStreetMap contributors", Version: "7", Type: archive.Base,
	Bounds: [4]int32{94700000, 470400000, 96400000, 472700000}, MaxZoom: 4,
	VectorLayers: json.RawMessage(`[{"id":"streets","fields":{"kind":"String"},"minzoom":0,"maxzoom":4}]`),
}

func TestWriteRead(t *testing.T) {
	dir := t.TempDir()
	tiles := archivetest.World(4)
	path, again := filepath.Join(dir, "a.mbtiles"), filepath.Join(dir, "b.mbtiles")
	if err := WriteFile(path, &region, archivetest.All(tiles)); err != nil {
		t.Fatal(err)
	}
	a, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if m, err := a.Metadata(); err != nil || !reflect.DeepEqual(m, region) {
		t.Errorf("Metadata = %+v, %v, want %+v", m, err, region)
	}
	got := make(map[cell.ID]string)
	for tile, err := range a.Tiles() {
		if err != nil {
			t.Fatal(err)
		}
		got[tile.ID] = string(tile.Data)
	}
	for _, tile := range tiles {
		if got[tile.ID] != string(tile.Data) {
			t.Errorf("tile %s is %q, want %q", tile.ID, got[tile.ID], tile.Data)
		}
	}
	if len(got) != len(tiles) {
		t.Errorf("%d tiles, want %d", len(got), len(tiles))
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(tiles), func(i, j int) { tiles[i], tiles[j] = tiles[j], tiles[i] })
	if err := WriteFile(again, &region, archivetest.All(tiles)); err != nil {
		t.Fatal(err)
	}
	one, err1 := os.ReadFile(path)
	two, err2 := os.ReadFile(again)
	if err1 != nil || err2 != nil || !bytes.Equal(one, two) {
		t.Errorf("other bytes for another order, %v, %v", err1, err2)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}

// TestOthersRead asks the program sqlite3 what the specification demands.
func TestOthersRead(t *testing.T) {
	program, err := exec.LookPath("sqlite3")
	if err != nil {
		t.Skip("needs the program sqlite3")
	}
	path := filepath.Join(t.TempDir(), "a.mbtiles")
	if err := WriteFile(path, &region, archivetest.All(archivetest.World(4))); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		`PRAGMA application_id`:                              "1297105496",
		`PRAGMA integrity_check`:                             "ok",
		`SELECT count(*) FROM tiles`:                         "341",
		`SELECT count(*) FROM images`:                        "172",
		`SELECT sql FROM sqlite_schema WHERE name = 'tiles'`: "CREATE VIEW tiles AS SELECT zoom_level, tile_column, tile_row, tile_data FROM map JOIN images USING (tile_id)",
		`SELECT hex(substr(tile_data, 1, 2)) FROM tiles WHERE zoom_level = 3 AND tile_column = 2 AND tile_row = 7 - 1`: "1F8B",
		`SELECT group_concat(name || '=' || value, ';') FROM metadata ORDER BY name`: "name=Liechtenstein;format=pbf;bounds=9.47,47.04,9.64,47.27;center=9.555,47.155,2;" +
			"minzoom=0;maxzoom=4;attribution=© OpenStreetMap contributors;description=Base map;type=baselayer;version=7;" +
			`json={"vector_layers":[{"id":"streets","fields":{"kind":"String"},"minzoom":0,"maxzoom":4}]}`,
	} {
		out, err := exec.Command(program, "-readonly", path, query).CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%s: %v, %s, want %s", query, err, got, want)
		}
	}
}

func TestUnfitInput(t *testing.T) {
	tile := archive.Tile{ID: cell.World, Data: []byte{0x1a}}
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		tiles iter.Seq2[archive.Tile, error]
		want  error
	}{
		"none":     {archivetest.All(nil), archive.ErrNoTiles},
		"twice":    {archivetest.All([]archive.Tile{tile, tile}), archive.ErrTile},
		"too deep": {archivetest.All([]archive.Tile{{ID: cell.New(5, 0, 0), Data: tile.Data}}), archive.ErrTile},
		"broken":   {func(yield func(archive.Tile, error) bool) { yield(archive.Tile{}, broken) }, broken},
	} {
		dir := t.TempDir()
		if err := WriteFile(filepath.Join(dir, "a"), &region, test.tiles); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%s: left in the folder: %v, %v", name, left, err)
		}
	}
}

const flat = `CREATE TABLE metadata (name text, value text); CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob);`

// made returns a database that statements make.
func made(t testing.TB, statements string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made.mbtiles")
	db, err := sql.Open("sqlite", dsn(path, "mode=rwc"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statements); err != nil {
		t.Fatal(err)
	}
	return path
}

// readAll reads a file to its end.
func readAll(path string, rowTime time.Duration) (tiles int, err error) {
	a, err := Open(path)
	if err != nil {
		return 0, err
	}
	defer a.Close()
	a.rowTime = rowTime
	if _, err := a.Metadata(); err != nil {
		return 0, err
	}
	if _, _, err := a.Checksum(); err != nil {
		return 0, err
	}
	for _, err := range a.Tiles() {
		if err != nil {
			return tiles, err
		}
		if tiles++; tiles == 1000 {
			break
		}
	}
	return tiles, nil
}

// TestHostile opens databases that are made to do harm.
func TestHostile(t *testing.T) {
	view := `CREATE TABLE metadata (name text, value text); CREATE TABLE t (zoom_level, tile_column, tile_row, tile_data);
		INSERT INTO t VALUES (0, 0, 0, x'1a00'); CREATE VIEW tiles AS `
	few := `CREATE TABLE n (i); INSERT INTO n VALUES (1), (2), (3), (4), (5), (6), (7), (8); CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data);`
	for name, test := range map[string]struct {
		statements string
		want       error
		says       string
	}{
		"flat":                {flat + `INSERT INTO tiles VALUES (0, 0, 0, x'1a00'), (1, 0, 1, 'text')`, nil, ""},
		"a view":              {view + `SELECT * FROM t`, nil, ""},
		"no tables":           {`CREATE TABLE x (y)`, archive.ErrUnsupported, "without the tables"},
		"other columns":       {`CREATE TABLE metadata (name, value); CREATE TABLE tiles (z, x, y)`, archive.ErrCorrupt, "no such column"},
		"GeoPackage":          {flat + `CREATE TABLE gpkg_contents (x)`, archive.ErrUnsupported, "GeoPackage"},
		"a difference":        {flat + `INSERT INTO metadata VALUES ('agg_tiles_hash_after_apply', 'X')`, archive.ErrUnsupported, "the difference"},
		"no data":             {flat + `INSERT INTO tiles VALUES (0, 0, 0, NULL)`, archive.ErrUnsupported, "tile 0/0/0 has no data"},
		"no number":           {flat + `INSERT INTO tiles VALUES ('deep', 0, 0, x'1a')`, archive.ErrCorrupt, "a tile's numbers"},
		"no such column":      {flat + `INSERT INTO tiles VALUES (1, 2, 0, x'1a')`, archive.ErrCorrupt, "column 2"},
		"no such row":         {flat + `INSERT INTO tiles VALUES (1, 0, -1, x'1a')`, archive.ErrCorrupt, "row -1"},
		"too deep":            {flat + `INSERT INTO tiles VALUES (30, 0, 0, x'1a')`, archive.ErrCorrupt, "zoom 30"},
		"broken gzip":         {flat + `INSERT INTO tiles VALUES (0, 0, 0, x'1f8b08')`, archive.ErrCorrupt, "read tile 0/0/0"},
		"too large":           {flat + `INSERT INTO tiles VALUES (0, 0, 0, zeroblob(17000000))`, archive.ErrCorrupt, "too big"},
		"a long text":         {flat + `INSERT INTO metadata VALUES ('name', hex(zeroblob(3000000)))`, archive.ErrCorrupt, "in all"},
		"many long texts":     {few + `CREATE VIEW metadata AS SELECT a.i AS name, hex(zeroblob(1000000)) AS value FROM n a`, archive.ErrCorrupt, "in all"},
		"one text on and on":  {few + `CREATE VIEW metadata AS SELECT '' AS name, '' AS value FROM n a, n b, n c, n d, n e, n f, n g, n h, n i, n j, n k, n l`, archive.ErrCorrupt, "rows"},
		"a long name":         {flat + `INSERT INTO metadata VALUES (hex(zeroblob(3000000)), 'x')`, archive.ErrCorrupt, "in all"},
		"a view without end":  {view + `WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT x AS zoom_level, x AS tile_column, x AS tile_row, x AS tile_data FROM c`, archive.ErrUnsupported, "more than join"},
		"a view that sorts":   {view + `SELECT * FROM t ORDER BY random()`, archive.ErrUnsupported, "more than join"},
		"a view that groups":  {view + `SELECT zoom_level, tile_column, tile_row, group_concat(tile_data) AS tile_data FROM t GROUP BY 1`, archive.ErrUnsupported, "more than join"},
		"a view of functions": {view + `SELECT zoom_level, tile_column, tile_row, zeroblob(1000000000) AS tile_data FROM t`, archive.ErrCorrupt, "too big"},
		"a view of itself":    {view + `SELECT * FROM tiles`, archive.ErrCorrupt, "circular"},
		"a virtual table":     {`CREATE TABLE metadata (name, value); CREATE VIRTUAL TABLE tiles USING fts5(zoom_level, tile_column, tile_row, tile_data)`, archive.ErrUnsupported, "VOpen"},
	} {
		t.Run(name, func(t *testing.T) {
			tiles, err := readAll(made(t, test.statements), RowTime)
			if !errors.Is(err, test.want) || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("%d tiles, %v, want %v with %q", tiles, err, test.want, test.says)
			}
			if err == nil && tiles == 0 {
				t.Error("no tiles")
			}
		})
	}
}

// TestNoRow gives up on a view that looks for rows for very long.
func TestNoRow(t *testing.T) {
	many := `CREATE TABLE metadata (name, value); CREATE TABLE n (i integer);
		WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c LIMIT 10000) INSERT INTO n SELECT x FROM c;
		CREATE VIEW tiles AS SELECT a.i AS zoom_level, b.i AS tile_column, c.i AS tile_row, x'1a' AS tile_data FROM n a, n b, n c WHERE a.i + b.i + c.i < 0`
	if _, err := readAll(made(t, many), 50*time.Millisecond); !errors.Is(err, archive.ErrUnsupported) || !strings.Contains(err.Error(), "no row within") {
		t.Errorf("%v, want archive.ErrUnsupported", err)
	}
}

func TestNotAtRest(t *testing.T) {
	path := made(t, flat)
	if err := os.WriteFile(path+"-wal", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, archive.ErrUnsupported) || !strings.Contains(err.Error(), "made.mbtiles-wal lies beside it") {
		t.Errorf("%v, want archive.ErrUnsupported", err)
	}
	if _, err := Open(filepath.Dir(path)); !errors.Is(err, archive.ErrUnsupported) {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Open(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
}

// TestDamage cuts a file at many bytes and changes many.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.mbtiles")
	if err := WriteFile(path, &region, archivetest.All(archivetest.World(3))); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	known := func(err error) bool {
		return err == nil || errors.Is(err, archive.ErrCorrupt) || errors.Is(err, archive.ErrUnsupported)
	}
	for n := 0; n < len(raw); n += 509 {
		if err := os.WriteFile(path, raw[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readAll(path, RowTime); err == nil || !known(err) {
			t.Errorf("cut at %d: %v", n, err)
		}
		changed := bytes.Clone(raw)
		changed[n] ^= 0x41
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readAll(path, RowTime); !known(err) {
			t.Errorf("changed at %d: %v", n, err)
		}
	}
}

func FuzzArchive(f *testing.F) {
	dir := f.TempDir()
	written := filepath.Join(dir, "a.mbtiles")
	if err := WriteFile(written, &region, archivetest.All(archivetest.World(1))); err != nil {
		f.Fatal(err)
	}
	for _, path := range []string{written, made(f, flat+`INSERT INTO tiles VALUES (0, 0, 0, x'1a00')`)} {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if _, err := readAll(path, RowTime); err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := readAll(path, time.Second)
		if err != nil && !errors.Is(err, archive.ErrCorrupt) && !errors.Is(err, archive.ErrUnsupported) {
			t.Errorf("readAll: %v", err)
		}
	})
}

// FuzzMetadata checks that whatever the rows say becomes metadata that can be
// written and read again.
func FuzzMetadata(f *testing.F) {
	f.Add("pbf", "9.47,47.04,9.64,47.27", "0", "14", `{"vector_layers":[{"id":"a","fields":{}}]}`, "a name")
	f.Add("image/png", "1,2,3", "-1", "99", `[]`, "\xff")
	f.Add("", "NaN,Inf,1e300,-0", "x", "", "", "")
	f.Fuzz(func(t *testing.T, format, bounds, minzoom, maxzoom, list, name string) {
		a := &Archive{metadata: map[string]string{"format": format, "bounds": bounds, "minzoom": minzoom, "maxzoom": maxzoom, "json": list, "name": name}}
		m, err := a.Metadata()
		if err != nil {
			t.Fatal(err)
		}
		rows, err := MetadataRows(&m)
		if err != nil {
			t.Fatal(err)
		}
		again := &Archive{metadata: make(map[string]string)}
		for _, r := range rows {
			again.metadata[r[0]] = r[1]
		}
		n, err := again.Metadata()
		if m.Format, n.Format = "", ""; m.Name == "" {
			n.Name = ""
		}
		if err != nil || !reflect.DeepEqual(m, n) {
			t.Errorf("%+v became %+v, %v", m, n, err)
		}
	})
}
