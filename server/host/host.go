// Package host opens a server's data folder and puts its rooms together.
//
// The folder holds
//
//	meta/      records, in Badger
//	private/   records too large for Badger, and imports under way
//	osm/       the regions' OpenStreetMap bases, height models and water polygons
//	cache/     what can be made again: the bases' features and drawn maps
//	public/    the site: what riders download, as plain files
//
// One process holds the folder at a time; a second gets store.ErrLocked.
package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"golang.org/x/sync/semaphore"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/compose"
	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/ingest"
	"github.com/pannier-maps/pannier/server/media"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/badger"
	"github.com/pannier-maps/pannier/server/store/cached"
	"github.com/pannier-maps/pannier/server/store/local"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/publish"
)

// Host is an open data folder. Its parts are safe for concurrent use.
type Host struct {
	Dir     string
	Catalog *catalog.Catalog
	Desk    *editing.Desk
	Media   *media.Library
	Site    Site

	words   compose.Words // of providers, between publishes
	public  *localstore.Store
	private *localstore.Store
	meta    store.MetaStore
	users   *semaphore.Weighted // of the site: see Hold
}

// Open opens a data folder, making it if need be, and repairs and removes what a
// crash left half-done. Callers close it.
func Open(ctx context.Context, dir string, log *slog.Logger) (_ *Host, err error) {
	h := &Host{Dir: dir, users: semaphore.NewWeighted(everyone)}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open data folder %s: %w", dir, err), h.Close())
		}
	}()
	for _, sub := range []string{"meta", "private", "osm", "public"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	if h.meta, err = badgerstore.Open(filepath.Join(dir, "meta"), badgerstore.Options{Log: log}); err != nil {
		h.meta = nil
		return nil, err
	}
	if h.private, err = localstore.Open(filepath.Join(dir, "private")); err != nil {
		return nil, err
	}
	if h.public, err = localstore.Open(filepath.Join(dir, "public")); err != nil {
		return nil, err
	}
	h.Site = Site{cached.New(h.public, polled)}
	if h.Catalog, err = catalog.Open(ctx, h.meta, h.private); err != nil {
		return nil, err
	}
	if h.Desk, err = editing.Open(ctx, h.Catalog, h.meta); err != nil {
		return nil, err
	}
	h.Media = media.New(media.Config{Meta: h.meta, Blobs: h.private, Temp: dir})
	h.Desk.Photos = h.Media
	if err := h.sweep(ctx); err != nil {
		return nil, err
	}
	publisher := h.Publisher(nil)
	if err = publisher.Repair(ctx); !errors.Is(err, publish.ErrAhead) {
		err = errors.Join(err, publisher.Renew(ctx))
	}
	if damage(err) {
		log.Error("the site is damaged; pannierd fsck tells what is", "err", err)
		err = nil
	}
	return h, err
}

// damage reports whether an error of Repair leaves the other regions, or what
// is published already, good to serve.
func damage(err error) bool {
	if err == nil || errors.Is(err, publish.ErrAhead) {
		return false
	}
	for _, cause := range []error{blob.ErrCorrupt, manifest.ErrCorrupt, fs.ErrNotExist, store.ErrFull} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

// Close closes the folder.
func (h *Host) Close() error {
	var errs []error
	if h.public != nil {
		errs = append(errs, h.public.Close())
	}
	if h.private != nil {
		errs = append(errs, h.private.Close())
	}
	if h.meta != nil {
		errs = append(errs, h.meta.Close())
	}
	return errors.Join(errs...)
}

// Progress tells how far a stage of long work is.
type Progress = func(stage string, done, total int64)

// Publisher returns a publisher for the site.
func (h *Host) Publisher(progress Progress) *publish.Publisher {
	return &publish.Publisher{Objects: h.Site, Ledger: h.Catalog.Ledger(), Progress: progress}
}

// Importer returns an importer for the regions.
func (h *Host) Importer(progress Progress) *ingest.Importer {
	return &ingest.Importer{Catalog: h.Catalog, Folder: filepath.Join(h.Dir, "osm"), Progress: progress}
}

// Composer returns a composer for the regions.
func (h *Host) Composer(progress Progress) *compose.Composer {
	return &compose.Composer{Catalog: h.Catalog, Words: &h.words, Photos: h.Media, Folder: filepath.Join(h.Dir, "osm"), Cache: filepath.Join(h.Dir, "cache"), TempDir: h.Dir, Progress: progress}
}

// Last returns the manifest of a region's newest version; nil when it has none.
func (h *Host) Last(ctx context.Context, region string) (*manifest.Manifest, error) {
	versions, err := h.Catalog.Ledger().Versions(ctx, region)
	if err != nil || len(versions) == 0 {
		return nil, err
	}
	v := versions[len(versions)-1]
	return publish.ReadManifest(ctx, h.Site, region, v.Manifest, v.Raw)
}
