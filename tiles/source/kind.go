package source

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pannier-maps/pannier/tiles/source/csv"
	"github.com/pannier-maps/pannier/tiles/source/zipped"
)

// kindOf tells the format from the first bytes of a file.
func kindOf(head []byte) (Kind, error) {
	// A PBF file starts with the length of a block's header, then its type.
	if len(head) > 15 && head[0] == 0 && head[1] == 0 && bytes.Equal(head[4:15], []byte("\x0a\x09OSMHeader")) {
		return OSMPBF, nil
	}
	if len(head) >= 12 && head[0] >= 12 && bytes.Equal(head[8:12], []byte(".FIT")) {
		return FIT, nil
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(narrow(head), []byte("\xef\xbb\xbf")), " \t\r\n\x1e")
	if bytes.HasPrefix(text, []byte("{")) || bytes.HasPrefix(text, []byte("[")) {
		return kindOfJSON(text)
	}
	switch root(text) {
	case "osm":
		return OSMXML, nil
	case "osmChange":
		return OSMChange, nil
	case "gpx":
		return GPX, nil
	case "kml":
		return KML, nil
	case "TrainingCenterDatabase":
		return TCX, nil
	case "html":
		return WebPage, nil
	}
	if !bytes.HasPrefix(text, []byte("<")) && csv.Plausible(head) {
		return CSV, nil
	}
	return "", ErrUnknown
}

// archives tells files of map tiles by how they begin: PMTiles of any version, and
// databases of SQLite 3.
var archives = []struct {
	magic string
	kind  Kind
}{{"PMTiles", PMTiles}, {"SQLite format 3\x00", MBTiles}}

// kindOfArchive tells a file of map tiles; "" is none.
func kindOfArchive(head []byte) Kind {
	for _, a := range archives {
		if bytes.HasPrefix(head, []byte(a.magic)) {
			return a.kind
		}
	}
	return ""
}

// Archive reports whether a kind is an archive of map tiles.
func (k Kind) Archive() bool { return k == PMTiles || k == MBTiles }

// narrow makes the beginning of a text in UTF-16 readable as far as it is ASCII.
func narrow(head []byte) []byte {
	if !bytes.HasPrefix(head, []byte("\xff\xfe")) && !bytes.HasPrefix(head, []byte("\xfe\xff")) &&
		!bytes.HasPrefix(head, []byte("<\x00")) && !bytes.HasPrefix(head, []byte("\x00<")) {
		return head
	}
	return bytes.Trim(bytes.ReplaceAll(head, []byte{0}, nil), "\xff\xfe")
}

// kindOfZip tells an archive by the names in it.
func kindOfZip(r io.ReaderAt, size int64) (Kind, error) {
	archive, err := zipped.OpenAt(r, size)
	if err != nil {
		return "", err
	}
	var kml, objects, shapes bool
	for _, f := range archive.Files() {
		name := strings.ToLower(f.Name)
		if name == "xl/workbook.xml" {
			return XLSX, nil
		}
		shapes = shapes || strings.HasSuffix(name, ".shp")
		kml = kml || strings.HasSuffix(name, ".kml")
		objects = objects || strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".jsonld")
	}
	switch {
	case shapes:
		return Shapefile, nil
	case kml:
		return KMZ, nil
	case objects:
		return DATAtourismeZip, nil
	}
	return "", fmt.Errorf("%w: this zip archive is no KMZ, XLSX, shapefile or DATAtourisme archive; unpack it and import the files in it", ErrUnknown)
}

// root returns the name of an XML document's first element, without a prefix, ""
// when there is none.
func root(text []byte) string {
	for {
		text = bytes.TrimLeft(text, " \t\r\n")
		var end string
		switch {
		case bytes.HasPrefix(text, []byte("<?")):
			end = "?>"
		case bytes.HasPrefix(text, []byte("<!--")):
			end = "-->"
		case bytes.HasPrefix(text, []byte("<!")):
			end = ">"
			if i, j := bytes.IndexByte(text, '['), bytes.IndexByte(text, '>'); i >= 0 && i < j {
				end = "]>" // of a subset
			}
			if words := bytes.Fields(text[:min(len(text), 100)]); len(words) > 1 && strings.EqualFold(strings.TrimRight(string(words[1]), ">"), "html") {
				return "html"
			}
		case bytes.HasPrefix(text, []byte("<")):
			name := text[1:]
			if i := bytes.IndexAny(name, " \t\r\n/>"); i >= 0 {
				name = name[:i]
			}
			if i := bytes.IndexByte(name, ':'); i >= 0 {
				name = name[i+1:]
			}
			if strings.EqualFold(string(name), "html") {
				return "html"
			}
			return string(name)
		default:
			return ""
		}
		_, rest, ok := bytes.Cut(text, []byte(end))
		if !ok {
			return ""
		}
		text = rest
	}
}

// geometries are the types of GeoJSON objects.
var geometries = []string{"FeatureCollection", "Feature", "GeometryCollection", "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}

// kindOfJSON tells JSON by the members at its top and by those of the first
// object in a list there. An object whose first bytes name none that are known,
// because a long member stands before them, is taken for GeoJSON: its reader will
// tell.
func kindOfJSON(text []byte) (Kind, error) {
	members := outline(text)
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { _, ok := members[name]; return ok })
	}
	switch {
	case has("osm3s") || has("elements") && has("generator"):
		return Overpass, nil
	case text[0] == '{' && (has("features") || slices.Contains(geometries, members["type"])):
		return GeoJSON, nil
	case has("rdfs:label", "hasBeenCreatedBy", "isLocatedAt", "lastUpdateDatatourisme") || strings.Contains(members["@id"], "data.datatourisme.fr"):
		return DATAtourisme, nil
	case has("Id") && has("Detail", "AccoDetail", "_Meta", "GpsInfo", "GpsPoints", "ODHTags", "LicenseInfo", "ContactInfos") || has("Items") && has("TotalResults", "TotalPages", "CurrentPage"):
		return OpenDataHub, nil
	case has("@context", "@type", "@graph", "@id"):
		return SchemaOrg, nil
	case text[0] == '{' && len(text) > headSize-16 && len(members) < 2:
		return GeoJSON, nil
	}
	return "", fmt.Errorf("%w: this JSON is of no kind that is known", ErrUnknown)
}
