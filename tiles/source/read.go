package source

import (
	"fmt"
	"io"

	"github.com/pannier-maps/pannier/tiles/source/csv"
	"github.com/pannier-maps/pannier/tiles/source/datatourisme"
	"github.com/pannier-maps/pannier/tiles/source/fit"
	"github.com/pannier-maps/pannier/tiles/source/geojson"
	"github.com/pannier-maps/pannier/tiles/source/gpx"
	"github.com/pannier-maps/pannier/tiles/source/kml"
	"github.com/pannier-maps/pannier/tiles/source/opendatahub"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/schemaorg"
	"github.com/pannier-maps/pannier/tiles/source/table"
	"github.com/pannier-maps/pannier/tiles/source/tcx"
	"github.com/pannier-maps/pannier/tiles/source/xlsx"
)

// readers are those of the kinds that providers send.
var readers = map[Kind]func(io.Reader, records.Options) (*records.File, error){
	GeoJSON: geojson.Read, GPX: gpx.Read, KML: kml.Read, KMZ: kml.ReadKMZ, FIT: fit.Read, TCX: tcx.Read,
	DATAtourisme: datatourisme.Read, DATAtourismeZip: datatourisme.ReadZip,
	OpenDataHub: opendatahub.Read, SchemaOrg: schemaorg.Read, WebPage: schemaorg.ReadPage,
	CSV: func(r io.Reader, opts records.Options) (*records.File, error) { return csv.Read(r, nil, opts) },
	XLSX: func(r io.Reader, opts records.Options) (*records.File, error) {
		return xlsx.Read(r, nil, opts)
	},
}

// Features reports whether a kind is one that Read reads: objects for riders,
// not map data.
func (k Kind) Features() bool { return readers[k] != nil }

// Table reports whether a kind has columns that a person may map (Preview).
func (k Kind) Table() bool { return k == CSV || k == XLSX }

// Read reads a file of a kind that has features. Columns of tables are guessed.
func Read(r io.Reader, kind Kind, opts records.Options) (*records.File, error) {
	read := readers[kind]
	if read == nil {
		return nil, fmt.Errorf("%s files have no features that can be imported", kind)
	}
	return read(r, opts)
}

// ReadTable reads a table by a mapping.
func ReadTable(r io.Reader, kind Kind, m table.Mapping, opts records.Options) (*records.File, error) {
	switch kind {
	case CSV:
		return csv.Read(r, &m, opts)
	case XLSX:
		return xlsx.Read(r, &m, opts)
	}
	return nil, fmt.Errorf("%s files have no columns to map", kind)
}

// Preview reads the first rows of a table and guesses what its columns hold.
func Preview(r io.Reader, kind Kind, opts records.Options) (table.Preview, error) {
	switch kind {
	case CSV:
		return csv.Look(r, opts)
	case XLSX:
		return xlsx.Look(r)
	}
	return table.Preview{}, fmt.Errorf("%s files have no columns to map", kind)
}
