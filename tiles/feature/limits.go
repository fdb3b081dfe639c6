package feature

import (
	"errors"
	"fmt"
	"math"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// Limits of a record. Lengths of texts are in characters (code points).
const (
	MaxBytes       = 4 << 20 // canonical JSON
	MaxPoints      = 200_000 // positions of the geometry
	MaxHeight      = 20_000  // metres, up or down
	MaxIDBytes     = 200
	MaxLanguages   = 64 // of names, and of descriptions
	MaxNameChars   = 300
	MaxTextChars   = 20_000 // a description
	MaxValueChars  = 2_000  // any other text
	MaxDetails     = 64
	MaxDetailBytes = 64 // a detail's key
	MaxMedia       = 32
	MaxLinks       = 32
	MaxTerms       = 64 // services, products, aids
	MaxSeasons     = 12
	MaxStages      = 200
	MaxWaypoints   = 2_000
	MaxProfile     = 20_000 // heights of a profile
	MaxAffected    = 200    // routes that a notice concerns
	MaxProblems    = 100    // that Problems lists
)

// ErrInvalid is wrapped by every error about a record's content.
var ErrInvalid = errors.New("invalid feature")

// FieldError says what is wrong with one member, in words for whoever wrote it.
type FieldError struct {
	Field   string // JSON path: "names.de", "geometry.coordinates"
	Problem string // "must not be empty"
}

// Error returns "FIELD: PROBLEM".
func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

// Unwrap returns ErrInvalid.
func (e *FieldError) Unwrap() error { return ErrInvalid }

// PointAt rounds degrees to a point. It returns what is wrong with them, or "".
func PointAt(lon, lat float64) (p cell.Point, problem string) {
	if !(math.Abs(lon) <= 180) {
		return p, fmt.Sprintf("longitude %v is outside -180..180", lon)
	}
	if !(math.Abs(lat) <= 90) {
		return p, fmt.Sprintf("latitude %v is outside -90..90", lat)
	}
	return cell.Point{LonE7: int32(math.Round(lon * 1e7)), LatE7: int32(math.Round(lat * 1e7))}, ""
}
