package offline

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/archive/mbtiles"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// describe writes the metadata of an MBTiles file. The list of layers is that of
// the archive that the base map was taken from; else it grows with the tiles that
// come, unless the map came from an archive before.
func (w *writer) describe(ctx context.Context, m *manifest.Manifest, version uint64, wasArchive bool) error {
	about, isArchive, err := basemap(ctx, w.tx)
	if err != nil {
		return err
	}
	if !isArchive {
		var before string
		err := w.tx.QueryRowContext(ctx, `SELECT coalesce(max(value), '') FROM metadata WHERE name = 'json'`).Scan(&before)
		if err != nil {
			return err
		}
		layers := archive.Layers{}
		if !wasArchive {
			layers = archive.ParseLayers(layerList(before))
		}
		layers.Merge(w.vectors)
		if about.VectorLayers, err = layers.List(); err != nil {
			return err
		}
	}
	about.Name, about.Attribution, about.Bounds, about.Version = m.Meta.Name, Attribution(m), m.Meta.Bounds, strconv.FormatUint(version, 10)
	if about.MinZoom, about.MaxZoom, err = zooms(ctx, w.tx); err != nil {
		return err
	}
	rows, err := mbtiles.MetadataRows(&about)
	if err != nil {
		return err
	}
	if _, err := w.tx.ExecContext(ctx, `DELETE FROM metadata`); err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := w.tx.ExecContext(ctx, `INSERT INTO metadata VALUES (?, ?)`, row[0], row[1]); err != nil {
			return err
		}
	}
	return nil
}

// basemap returns what the region says of a base map that was taken from an
// archive; false for one of our own schema, or when that cell is not held.
func basemap(ctx context.Context, db queryer) (about archive.Metadata, ok bool, err error) {
	raw, _, err := loadCell(ctx, db, cell.Key{Layer: cell.Assets, ID: cell.World})
	if err != nil {
		return about, false, err
	}
	for item, err := range cell.Items(raw) {
		if err != nil {
			return about, false, err
		}
		if string(item.Key) == archive.BasemapItem {
			about, err := archive.ParseBasemap(item.Value)
			return about, err == nil, err
		}
	}
	return about, false, nil
}

// zooms returns the first and the last zoom of the tiles; 0 when there are none.
func zooms(ctx context.Context, db queryer) (first, last uint8, err error) {
	err = db.QueryRowContext(ctx, `SELECT coalesce(min(zoom_level), 0), coalesce(max(zoom_level), 0) FROM tiles`).Scan(&first, &last)
	return first, last, err
}

// unasserted is what SPDX calls a licence that nobody names.
const unasserted = "NOASSERTION"

// Attribution returns the line that must be shown with a version's content,
// composed from the licences of what is in it.
func Attribution(m *manifest.Manifest) string {
	var parts []string
	for _, l := range m.Meta.Licences {
		part := l.Attribution
		switch {
		case part == "":
			part = l.ID
		case l.ID != "" && l.ID != unasserted && !strings.Contains(part, l.ID):
			part += " (" + l.ID + ")"
		}
		if part != "" && !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " · ")
}

// Attribution returns the line to show with the installed version's content.
func (r *Region) Attribution(ctx context.Context) (string, error) {
	m, err := r.Manifest(ctx)
	if err != nil {
		return "", err
	}
	return Attribution(m), nil
}

// layerList returns the list of layers in the row json; none when there is none.
func layerList(row string) json.RawMessage {
	var members struct {
		Layers json.RawMessage `json:"vector_layers"`
	}
	json.Unmarshal([]byte(row), &members) // the list helps other programs and nothing of ours depends on it
	return members.Layers
}

// Describe tells what the base map is, for exports, and whether it was drawn by our
// schema (tiles/schema) and not taken from an archive.
func (r *Region) Describe(ctx context.Context) (about archive.Metadata, ours bool, err error) {
	m, err := r.Manifest(ctx)
	if err != nil {
		return about, false, err
	}
	about, isArchive, err := basemap(ctx, r.read)
	if err != nil {
		return about, false, fmt.Errorf("describe the base map: %w", explain(err))
	}
	var text string
	err = r.read.QueryRowContext(ctx, `SELECT (SELECT value FROM metadata WHERE name = 'json'), coalesce((SELECT value FROM metadata WHERE name = 'version'), '')`).
		Scan(&text, &about.Version)
	if err == nil {
		about.MinZoom, about.MaxZoom, err = zooms(ctx, r.read)
	}
	if err != nil {
		return about, false, absent(err, "metadata")
	}
	about.Name, about.Attribution, about.Bounds, about.VectorLayers = m.Meta.Name, Attribution(m), m.Meta.Bounds, layerList(text)
	return about, !isArchive, nil
}
