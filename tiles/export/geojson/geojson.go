// Package geojson writes features as a GeoJSON FeatureCollection (RFC 7946) for
// other programs and for tiles/source/geojson, which reads it back.
//
// A Feature's id is the record's; its properties are the record's other members
// as tiles/feature/FORMAT.md describes them, with the provenance and so the
// attribution of each, and "name", the name by the wanted languages, for
// programs that look for it. One feature is written at a time; the same features
// give the same bytes. Built into phones. A Writer is for one goroutine.
package geojson

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/pannier-maps/pannier/tiles/feature"
)

// Writer writes a FeatureCollection.
type Writer struct {
	w         *bufio.Writer
	languages []string
	written   bool
}

// NewWriter returns a Writer; languages choose "name", the best first.
func NewWriter(w io.Writer, languages ...string) *Writer {
	return &Writer{w: bufio.NewWriter(w), languages: languages}
}

// properties are the record without id and geometry, and the name.
type properties struct {
	feature.Feature
	Name string `json:"name,omitempty"`
}

// Write adds one feature.
func (w *Writer) Write(f *feature.Feature) error {
	p := properties{Feature: *f, Name: f.Name(w.languages...)}
	p.ID, p.Geometry = "", feature.Geometry{}
	raw, err := json.Marshal(struct {
		Type       string           `json:"type"`
		ID         string           `json:"id"`
		Geometry   feature.Geometry `json:"geometry"`
		Properties properties       `json:"properties"`
	}{"Feature", f.ID, f.Geometry, p})
	if err != nil {
		return fmt.Errorf("write GeoJSON: feature %.80q: %w", f.ID, err)
	}
	if w.written {
		_, _ = w.w.WriteString(",\n") // bufio keeps the error
	} else {
		w.begin()
	}
	if _, err := w.w.Write(raw); err != nil {
		return fmt.Errorf("write GeoJSON: %w", err)
	}
	return nil
}

func (w *Writer) begin() {
	_, _ = w.w.WriteString(`{"type":"FeatureCollection","features":[` + "\n")
	w.written = true
}

// Close ends the collection. It does not close what it writes to.
func (w *Writer) Close() error {
	if !w.written {
		w.begin()
	}
	_, _ = w.w.WriteString("\n]}\n")
	if err := w.w.Flush(); err != nil {
		return fmt.Errorf("write GeoJSON: %w", err)
	}
	return nil
}
