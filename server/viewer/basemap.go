package viewer

import (
	"context"

	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/schema"
	"github.com/pannier-maps/pannier/tiles/schema/pois"
	"github.com/pannier-maps/pannier/tiles/style"
)

// basemap tells what the map of a version is, where it was not drawn by our
// schema but taken from an archive; false for one of ours.
func (v *Viewer) basemap(ctx context.Context, m *version) (about archive.Metadata, ok bool, err error) {
	e, ok := m.Find(cell.Key{Layer: cell.Assets, ID: cell.World})
	if !ok {
		return about, false, nil
	}
	data, err := v.cells.item(ctx, e, []byte(archive.BasemapItem))
	if err != nil || data == nil {
		return about, false, err
	}
	about, err = archive.ParseBasemap(data)
	return about, err == nil, err
}

// layersOf returns the layers of a version's map, and its zooms.
func (v *Viewer) layersOf(ctx context.Context, m *version) (layers archive.Layers, first, last uint8, err error) {
	about, ok, err := v.basemap(ctx, m)
	if err != nil {
		return nil, 0, 0, err
	}
	if ok {
		return archive.ParseLayers(about.VectorLayers), about.MinZoom, min(about.MaxZoom, schema.MaxZoom), nil
	}
	layers = archive.Layers{}
	for _, l := range schema.LayersIn(m.Meta.Languages) {
		layers[l.Name] = &archive.Layer{ID: l.Name, Fields: l.Fields, MinZoom: l.MinZoom, MaxZoom: l.MaxZoom}
	}
	layers[pois.Name] = pois.Describe(m.Meta.Languages)
	return layers, 0, schema.MaxZoom, nil
}

// styleOf writes the style of a version's map: a plain one for another schema.
func (v *Viewer) styleOf(ctx context.Context, m *version, o style.Options) ([]byte, error) {
	about, ok, err := v.basemap(ctx, m)
	if err != nil {
		return nil, err
	}
	if ok {
		return style.Generic(o, archive.ParseLayers(about.VectorLayers))
	}
	return style.New(o)
}
