package ingest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/dem"
)

const tiffs = "../../tiles/dem/testdata/"

func TestHeights(t *testing.T) {
	im, ctx := importer(t), context.Background()
	folder := filepath.Join(im.Folder, "mura")
	results, err := im.Import(ctx, "mura", []string{tiffs + "int16_none.tif"}, Options{})
	if err != nil || len(results) != 1 || results[0].Heights != 1200 || results[0].Kind != dem.GeoTIFF {
		t.Fatalf("Import = %+v, %v", results, err)
	}
	if want := "2 of 1200 heights were missing: 2 filled from those around, 0 left open"; len(results[0].Notes) != 1 || results[0].Notes[0] != want {
		t.Errorf("notes %q, want %q", results[0].Notes, want)
	}
	first, err := im.Catalog.Heights(ctx, "mura")
	if err != nil || len(first) != 1 || first[0].Source != "int16_none.tif" || first[0].Licence != "" {
		t.Fatalf("the model is %+v, %v", first, err)
	}
	m, err := dem.OpenModel(filepath.Join(folder, first[0].File))
	if err != nil {
		t.Fatal(err)
	}
	m.Close()

	// The same heights in another packing are the same file; others of the same
	// grid take their place.
	for _, name := range []string{"int16_tiled.tif", "float32_lzw.tif"} {
		if _, err := im.Import(ctx, "mura", []string{tiffs + name}, Options{Licence: "CC-BY-4.0", Attribution: "Survey"}); err != nil {
			t.Fatal(err)
		}
		now, err := im.Catalog.Heights(ctx, "mura")
		if err != nil || len(now) != 1 || now[0].Source != name || now[0].Licence != "CC-BY-4.0" || now[0].Attribution != "Survey" {
			t.Fatalf("%s: the model is %+v, %v", name, now, err)
		}
		if same := now[0].File == first[0].File; same != (name == "int16_tiled.tif") {
			t.Errorf("%s: it is in the same file as before: %v", name, same)
		}
		files, err := os.ReadDir(folder)
		if err != nil || len(files) != 1 || files[0].Name() != now[0].File {
			t.Errorf("%s: files in the region's folder: %v, %v; want %s alone", name, files, err, now[0].File)
		}
	}
}

func TestBadHeights(t *testing.T) {
	im, ctx := importer(t), context.Background()
	for name, want := range map[string]string{
		file(t, "N46E016.hgt", "short"):       "5 bytes, want 2884802",
		file(t, "N46E016.hgt.gz", "no gzip"):  "N46E016.hgt.gz",
		file(t, "N46E016.hgt.zip", "no zip"):  "N46E016.hgt.zip",
		file(t, "N46E016.hgt", ""):            "cannot be read",
		tiffs + "refused_utm.tif":             "gdalwarp -t_srs EPSG:4326",
		file(t, "cut.tif", "II*\x00\x08\x00"): "cut off",
	} {
		results, err := im.Import(ctx, "mura", []string{name}, Options{})
		if !errors.Is(err, dem.ErrInvalid) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), filepath.Base(name)) || len(results) > 0 {
			t.Errorf("%s: %v, want %q and the file's name", name, err, want)
		}
	}
	sea := file(t, "N46E016.hgt", strings.Repeat("\x80\x00", 1201*1201))
	if _, err := im.Import(ctx, "mura", []string{sea}, Options{}); err == nil || !strings.Contains(err.Error(), "all of its 1442401 heights are missing") {
		t.Errorf("voids alone: %v", err)
	}
	if all, err := im.Catalog.Heights(ctx, "mura"); err != nil || len(all) > 0 {
		t.Errorf("bad files left %+v, %v", all, err)
	}
}
