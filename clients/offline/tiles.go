package offline

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// tileRow is a base map tile as it is stored.
type tileRow struct {
	id   cell.ID
	data []byte // gzip
}

// tmsRow counts rows from the south, as MBTiles does.
func tmsRow(id cell.ID) uint32 { return uint32(1)<<id.Zoom() - 1 - id.Y() }

// ofRow undoes tmsRow.
func ofRow(z uint8, x, row uint32) cell.ID { return cell.New(z, x, uint32(1)<<z-1-row) }

// packTiles reads the canonical bytes of a tiles cell.
func packTiles(id cell.ID, raw []byte) ([]tileRow, archive.Layers, error) {
	var rows []tileRow
	layers := archive.Layers{}
	for item, err := range cell.Items(raw) {
		if err != nil {
			return nil, nil, err
		}
		tile, err := cell.TileOfKey(item.Key)
		if err != nil {
			return nil, nil, err
		}
		if tile.Zoom() > cell.MaxTileZoom || cell.OfTile(tile) != id {
			return nil, nil, fmt.Errorf("%w: tile %s does not belong here", cell.ErrCorrupt, tile)
		}
		layers.Scan(tile.Zoom(), item.Value)
		data, err := zip(item.Value)
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, tileRow{tile, data})
	}
	return rows, layers, nil
}

func putTiles(ctx context.Context, tx *sql.Tx, rows []tileRow) error {
	insert, err := tx.PrepareContext(ctx, `INSERT INTO tiles VALUES (?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, t := range rows {
		if _, err := insert.ExecContext(ctx, t.id.Zoom(), t.id.X(), tmsRow(t.id), t.data); err != nil {
			return err
		}
	}
	return nil
}

// strips lists the columns of a cell's tiles as a JSON array of
// [zoom, column, first row, last row], for tilesOf.
func strips(id cell.ID) string {
	var b []byte
	first, last := cell.TileZooms(id)
	for z := first; z <= last; z++ {
		depth := z - id.Zoom()
		x, n := id.X()<<depth, uint32(1)<<depth
		south := tmsRow(cell.New(z, x, id.Y()<<depth+n-1))
		for i := range n {
			b = append(b, ',', '[')
			for j, v := range []uint32{uint32(z), x + i, south, south + n - 1} {
				if j > 0 {
					b = append(b, ',')
				}
				b = strconv.AppendUint(b, uint64(v), 10)
			}
			b = append(b, ']')
		}
	}
	return "[" + string(b[1:]) + "]"
}

// tilesOf selects a cell's tiles by walking the index along its strips.
const tilesOf = `FROM json_each(?) AS c CROSS JOIN tiles AS t
	WHERE t.zoom_level = c.value ->> 0 AND t.tile_column = c.value ->> 1
	AND t.tile_row BETWEEN c.value ->> 2 AND c.value ->> 3`

func removeTiles(ctx context.Context, tx *sql.Tx, id cell.ID) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM tiles WHERE rowid IN (SELECT t.rowid `+tilesOf+`)`, strips(id))
	return err
}

// tilesCell rebuilds the canonical bytes of a tiles cell.
func tilesCell(ctx context.Context, db queryer, id cell.ID) ([]byte, int, error) {
	var rows []tileRow
	for t, err := range selectTiles(ctx, db, `SELECT t.zoom_level, t.tile_column, t.tile_row, t.tile_data `+tilesOf, strips(id)) {
		if err != nil {
			return nil, 0, err
		}
		rows = append(rows, t)
	}
	slices.SortFunc(rows, func(a, b tileRow) int { return int(int64(a.id) - int64(b.id)) })
	var raw []byte
	for _, t := range rows {
		tile, err := unzip(t.data)
		if err != nil {
			return nil, 0, fmt.Errorf("tile %s: %w", t.id, err)
		}
		raw = cell.AppendItem(raw, cell.TileKey(t.id), tile)
	}
	return raw, len(rows), nil
}

func selectTiles(ctx context.Context, db queryer, query string, args ...any) iter.Seq2[tileRow, error] {
	return func(yield func(tileRow, error) bool) {
		rows, err := db.QueryContext(ctx, query, args...)
		if err != nil {
			yield(tileRow{}, explain(err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var z uint8
			var x, row uint32
			var data []byte
			err := rows.Scan(&z, &x, &row, &data)
			if err == nil && (z > cell.MaxTileZoom || x>>z != 0 || row>>z != 0) {
				err = fmt.Errorf("%w: tile %d/%d/%d", ErrDamaged, z, x, row)
			}
			if err != nil {
				yield(tileRow{}, explain(err))
				return
			}
			if !yield(tileRow{ofRow(z, x, row), data}, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(tileRow{}, explain(err))
		}
	}
}

// Tile returns a base map tile, uncompressed; fs.ErrNotExist when the region has
// none there, which is how an empty tile is stored.
func (r *Region) Tile(ctx context.Context, tile cell.ID) ([]byte, error) {
	if !tile.Valid() {
		return nil, cell.ErrInvalid
	}
	var data []byte
	err := r.read.QueryRowContext(ctx,
		`SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?`,
		tile.Zoom(), tile.X(), tmsRow(tile)).Scan(&data)
	if err != nil {
		return nil, absent(err, "tile "+tile.String())
	}
	return unzip(data)
}

// Tiles yields the base map tiles, uncompressed, cell by cell, each cell checked.
func (r *Region) Tiles(ctx context.Context) iter.Seq2[archive.Tile, error] {
	return func(yield func(archive.Tile, error) bool) {
		for item, err := range r.items(ctx, cell.Tiles) {
			var t archive.Tile
			if err == nil {
				t.Data = item.Value
				t.ID, err = cell.TileOfKey(item.Key)
			}
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}
