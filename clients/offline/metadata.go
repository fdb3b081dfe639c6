package offline

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pannier-maps/pannier/sync/manifest"
)

// describe writes the metadata of an MBTiles file.
func (w *writer) describe(ctx context.Context, m *manifest.Manifest) error {
	var before string
	err := w.tx.QueryRowContext(ctx, `SELECT coalesce(max(value), '') FROM metadata WHERE name = 'json'`).Scan(&before)
	if err != nil {
		return err
	}
	layers := decodeVectorLayers(before)
	layers.merge(w.vectors)
	text, err := layers.encode()
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
		{"json", text},
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

// Description is what the metadata says of the base map.
type Description struct {
	Name, Attribution string
	Bounds            [4]int32 // west, south, east, north in 1e-7 degrees
	MinZoom, MaxZoom  uint8
	VectorLayers      json.RawMessage // as in TileJSON 3.0
}

// Describe tells what the base map is, for exports.
func (r *Region) Describe(ctx context.Context) (*Description, error) {
	m, err := r.Manifest(ctx)
	if err != nil {
		return nil, err
	}
	d := &Description{Name: m.Meta.Name, Attribution: Attribution(m), Bounds: m.Meta.Bounds}
	var text string
	err = r.read.QueryRowContext(ctx, `SELECT
		(SELECT value FROM metadata WHERE name = 'json'),
		coalesce((SELECT min(zoom_level) FROM tiles), 0), coalesce((SELECT max(zoom_level) FROM tiles), 0)`,
	).Scan(&text, &d.MinZoom, &d.MaxZoom)
	if err != nil {
		return nil, absent(err, "metadata")
	}
	var members struct {
		Layers json.RawMessage `json:"vector_layers"`
	}
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		return nil, fmt.Errorf("%w: metadata: %w", ErrDamaged, err)
	}
	d.VectorLayers = members.Layers
	return d, nil
}
