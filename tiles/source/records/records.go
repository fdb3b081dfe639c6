// Package records is the common shape of what a provider's file holds: the
// readers below tiles/source give it, whatever the format.
//
// One bad row does not spoil a file: it is listed as Rejected, with its place and
// a reason in words for whoever keeps the file, and the rest is read on. A file
// that is not of the format at all, is cut off or goes beyond a limit is an
// error: a *Error, which wraps feature.ErrInvalid, or one that wraps ErrEmpty.
//
// Ids (Collector.Add) stay the same when a file comes again. The source's own id
// gives SOURCE/ID. Without one, an object with a name is SOURCE/HASH of its kind,
// its name and its first position rounded to 1e-4 degrees, about 10 m, so that it
// stays the same object when anything else changes; one without a name is
// SOURCE/HASH of its kind and its whole geometry (feature.ContentID). Of such
// objects with equal kinds, names and geometries the first is kept; others of the
// same hash get "-2", "-3" … in the order of the file.
//
// Collectors are for one goroutine; Files are not changed once they are given.
package records

import (
	"errors"
	"fmt"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// Limits of a file.
const (
	MaxFileBytes = 64 << 20 // as it is read: unpacked from gzip, not from zip
	MaxItems     = 200_000
	MaxRejected  = 1_000 // that are listed; the others are counted
	MaxWarnings  = 5     // of one item
)

// ErrEmpty is wrapped by the errors for files of a known format with nothing in
// them that could be shown.
var ErrEmpty = errors.New("there is nothing in this file to show on a map")

// Options says what a file does not.
type Options struct {
	Source      string   // name of the collection, and first part of ids
	Provider    string   // wins over what the file says
	Licence     string   // where the file says nothing
	Attribution string   // where the file says nothing
	Category    string   // of places where the file says nothing; "" is taxonomy.Other
	Language    string   // of texts where the file says nothing; "" is feature.Und
	Collections []string // that amendments may change, beside "osm"
	// SouthWest and NorthEast bound the region, if it is known: coordinates that lie
	// outside it, and would not when changed with each other, look swapped.
	SouthWest, NorthEast cell.Point
}

// Bounded reports whether the region is known.
func (o *Options) Bounded() bool { return o.SouthWest != o.NorthEast }

// Outside reports whether a position in degrees lies outside the region, if that
// is known.
func (o *Options) Outside(lat, lon float64) bool {
	return o.Bounded() && (lat < float64(o.SouthWest.LatE7)/1e7 || lat > float64(o.NorthEast.LatE7)/1e7 ||
		lon < float64(o.SouthWest.LonE7)/1e7 || lon > float64(o.NorthEast.LonE7)/1e7)
}

// Item is one object of a file.
type Item struct {
	Line     int             `json:"line,omitempty"` // where it begins, counted from 1; 0 where a format has no lines
	Feature  feature.Feature `json:"feature"`
	Amends   bool            `json:"amends,omitempty"`   // some members of another object; else complete and valid
	Warnings []string        `json:"warnings,omitempty"` // what was left out of it, and why
}

// Rejected is an object that cannot be read.
type Rejected struct {
	Line   int    `json:"line,omitempty"`  // as in Item
	Where  string `json:"where,omitempty"` // in the format's words: "feature 3", "<wpt>"
	Reason string `json:"reason"`
}

// String returns "line LINE, WHERE: REASON".
func (r Rejected) String() string { return place(r.Line, r.Where) + r.Reason }

// File is what a file holds, in its order.
type File struct {
	Items    []Item     `json:"items"`
	Rejected []Rejected `json:"rejected,omitempty"`
	Omitted  int        `json:"omitted,omitempty"` // further rejected objects, beyond MaxRejected
	Notes    []string   `json:"notes,omitempty"`   // about the file as a whole: what of it was not read
}

// Features returns the features alone.
func (f *File) Features() []feature.Feature {
	all := make([]feature.Feature, len(f.Items))
	for i, item := range f.Items {
		all[i] = item.Feature
	}
	return all
}

// Error says why a whole file cannot be read, and where.
type Error struct {
	Line  int // counted from 1; 0 where there is none
	Where string
	Err   error
}

// Errorf returns an *Error; line may be 0.
func Errorf(line int, format string, args ...any) error {
	return &Error{Line: line, Err: fmt.Errorf(format, args...)}
}

// Error returns "line LINE, WHERE: PROBLEM".
func (e *Error) Error() string { return place(e.Line, e.Where) + e.Err.Error() }

// Unwrap returns the cause and feature.ErrInvalid.
func (e *Error) Unwrap() []error { return []error{e.Err, feature.ErrInvalid} }

func place(line int, where string) string {
	switch {
	case line > 0 && where != "":
		return fmt.Sprintf("line %d, %s: ", line, where)
	case line > 0:
		return fmt.Sprintf("line %d: ", line)
	case where != "":
		return where + ": "
	}
	return ""
}
