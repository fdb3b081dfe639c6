package offline_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/clients/offline/offlinetest"
	"github.com/pannier-maps/pannier/tiles/archive/mbtiles"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// mvt is a tile with one layer "water" of one feature with the fields name
// (text), depth (number) and salt (yes or no).
var mvt = []byte{
	0x1a, 0x41, // tile.layers
	0x0a, 5, 'w', 'a', 't', 'e', 'r', // name
	0x12, 17, // feature
	0x12, 6, 0, 0, 1, 1, 2, 2, // tags
	0x18, 3, // polygon
	0x22, 5, 9, 0, 0, 0x0f, 0, // geometry
	0x1a, 4, 'n', 'a', 'm', 'e', // keys
	0x1a, 5, 'd', 'e', 'p', 't', 'h',
	0x1a, 4, 's', 'a', 'l', 't',
	0x22, 3, 0x0a, 1, 'x', // values
	0x22, 2, 0x28, 7,
	0x22, 2, 0x38, 1,
	0x28, 0x80, 0x20, // extent 4096
	0x78, 2, // version
}

// TestMBTiles reads a region, and the base map exported from it, with the
// sqlite3 program as any map program would.
func TestMBTiles(t *testing.T) {
	program, err := exec.LookPath("sqlite3")
	if err != nil {
		t.Skip("needs the program sqlite3")
	}
	mvt[1] = byte(len(mvt) - 2)
	dir := t.TempDir()
	r := open(t, filepath.Join(dir, "drava.mbtiles"))
	install(t, r, 1, offlinetest.Content{Tiles: map[cell.ID][]byte{
		cell.New(14, 8904, 5779): mvt, cell.New(12, 2226, 1444): mvt, cell.World: []byte("no tile at all"),
	}})
	exported := filepath.Join(dir, "export.mbtiles")
	about, _, err := r.Describe(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := mbtiles.WriteFile(exported, &about, r.Tiles(ctx)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{r.Path(), exported} {
		ask := func(query string) string {
			out, err := exec.Command(program, "-readonly", path, query).CombinedOutput()
			if err != nil {
				t.Fatalf("%s: %v\n%s", query, err, out)
			}
			return strings.TrimSpace(string(out))
		}
		if got := ask(`PRAGMA application_id; PRAGMA integrity_check`); got != "1297105496\nok" {
			t.Errorf("application_id and integrity: %q", got)
		}
		if got := ask(`SELECT hex(substr(tile_data, 1, 2)) FROM tiles WHERE zoom_level = 14 AND tile_column = 8904 AND tile_row = 16383 - 5779`); got != "1F8B" {
			t.Errorf("tile begins with %q, want gzip", got)
		}
		for name, want := range map[string]string{
			"name": "Test region drava", "version": "1", "type": "baselayer", "format": "pbf", "minzoom": "0", "maxzoom": "14",
			"bounds": "13.8,46,16.6,47.6", "center": "15.2,46.8,7", "attribution": "© OpenStreetMap contributors (ODbL-1.0)",
		} {
			if got := ask(`SELECT value FROM metadata WHERE name = '` + name + `'`); got != want {
				t.Errorf("metadata %s = %q, want %q", name, got, want)
			}
		}
		var got, want any
		if err := json.Unmarshal([]byte(ask(`SELECT value FROM metadata WHERE name = 'json'`)), &got); err != nil {
			t.Fatal(err)
		}
		json.Unmarshal([]byte(`{"vector_layers":[{"id":"water","minzoom":12,"maxzoom":14,
			"fields":{"name":"String","depth":"Number","salt":"Boolean"}}]}`), &want)
		if a, b := text(t, got), text(t, want); a != b {
			t.Errorf("json = %s, want %s", a, b)
		}
	}
	out, _ := exec.Command(program, exported, ".tables").Output()
	if got := strings.Fields(string(out)); len(got) != 4 {
		t.Errorf("the exported file has the tables %q, want metadata and tiles, and map and images below it", got)
	}
}

func text(t *testing.T, v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
