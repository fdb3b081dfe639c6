package vectors

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// expectedNewer is a manifest with a layer that readers of version 1 do not know.
type expectedNewer struct {
	File      string    `json:"file"` // unpacked
	Hash      blob.Hash `json:"hash"`
	MinReader int       `json:"min_reader"`
	Cells     []string  `json:"cells"` // layer and square
}

func writeNewer(t *testing.T) expectedNewer {
	t.Helper()
	m := &manifest.Manifest{Meta: manifest.Meta{Region: "test", Name: "Test", Bounds: [4]int32{160000000, 465000000, 162000000, 467000000}, MinReader: manifest.MinReader(cell.Relief)}}
	out := expectedNewer{File: "manifest-relief", MinReader: m.Meta.MinReader}
	for _, key := range []cell.Key{
		{Layer: cell.Features, ID: cell.New(11, 1115, 724)}, {Layer: cell.Relief, ID: cell.New(7, 69, 45)}, {Layer: cell.Relief, ID: cell.New(11, 1115, 724)},
	} {
		m.Entries = append(m.Entries, manifest.Entry{Key: key, Hash: blob.Sum([]byte(key.String())), Raw: 66000, Stored: 30000})
		out.Cells = append(out.Cells, key.String())
	}
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	write(t, out.File, data)
	out.Hash = blob.Sum(data)
	return out
}

func TestNewer(t *testing.T) {
	expected, _ := load(t)
	want := expected.Newer
	data, err := os.ReadFile(filepath.Join(folder, want.File))
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.Hash(); err != nil || got != want.Hash || m.Meta.MinReader != want.MinReader || len(m.Entries) != len(want.Cells) {
		t.Errorf("manifest %s for reader %d with %d cells, %v; want %+v", got, m.Meta.MinReader, len(m.Entries), err, want)
	}
	for i, e := range m.Entries {
		if e.Key.String() != want.Cells[i] {
			t.Errorf("cell %s, want %s", e.Key, want.Cells[i])
		}
	}
	older := bytes.Replace(data, []byte(`"min_reader":2`), []byte(`"min_reader":1`), 1)
	if _, err := manifest.Decode(older); bytes.Equal(older, data) || !errors.Is(err, manifest.ErrCorrupt) {
		t.Errorf("a manifest that says a reader of version 1 knows its layers: %v, want ErrCorrupt", err)
	}
}
