// Package media takes the photos of providers, makes them ready for phones, and
// keeps them.
//
// What comes in is JPEG, PNG, WebP or AVIF, told by its content, never by a name.
// Its header is read first: what has too many pixels, or would take too much
// memory to decode, is refused before it is decoded. Then it is decoded, turned
// upright as its Exif or AVIF properties say, laid on white, and made into JPEGs
// of at most 320, 800 and 1600 pixels on the longer side. Nothing else of the
// file is kept: no Exif, no XMP, no colour profile (colours are taken as sRGB),
// nothing hidden behind the picture. The place where it was taken is told to who
// uploads it, and forgotten. Sums are of whole numbers, so the same file gives
// the same bytes on every machine.
//
// A photo is named by the SHA-256 of its largest JPEG. So the same picture with
// other metadata is the same photo; one that only looks alike is told by a
// difference hash of 64 bits.
//
// # Records
//
//	media/{organisation}/{hash}         Photo: an organisation's photo
//	media-new/{organisation}/{n}/{hash} its look; n is 16 hex digits that fall with time
//	media-of/{hash}/{organisation}      who has a photo
//	photo/{hash}                        Picture
//
// The JPEGs lie in the private BlobStore as media/{hash}/{size}. They are written
// before the records that lead to them; Sweep removes what no record leads to.
//
// Errors are *Refusal, *InvalidError and the sentinels below. A Library is safe
// for concurrent use by one process.
package media

import (
	"errors"
	"time"

	"github.com/pannier-maps/pannier/tiles/feature"
)

// Limits of what is taken.
const (
	MaxBytes  = 20 << 20   // of a file
	MaxPixels = 50_000_000 // of a picture
	MaxSide   = 30_000     // pixels
	MinSide   = 16         // pixels
	MaxPhotos = 10_000     // of an organisation
)

// The sizes that are made: the longer side in pixels at most. Phone is the one
// that goes into bundles.
const (
	Small = 320
	Phone = 800
	Large = 1600
)

// Type is the media type of what is kept.
const Type = "image/jpeg"

// sizes are those made, the largest first, each with its JPEG quality.
var sizes = []struct{ side, quality int }{{Large, 85}, {Phone, 78}, {Small, 78}}

// Errors that a caller acts on.
var (
	// ErrKind is a file that is no picture of a kind that is taken.
	ErrKind = errors.New("not a picture that is taken")
	// ErrTooLarge is a file of too many bytes, or a picture of too many pixels.
	ErrTooLarge = errors.New("the picture is too large")
	// ErrBroken is a file that cannot be decoded.
	ErrBroken = errors.New("the picture is damaged")
	// ErrDigest is a file that is not what its sender announced.
	ErrDigest = errors.New("the file is not what was announced")
	// ErrNotFound is a photo that the organisation does not have.
	ErrNotFound = errors.New("no such photo")
	// ErrTooMany is more than MaxPhotos.
	ErrTooMany = errors.New("too many photos")
	// ErrBusy is a server with too many uploads at once.
	ErrBusy = errors.New("too many uploads at once")
	// ErrCursor is a cursor that no list gave.
	ErrCursor = errors.New("bad cursor of a list of photos")
)

// Refusal is one of the sentinels, with a sentence for who sent the file.
type Refusal struct {
	Cause error
	Why   string
}

func (r *Refusal) Error() string { return r.Cause.Error() + ": " + r.Why }

// Unwrap returns the sentinel.
func (r *Refusal) Unwrap() error { return r.Cause }

// InvalidError tells what is wrong with what was said of a photo, by member.
type InvalidError struct{ Problems []*feature.FieldError }

func (e *InvalidError) Error() string { return "invalid photo: " + e.Problems[0].Error() }

// Picture is a picture as it is kept, whoever has it.
type Picture struct {
	Hash   string    `json:"hash" doc:"SHA-256 of its largest size; what media.hash of a feature names"`
	Width  int       `json:"width" doc:"of its largest size, in pixels"`
	Height int       `json:"height"`
	Sizes  []Size    `json:"sizes" doc:"the largest first"`
	Look   string    `json:"look" doc:"difference hash of 64 bits, in hex: photos that look alike differ in few bits"`
	Made   time.Time `json:"made"`
}

// Size is one JPEG of a photo.
type Size struct {
	Side   int `json:"side" doc:"1600, 800 or 320: what its longer side is at most"`
	Width  int `json:"width"`
	Height int `json:"height"`
	Bytes  int `json:"bytes"`
}

// Photo is a photo that an organisation has, and what it says of it.
type Photo struct {
	Picture
	Words
	Given  Given      `json:"given" doc:"the file that was uploaded"`
	At     time.Time  `json:"at" doc:"when it was uploaded"`
	By     string     `json:"by" doc:"who uploaded it"`
	Edited *time.Time `json:"edited,omitempty" doc:"when licence, credit or texts were last changed"`
	Editor string     `json:"editor,omitempty" doc:"who changed them"`
	Gone   *time.Time `json:"gone,omitempty" doc:"when it was deleted"`
	Goner  string     `json:"goner,omitempty" doc:"who deleted it"`
}

// Complete reports whether it may be shown: its terms are known.
func (m Photo) Complete() bool { return m.Gone == nil && m.Licence != "" && m.Credit != "" }

// Given is what is known of an uploaded file; it is not kept itself.
type Given struct {
	Type   string `json:"type"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Bytes  int64  `json:"bytes"`
}

// Position is where a photo says it was taken, in WGS 84 degrees.
type Position struct {
	Lon float64 `json:"lon"`
	Lat float64 `json:"lat"`
}
