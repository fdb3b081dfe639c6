package offline_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/pannier-maps/pannier/clients/offline"
)

// damage runs SQL on a region's file behind its back.
func damage(t *testing.T, path, query string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(query); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyFindsDamage(t *testing.T) {
	tests := []struct{ name, query, want string }{
		{"byte of a tile", `UPDATE tiles SET tile_data = substr(tile_data, 1, 12) || x'ff' || substr(tile_data, 14) WHERE zoom_level = 14`, "cell tiles 11/1113/722"},
		{"tile gone", `DELETE FROM tiles WHERE zoom_level = 0`, "cell tiles 0/0/0"},
		{"stray tile", `INSERT INTO tiles VALUES (14, 1, 1, x'1f8b')`, "table tiles has 8 rows"},
		{"byte of a record", `UPDATE features SET record = CAST(replace(record, x'53c3bcc39f', x'5375c39f') AS BLOB) WHERE id = 'osm/node/2'`, "cell features"},
		{"category", `UPDATE features SET category = 'x' WHERE id = 'osm/node/2'`, "the index of feature osm/node/2"},
		{"position", `UPDATE bounds SET west = west - 9 WHERE n = 2`, "the index of feature"},
		{"box gone", `DELETE FROM bounds WHERE n = 2`, "1 features are not in the index"},
		{"byte of a graph cell", `UPDATE cells SET data = x'00' WHERE layer = 2`, "cell graph 11/1113/722"},
		{"byte of heights", `UPDATE cells SET data = x'00' WHERE layer = 6`, "cell relief 11/1113/722"},
		{"heights gone", `DELETE FROM cells WHERE layer = 6`, "cell relief 11/1113/722"},
		{"stray heights", `INSERT INTO cells VALUES (6, 1, x'00')`, "table cells has"},
		{"manifest", `UPDATE state SET value = x'00' WHERE name = 'manifest'`, "corrupt manifest"},
		{"head", `UPDATE state SET value = replace(CAST(value AS TEXT), 'version 1', 'version 9') WHERE name = 'head'`, "not signed"},
		{"another's roots", `UPDATE state SET value = replace(CAST(value AS TEXT), 'threshold 1', 'threshold 2') WHERE name = 'roots'`, "root"},
		{"no roots", `UPDATE state SET value = '[]' WHERE name = 'roots'`, "root"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
			install(t, r, 1, town())
			damage(t, r.Path(), test.query)
			err := r.Verify(ctx, nil)
			if !errors.Is(err, offline.ErrDamaged) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Verify: %v, want %q", err, test.want)
			}
		})
	}
}

func TestVerifyReportsProgress(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	install(t, r, 1, town())
	calls, last := 0, 0
	if err := r.Verify(ctx, func(done, total int) { calls, last = calls+1, total }); err != nil {
		t.Fatal(err)
	}
	if want := len(town().Cells(t)); calls != want || last != want {
		t.Errorf("%d calls, total %d, want %d", calls, last, want)
	}
}
