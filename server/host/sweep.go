package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// leftovers are what a killed process may leave in a data folder: imports under
// way, what drawing spilled to disk, previews, photos, a socket in the making.
var leftovers = []string{
	"osm/*/.new-*", "cache/.new-*", "pannier-tiles-*", "pannier-places-*", "pannier-features-*",
	"pannier-import-*", ".preview-*", "pannier-upload-*", ".sock*",
}

// ofBases are the endings of what the cache holds of a region's OpenStreetMap base.
var ofBases = []string{".base", ".drawing", ".shelf"}

// sweep removes them, bases that no region uses, and what the cache holds of
// regions without one. Nothing may run yet.
func (h *Host) sweep(ctx context.Context) error {
	folder := os.DirFS(h.Dir)
	var names []string
	for _, pattern := range leftovers {
		found, err := fs.Glob(folder, pattern)
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		names = append(names, found...)
	}
	var bases []string
	for _, pattern := range []string{"osm/*/*.osm", "osm/*/*.pmtiles"} {
		found, err := fs.Glob(folder, pattern)
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		bases = append(bases, found...)
	}
	for _, name := range bases {
		used, _, err := h.Catalog.Base(ctx, path.Base(path.Dir(name)))
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		if used.File != path.Base(name) {
			names = append(names, name)
		}
	}
	for _, ending := range ofBases {
		cached, err := fs.Glob(folder, "cache/*"+ending)
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		for _, name := range cached {
			used, ok, err := h.Catalog.Base(ctx, strings.TrimSuffix(path.Base(name), ending))
			if err != nil {
				return fmt.Errorf("sweep: %w", err)
			}
			if !ok || used.Archive != nil {
				names = append(names, name)
			}
		}
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, os.RemoveAll(filepath.Join(h.Dir, filepath.FromSlash(name))))
	}
	return errors.Join(errs...)
}
