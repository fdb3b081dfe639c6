package ingest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/dem"
	"github.com/pannier-maps/pannier/tiles/source"
)

// detect tells the format of a file.
func detect(file string) (source.Kind, error) {
	kind, err := dem.Detect(file)
	if err != nil || kind != "" {
		return source.Kind(kind), err
	}
	return source.Detect(file)
}

// heights adds a file to the region's height model, or puts it in the place of
// the one of the same grid.
func (im *Importer) heights(ctx context.Context, region, file string, opts Options) (Result, error) {
	g, err := dem.Read(file)
	if err != nil {
		return Result{}, err
	}
	filled := g.Fill()
	if filled.Voids == filled.Points {
		return Result{}, fmt.Errorf("%s: all of its %d heights are missing; is it of the sea?", file, filled.Points)
	}
	path, err := im.temp(region, "heights")
	if err != nil {
		return Result{}, err
	}
	defer os.Remove(path)
	name, err := writeHeights(g, path)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", file, err)
	}
	placing.Lock()
	defer placing.Unlock()
	if err := rename(path, filepath.Join(im.Folder, region, name)); err != nil {
		return Result{}, err
	}
	h := catalog.Heights{File: name, Grid: g.Shape.String(), Source: filepath.Base(file), Imported: time.Now().UTC().Truncate(time.Second)}
	if opts.Attribution != "" {
		h.Licence, h.Attribution = cmp.Or(opts.Licence, defaultLicence), opts.Attribution
	}
	if err := im.Catalog.AddHeights(ctx, region, h); err != nil {
		return Result{}, err
	}
	r := Result{Heights: filled.Points}
	if filled.Voids > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d of %d heights were missing: %d filled from those around, %d left open", filled.Voids, filled.Points, filled.Filled, filled.Voids-filled.Filled))
	}
	return r, im.dropHeights(ctx, region)
}

// writeHeights writes a grid to a file and returns the name for its content.
func writeHeights(g *dem.Grid, path string) (name string, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	err = g.Write(io.MultiWriter(f, hash))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)[:16]) + ".dem", nil
}

// dropHeights removes files that the model no longer has, or that a crash left.
func (im *Importer) dropHeights(ctx context.Context, region string) error {
	used, err := im.Catalog.Heights(ctx, region)
	if err != nil {
		return err
	}
	there, err := filepath.Glob(filepath.Join(im.Folder, region, "*.dem"))
	if err != nil {
		return err
	}
	for _, path := range there {
		if !slices.ContainsFunc(used, func(h catalog.Heights) bool { return h.File == filepath.Base(path) }) {
			os.Remove(path) // best effort: a file that stays behind harms nobody
		}
	}
	return nil
}
