package catalog

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/text/language"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/sync/layout"
)

// Region is what an operator says of a region.
type Region struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Languages []string        `json:"languages"`          // BCP 47, the first is the default
	Boundary  json.RawMessage `json:"boundary,omitempty"` // GeoJSON Polygon or MultiPolygon
	Site      string          `json:"site"`
	Created   time.Time       `json:"created"`
}

// Base is what the region's map is made of, a file in the region's folder:
// OpenStreetMap data (a file of tiles/osm) or, as Archive says, ready tiles.
type Base struct {
	File     string    `json:"file"`
	Imported time.Time `json:"imported"`
	Sources  []string  `json:"sources"` // names of the files it was made from, oldest first
	Archive  *Archive  `json:"archive,omitempty"`
}

// Archive is about a base of ready tiles (a file of tiles/archive/pmtiles).
type Archive struct {
	Licence     string `json:"licence,omitempty"`     // SPDX id
	Attribution string `json:"attribution,omitempty"` // plain text
}

// CreateRegion adds a region and makes a key for its heads, which signs once a
// root lists it.
func (c *Catalog) CreateRegion(ctx context.Context, r Region) (Region, error) {
	if err := layout.CheckRegion(r.ID); err != nil {
		return Region{}, err
	}
	if r.Name == "" {
		r.Name = r.ID
	}
	for i, l := range r.Languages {
		tag, err := language.Parse(l)
		if err != nil {
			return Region{}, fmt.Errorf("language %q: %w; use codes such as \"de\" or \"sl\"", l, err)
		}
		r.Languages[i] = tag.String()
	}
	r.Created = c.now().UTC().Truncate(time.Second)
	err := c.meta.Update(ctx, func(txn store.Txn) error {
		var there Region
		if err := get(txn, key("region", r.ID), &there); !errors.Is(err, store.ErrNotFound) {
			return errors.Join(err, fmt.Errorf("%w: %q", ErrExists, r.ID))
		}
		var err error
		if r.Site, err = site(txn); err != nil {
			return err
		}
		if _, err := newHeadKey(txn, r); err != nil {
			return err
		}
		return set(txn, key("region", r.ID), r)
	})
	return r, err
}

// site returns the site's name, making one up at the first call.
func site(txn store.Txn) (string, error) {
	name, err := txn.Get(key("site"))
	if err == nil || !errors.Is(err, store.ErrNotFound) {
		return string(name), err
	}
	random := make([]byte, 4)
	rand.Read(random)
	name = []byte("pannier-" + hex.EncodeToString(random))
	return string(name), txn.Set(key("site"), name)
}

// Region returns a region's facts.
func (c *Catalog) Region(ctx context.Context, id string) (r Region, err error) {
	err = c.meta.View(ctx, func(txn store.Txn) error { return get(txn, key("region", id), &r) })
	return r, noRegion(err, id)
}

// AllRegions lists the regions by id.
func (c *Catalog) AllRegions(ctx context.Context) (all []Region, err error) {
	err = c.meta.View(ctx, func(txn store.Txn) error {
		all, err = list[Region](txn, key("region", ""))
		return err
	})
	return all, err
}

// Base returns what a region's map is made of, if there is anything.
func (c *Catalog) Base(ctx context.Context, region string) (b Base, ok bool, err error) {
	err = c.meta.View(ctx, func(txn store.Txn) error { return get(txn, key("osm", region), &b) })
	if errors.Is(err, store.ErrNotFound) {
		return Base{}, false, nil
	}
	return b, err == nil, err
}

// SetBase makes b the base of the region's map in place of the one whose file is
// was ("" for none); it fails when that is no longer the case.
func (c *Catalog) SetBase(ctx context.Context, region, was string, b Base) error {
	return c.meta.Update(ctx, func(txn store.Txn) error {
		var now Base
		if err := get(txn, key("osm", region), &now); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if now.File != was {
			return fmt.Errorf("import into %s: another import changed its map data meanwhile; run it again", region)
		}
		return set(txn, key("osm", region), b)
	})
}

func noRegion(err error, id string) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%w: %q; create it with: pannierd region create %s", ErrNoRegion, id, id)
	}
	return err
}
