package dem

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHGT(t *testing.T) {
	raw := make([]byte, 1201*1201*2)
	binary.BigEndian.PutUint16(raw, 1234)
	binary.BigEndian.PutUint16(raw[2:], 0x8000)
	for name, want := range map[string][2]float64{"N47E009.hgt": {9, 48}, "s01w180.hgt": {-180, 0}, "N00W001.SRTMGL3.hgt": {-1, 1}} {
		g, err := readHGT(name, raw)
		if err != nil || g.West != want[0] || g.North != want[1] || g.Levels[0].Metres() != 1234 || g.Levels[1] != Void || g.Levels[2].Metres() != 0 {
			t.Errorf("%s: %+v, %v", name, g.Shape, err)
		}
	}
	for name, want := range map[string]string{"alps.hgt": "does not say where", "N47.hgt": "does not say where", "N95E009.hgt": "outside the world"} {
		if _, err := readHGT(name, raw); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if _, err := readHGT("N47E009.hgt", raw[1:]); !errors.Is(err, ErrInvalid) {
		t.Errorf("a byte is missing: %v", err)
	}
}

// TestPacked reads files in gzip and zip, and a bomb.
func TestPacked(t *testing.T) {
	raw, err := os.ReadFile("testdata/int16_lzw2.tif")
	if err != nil {
		t.Fatal(err)
	}
	pack := func(content io.Reader) []byte {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		if _, err := io.Copy(z, content); err != nil {
			t.Fatal(err)
		}
		z.Close()
		return out.Bytes()
	}
	archive := func(names ...string) []byte {
		var out bytes.Buffer
		z := zip.NewWriter(&out)
		for _, name := range names {
			w, err := z.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			w.Write(raw)
		}
		z.Close()
		return out.Bytes()
	}
	for _, test := range []struct {
		name, kind, problem string
		content             []byte
	}{
		{"a.tif.gz", GeoTIFF, "", pack(bytes.NewReader(raw))},
		{"a.zip", GeoTIFF, "", archive("readme.txt", "a/b.tif")},
		{"two.zip", GeoTIFF, "holds 2 .hgt or .tif files", archive("a.tif", "b.tif")},
		{"misnamed.zip", HGT, "", archive("b.hgt")}, // content counts
		{"N46E016.hgt.gz", HGT, "unpacks to more than 128 MiB", pack(io.LimitReader(zeros{}, maxUnpacked+1))},
		{"cut.tif.gz", GeoTIFF, "cannot be unpacked", pack(bytes.NewReader(raw))[:200]},
	} {
		path := filepath.Join(t.TempDir(), test.name)
		if err := os.WriteFile(path, test.content, 0o600); err != nil {
			t.Fatal(err)
		}
		if kind, err := Detect(path); err != nil || kind != test.kind {
			t.Errorf("%s is %q, %v; want %q", test.name, kind, err, test.kind)
		}
		g, err := Read(path)
		if test.problem == "" && (err != nil || g.Cols != 40) || test.problem != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), test.problem)) {
			t.Errorf("%s: %v, want %q", test.name, err, test.problem)
		}
	}
	for name, content := range map[string][]byte{"places.zip": archive("places.kml"), "a.gpx": []byte("<gpx>"), "a": nil, "tour.gpx.gz": pack(strings.NewReader("<gpx>"))} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if kind, err := Detect(path); err != nil || kind != "" {
			t.Errorf("%s is taken for %q, %v", name, kind, err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
