package mbtiles

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/cell"
)

const (
	selectMetadata = `SELECT name, value FROM main.metadata`
	selectTiles    = `SELECT zoom_level, tile_column, tile_row, tile_data FROM main.tiles`
	inOrder        = ` ORDER BY zoom_level, tile_column, tile_row`
)

// look checks what the file holds and reads its metadata.
func (a *Archive) look() error {
	tables := make(map[string]bool)
	err := a.rows(`SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view')`, func(scan scanner) error {
		var name string
		err := scan(&name)
		tables[strings.ToLower(name)] = true
		return err
	})
	if err != nil {
		return err
	}
	if tables["gpkg_contents"] {
		return fmt.Errorf("%w: this is a GeoPackage, not an MBTiles file", archive.ErrUnsupported)
	}
	if !tables["metadata"] || !tables["tiles"] {
		return fmt.Errorf("%w: a database without the tables metadata and tiles is no MBTiles file", archive.ErrUnsupported)
	}
	for _, query := range []string{selectMetadata, selectTiles} {
		if err := a.plain(query); err != nil {
			return err
		}
	}
	rows, left := 0, MaxMetadataBytes
	err = a.rows(selectMetadata, func(scan scanner) error {
		var name, value sql.NullString
		if err := scan(&name, &value); err != nil {
			return err
		}
		rows, left = rows+1, left-len(name.String)-len(value.String)
		if rows > maxMetadataRows || left < 0 {
			return fmt.Errorf("%w: metadata of more than %d rows, or %d bytes in all", archive.ErrCorrupt, maxMetadataRows, MaxMetadataBytes)
		}
		a.metadata[name.String] = value.String
		return nil
	})
	if err != nil {
		return err
	}
	_, before := a.metadata["agg_tiles_hash_before_apply"]
	_, after := a.metadata["agg_tiles_hash_after_apply"]
	if before || after || tables["bsdiffraw"] || tables["bsdiffrawgz"] {
		return errDifference
	}
	return nil
}

// errDifference is the error for a file that mbtiles diff of martin made.
var errDifference = fmt.Errorf("%w: this is the difference between two MBTiles files (as \"mbtiles diff\" of martin makes it), not a map: "+
	"apply it to the older file with \"mbtiles apply-patch\" and take that one", archive.ErrUnsupported)

// errView is the error for a view that is more than a join.
var errView = errors.New("its views do more than join tables")

// plain refuses a query that needs room beside the tables, as one does that sorts,
// groups or repeats itself, and one that runs code of virtual tables.
func (a *Archive) plain(query string) error {
	return a.rows("EXPLAIN "+query, func(scan scanner) error {
		var opcode string
		var rest [7]any
		if err := scan(&rest[0], &opcode, &rest[1], &rest[2], &rest[3], &rest[4], &rest[5], &rest[6]); err != nil {
			return err
		}
		if slices.Contains([]string{"OpenEphemeral", "SorterOpen", "VOpen", "AggStep", "Program"}, opcode) {
			return fmt.Errorf("%w: %w (%s)", archive.ErrUnsupported, errView, opcode)
		}
		return nil
	})
}

// scanner reads the columns of a row.
type scanner func(columns ...any) error

// rows calls each for every row of a query.
func (a *Archive) rows(query string, each func(scan scanner) error) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	watch := time.AfterFunc(a.rowTime, cancel)
	defer watch.Stop()
	late := func(err error) error {
		if ctx.Err() != nil {
			return fmt.Errorf("%w: no row within %s: %w", archive.ErrUnsupported, a.rowTime, errView)
		}
		return damaged(err)
	}
	rows, err := a.conn.QueryContext(ctx, query)
	if err != nil {
		return late(err)
	}
	defer rows.Close()
	for rows.Next() {
		watch.Stop() // what each does takes its own time
		if err := each(rows.Scan); err != nil {
			return err
		}
		watch.Reset(a.rowTime)
	}
	if err := rows.Err(); err != nil {
		return late(err)
	}
	return nil
}

// formats are the words for kinds of tiles, in lower case.
var formats = map[string]archive.Format{
	"pbf": archive.MVT, "mvt": archive.MVT, "application/vnd.mapbox-vector-tile": archive.MVT, "application/x-protobuf": archive.MVT,
	"png": "PNG pictures", "image/png": "PNG pictures", "jpg": "JPEG pictures", "jpeg": "JPEG pictures", "image/jpeg": "JPEG pictures",
	"webp": "WebP pictures", "image/webp": "WebP pictures", "avif": "AVIF pictures", "image/avif": "AVIF pictures", "mlt": "MapLibre tiles (MLT)",
}

// Metadata returns what the file says of its map. What is not as the
// specification wants it counts as absent; zooms are 0 to 29 then.
func (a *Archive) Metadata() (archive.Metadata, error) {
	m := archive.Metadata{
		Name: a.metadata["name"], Description: a.metadata["description"], Attribution: a.metadata["attribution"],
		Version: a.metadata["version"], Type: a.metadata["type"], MaxZoom: cell.MaxZoom,
		Format: formats[strings.ToLower(a.metadata["format"])],
	}
	zoom := func(name string, into *uint8) {
		if z, err := strconv.ParseUint(a.metadata[name], 10, 8); err == nil && z <= cell.MaxZoom {
			*into = uint8(z)
		}
	}
	zoom("minzoom", &m.MinZoom)
	zoom("maxzoom", &m.MaxZoom)
	if parts := strings.Split(a.metadata["bounds"], ","); len(parts) == len(m.Bounds) {
		for i, part := range parts {
			degrees, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
			if err != nil || !(math.Abs(degrees) <= 180) {
				m.Bounds = [4]int32{}
				break
			}
			m.Bounds[i] = int32(math.Round(degrees * 1e7))
		}
	}
	var members struct {
		Layers json.RawMessage `json:"vector_layers"`
	}
	if json.Unmarshal([]byte(a.metadata["json"]), &members) == nil {
		m.VectorLayers = members.Layers
	}
	m.Clean()
	return m, nil
}

// Tiles yields the tiles, uncompressed, in no particular order, and ends at an
// error. A view may make very many of few rows: stop when there are enough.
func (a *Archive) Tiles() iter.Seq2[archive.Tile, error] {
	return func(yield func(archive.Tile, error) bool) {
		err := a.rows(selectTiles, func(scan scanner) error {
			var z, x, row int64
			var data []byte
			if err := scan(&z, &x, &row, &data); err != nil {
				return fmt.Errorf("%w: a tile's numbers: %w", archive.ErrCorrupt, err)
			}
			if z < 0 || z > cell.MaxZoom || x < 0 || x>>z != 0 || row < 0 || row>>z != 0 {
				return fmt.Errorf("%w: zoom %d, column %d, row %d is no tile", archive.ErrCorrupt, z, x, row)
			}
			id := cell.New(uint8(z), uint32(x), uint32(1<<z-1-row)) // rows count from the south
			if data == nil {
				return fmt.Errorf("tile %s has no data: %w", id, errDifference)
			}
			if archive.IsGzip(data) {
				var err error
				if data, err = archive.Gunzip(data, archive.MaxTileBytes); err != nil {
					return fmt.Errorf("read tile %s: %w", id, err)
				}
			}
			if !yield(archive.Tile{ID: id, Data: data}, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(archive.Tile{}, err)
		}
	}
}

// errStop ends a query early.
var errStop = errors.New("enough")
