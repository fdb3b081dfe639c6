package host

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

// What a killed process leaves is gone after the next start, and nothing else is.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	names := map[string]bool{ // whether it stays
		"osm/alps/.new-1-base": false, "osm/alps/.new-1-base.part": false, "osm/alps/unused.osm": false, "osm/alps/unused.pmtiles": false,
		"pannier-tiles-1": false, "pannier-places-1": false, "pannier-features-1": false, "pannier-upload-1": false, ".sock1/pannierd.sock": false,
		"cache/alps.drawing": false, "cache/alps.base": false, "cache/alps.photos": true,
		"osm/alps/notes.txt": true, "mine": true,
	}
	for name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h, err := Open(t.Context(), dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for name, stays := range names {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); (err == nil) != stays {
			t.Errorf("%s: %v, want it to stay: %v", name, err, stays)
		}
	}
}
