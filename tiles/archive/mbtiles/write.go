package mbtiles

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// tables are those of a deduplicated file, as many writers make them.
const tables = `
CREATE TABLE metadata (name TEXT NOT NULL, value TEXT NOT NULL);
CREATE UNIQUE INDEX name ON metadata (name);
CREATE TABLE images (tile_id INTEGER PRIMARY KEY, tile_data BLOB NOT NULL);
CREATE TABLE map (zoom_level INTEGER NOT NULL, tile_column INTEGER NOT NULL, tile_row INTEGER NOT NULL, tile_id INTEGER NOT NULL,
	PRIMARY KEY (zoom_level, tile_column, tile_row)) WITHOUT ROWID;
CREATE VIEW tiles AS SELECT zoom_level, tile_column, tile_row, tile_data FROM map JOIN images USING (tile_id);
`

// WriteFile writes a file of the tiles, which may come in any order, durably and at
// once: path is replaced when the file is complete. Empty tiles are left out. The
// metadata is read when all tiles have come.
// Temporary files lie in the same folder; memory holds some 100 bytes a tile.
func WriteFile(path string, m *archive.Metadata, tiles iter.Seq2[archive.Tile, error]) (err error) {
	dir, err := os.MkdirTemp(filepath.Dir(path), ".new-*-mbtiles")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.RemoveAll(dir)
	temporary := filepath.Join(dir, "file")
	if err := write(temporary, dir, m, tiles); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return install(temporary, path)
}

// install moves a file to its place, durably.
func install(from, to string) error {
	f, err := os.OpenFile(from, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(0o644), f.Sync(), f.Close(), os.Rename(from, to)); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func write(path, dir string, m *archive.Metadata, tiles iter.Seq2[archive.Tile, error]) error {
	s, err := archive.NewSpool(dir)
	if err != nil {
		return err
	}
	defer s.Close()
	all, err := s.Fill(m, tiles)
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b archive.Spooled) int {
		return cmp.Or(cmp.Compare(a.ID.Zoom(), b.ID.Zoom()), cmp.Compare(a.ID.X(), b.ID.X()), cmp.Compare(row(a.ID), row(b.ID)))
	})
	for i := 1; i < len(all); i++ {
		if all[i].ID == all[i-1].ID {
			return fmt.Errorf("%w: %s comes twice", archive.ErrTile, all[i].ID)
		}
	}
	db, err := sql.Open("sqlite", dsn(path, "mode=rwc", "_txlock=immediate", "_pragma=page_size(4096)", "_pragma=journal_mode(OFF)", "_pragma=synchronous(OFF)"))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	ctx := context.Background()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id=%d;", applicationID)+tables); err != nil {
		return err
	}
	if err := fill(ctx, tx, s, all); err != nil {
		return err
	}
	rows, err := MetadataRows(m)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if _, err := tx.ExecContext(ctx, `INSERT INTO metadata VALUES (?, ?)`, r[0], r[1]); err != nil {
			return err
		}
	}
	return errors.Join(tx.Commit(), db.Close())
}

// fill writes the tiles, each different content once.
func fill(ctx context.Context, tx *sql.Tx, s *archive.Spool, all []archive.Spooled) error {
	image, err := tx.PrepareContext(ctx, `INSERT INTO images VALUES (?, ?)`)
	if err != nil {
		return err
	}
	defer image.Close()
	place, err := tx.PrepareContext(ctx, `INSERT INTO map VALUES (?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer place.Close()
	ids := make(map[archive.Content]int)
	for _, t := range all {
		id, known := ids[t.Content]
		if !known {
			id = len(ids) + 1
			ids[t.Content] = id
			data, err := s.Read(t.Content)
			if err != nil {
				return err
			}
			if _, err := image.ExecContext(ctx, id, data); err != nil {
				return err
			}
		}
		if _, err := place.ExecContext(ctx, t.ID.Zoom(), t.ID.X(), row(t.ID), id); err != nil {
			return err
		}
	}
	return nil
}

// row counts rows from the south, as MBTiles does.
func row(id cell.ID) uint32 { return uint32(1)<<id.Zoom() - 1 - id.Y() }

// MetadataRows returns the rows of the metadata: name and value. None is empty.
func MetadataRows(m *archive.Metadata) ([][2]string, error) {
	layers := m.VectorLayers
	if len(layers) == 0 {
		layers = json.RawMessage("[]")
	}
	about, err := json.Marshal(map[string]json.RawMessage{"vector_layers": layers})
	if err != nil {
		return nil, fmt.Errorf("encode metadata: %w", err)
	}
	lon, lat, zoom := m.Center()
	rows := [][2]string{
		{"name", cmp.Or(m.Name, "map")}, // the one that must not be empty
		{"format", "pbf"},
		{"bounds", strings.Join([]string{degrees(m.Bounds[0]), degrees(m.Bounds[1]), degrees(m.Bounds[2]), degrees(m.Bounds[3])}, ",")},
		{"center", fmt.Sprintf("%s,%s,%d", degrees(lon), degrees(lat), zoom)},
		{"minzoom", strconv.Itoa(int(m.MinZoom))},
		{"maxzoom", strconv.Itoa(int(m.MaxZoom))},
		{"attribution", m.Attribution},
		{"description", m.Description},
		{"type", cmp.Or(m.Type, archive.Base)},
		{"version", m.Version},
		{"json", string(about)},
	}
	return slices.DeleteFunc(rows, func(r [2]string) bool { return r[1] == "" }), nil
}

// degrees writes 1e-7 degrees as a decimal number.
func degrees(e7 int32) string { return strconv.FormatFloat(float64(e7)/1e7, 'f', -1, 64) }
