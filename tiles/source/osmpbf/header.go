package osmpbf

import (
	"errors"
	"fmt"

	"github.com/paulmach/protoscan"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// known are the features that a file may require of its reader.
var known = map[string]bool{"OsmSchema-V0.6": true, "DenseNodes": true}

// decodeHeader reads a HeaderBlock.
func decodeHeader(raw []byte) (*osm.Header, error) {
	h := &osm.Header{}
	var err error
	var source, url string
	m := protoscan.New(raw)
	for m.Next() && err == nil {
		switch m.FieldNumber() {
		case 1:
			var box []byte
			if box, err = m.MessageData(); err == nil {
				h.Bounds, err = decodeBounds(box)
			}
		case 4:
			var feature string
			if feature, err = m.String(); err == nil && !known[feature] {
				err = fmt.Errorf("%w: it requires %q", ErrUnsupported, feature)
			}
		case 17:
			source, err = m.String()
		case 32:
			h.Timestamp, err = m.Int64()
		case 33:
			h.Sequence, err = m.Int64()
		case 34:
			url, err = m.String()
		default:
			m.Skip()
		}
	}
	h.Source = valid(source)
	if url != "" {
		h.Source = valid(url)
	}
	return h, corrupt(errors.Join(err, m.Err()), "file header")
}

// decodeBounds reads a HeaderBBox, in units of 1e-9 degrees.
func decodeBounds(data []byte) (osm.Box, error) {
	var edges [5]int64 // by field: left, right, top, bottom
	var err error
	m := protoscan.New(data)
	for m.Next() && err == nil {
		if n := m.FieldNumber(); n >= 1 && n <= 4 {
			edges[n], err = m.Sint64()
		} else {
			m.Skip()
		}
	}
	if err := errors.Join(err, m.Err()); err != nil {
		return osm.Box{}, err
	}
	lo, ok1 := point(edges[1], edges[4])
	hi, ok2 := point(edges[2], edges[3])
	if !ok1 || !ok2 {
		return osm.Box{}, fmt.Errorf("%w: bounds outside the world", ErrCorrupt)
	}
	return osm.Box{Min: lo, Max: hi}, nil
}

// point turns 1e-9 degrees into a place, rounded; false when it is none on Earth.
func point(lon, lat int64) (cell.Point, bool) {
	const degree = 1e9
	if lon < -180*degree || lon > 180*degree || lat < -90*degree || lat > 90*degree {
		return cell.Point{}, false
	}
	return cell.Point{LonE7: round(lon), LatE7: round(lat)}, true
}

// round divides by 100, halves away from zero.
func round(v int64) int32 {
	if v < 0 {
		return int32((v - 50) / 100)
	}
	return int32((v + 50) / 100)
}
