package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pannier-maps/pannier/server/ingest"
	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/source"
)

// inspectArchive reads an archive of map tiles, as an import would.
func inspectArchive(path string, kind source.Kind) (i inspection, err error) {
	m, r, err := ingest.InspectArchive(context.Background(), path, kind)
	if err != nil {
		return i, err
	}
	layers := slices.Sorted(maps.Keys(archive.ParseLayers(m.VectorLayers)))
	i.Kind, i.Objects, i.Notes = kind, r.Tiles, r.Notes
	i.About = fmt.Sprintf("%s, a ready map of %d tiles of zooms %d to %d, with the layers %s; as the base map of a region",
		cmp.Or(m.Name, "without a name"), r.Tiles, m.MinZoom, m.MaxZoom, strings.Join(layers, ", "))
	return i, nil
}
