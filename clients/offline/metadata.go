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
)

// describe writes the metadata of an MBTiles file.
func (w *writer) describe(ctx context.Context, m *manifest.Manifest) error {
	var before string
	err := w.tx.QueryRowContext(ctx, `SELECT coalesce(max(value), '') FROM metadata WHERE name = 'json'`).Scan(&before)
	if err != nil {
		return err
	}
	layers := archive.ParseLayers(layerList(before))
	layers.Merge(w.vectors)
	list, err := layers.List()
	if err != nil {
		return err
	}
	text, err := json.Marshal(tilesJSON{list})
	if err != nil {
		return err
	}
	var first, last, middle int
	err = w.tx.QueryRowContext(ctx, `SELECT coalesce(min(zoom_level), 0), coalesce(max(zoom_level), 0) FROM tiles`).Scan(&first, &last)
	if err != nil {
		return err
	}
	middle = (first + last + 1) / 2
	b := m.Meta.Bounds
	for _, row := range [][2]string{
		{"name", m.Meta.Name},
		{"format", "pbf"},
		{"type", "baselayer"},
		{"minzoom", strconv.Itoa(first)},
		{"maxzoom", strconv.Itoa(last)},
		{"bounds", strings.Join([]string{degrees(int64(b[0])), degrees(int64(b[1])), degrees(int64(b[2])), degrees(int64(b[3]))}, ",")},
		{"center", fmt.Sprintf("%s,%s,%d", degrees((int64(b[0])+int64(b[2]))/2), degrees((int64(b[1])+int64(b[3]))/2), middle)},
		{"attribution", Attribution(m)},
		{"json", string(text)},
	} {
		if _, err := w.tx.ExecContext(ctx, `INSERT OR REPLACE INTO metadata VALUES (?, ?)`, row[0], row[1]); err != nil {
			return err
		}
	}
	return nil
}

// degrees writes 1e-7 degrees as a decimal number.
func degrees(e7 int64) string { return strconv.FormatFloat(float64(e7)/1e7, 'f', -1, 64) }

// Attribution returns the line that must be shown with a version's content,
// composed from the licences of what is in it.
func Attribution(m *manifest.Manifest) string {
	var parts []string
	for _, l := range m.Meta.Licences {
		part := l.Attribution
		switch {
		case part == "":
			part = l.ID
		case l.ID != "" && !strings.Contains(part, l.ID):
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

// tilesJSON is the row json of an MBTiles file's metadata.
type tilesJSON struct {
	Layers json.RawMessage `json:"vector_layers"`
}

// layerList returns the list in such a row; none when there is none.
func layerList(row string) json.RawMessage {
	var members tilesJSON
	json.Unmarshal([]byte(row), &members) // the list helps other programs and nothing of ours depends on it
	return members.Layers
}

// Describe tells what the base map is, for exports.
func (r *Region) Describe(ctx context.Context) (m archive.Metadata, err error) {
	about, err := r.Manifest(ctx)
	if err != nil {
		return m, err
	}
	var text string
	err = r.read.QueryRowContext(ctx, `SELECT
		(SELECT value FROM metadata WHERE name = 'json'),
		coalesce((SELECT min(zoom_level) FROM tiles), 0), coalesce((SELECT max(zoom_level) FROM tiles), 0)`,
	).Scan(&text, &m.MinZoom, &m.MaxZoom)
	if err != nil {
		return m, absent(err, "metadata")
	}
	m.Name, m.Attribution, m.Bounds, m.VectorLayers = about.Meta.Name, Attribution(about), about.Meta.Bounds, layerList(text)
	return m, nil
}
