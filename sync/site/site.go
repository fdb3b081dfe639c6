// Package site holds the two JSON objects of a site: the list of its regions
// and a region's history.
//
// Neither is signed. The list tells what there is, and the history only
// helps to choose a way: a wrong history can cost bytes, never correctness,
// since whatever is fetched is checked against the signed head.
package site

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
)

// MaxBytes is the longest list or history that a client reads.
const MaxBytes = 8 << 20

// ErrCorrupt is returned for an object that is not what its name says.
var ErrCorrupt = errors.New("corrupt list")

// Regions lists the regions of a site.
type Regions struct {
	Regions []Region `json:"regions"`
}

// Region is what a visitor learns about a region before downloading it.
type Region struct {
	ID        string             `json:"id"`
	Name      string             `json:"name"`
	Languages []string           `json:"languages,omitempty"`
	Bounds    [4]int32           `json:"bounds"` // west, south, east, north in 1e-7 degrees
	Version   uint64             `json:"version"`
	Created   time.Time          `json:"created"`
	Bytes     int64              `json:"bytes"` // a first download
	Site      string             `json:"site"`  // with ID, the origin of the region's heads
	Root      string             `json:"root"`  // fingerprint of root 1, for people
	Licences  []manifest.Licence `json:"licences,omitempty"`
}

// History lists a region's versions, oldest first, and the deltas between them.
type History struct {
	Region   string    `json:"region"`
	Versions []Version `json:"versions"`
	Deltas   []Delta   `json:"deltas,omitempty"`
}

// Version is one published version.
type Version struct {
	Number   uint64    `json:"version"`
	Manifest blob.Hash `json:"manifest"`
	Raw      uint32    `json:"manifest_bytes"` // uncompressed
	Created  time.Time `json:"created"`
	Message  string    `json:"message,omitempty"`
	Cells    int       `json:"cells"`
	Bytes    int64     `json:"bytes"` // a first download
}

// Delta is a published delta between two versions.
type Delta struct {
	From  uint64 `json:"from"`
	To    uint64 `json:"to"`
	Bytes int64  `json:"bytes"`
}

// ParseRegions reads and checks a list of regions.
func ParseRegions(data []byte) (*Regions, error) {
	r := new(Regions)
	if err := parse(data, r); err != nil {
		return nil, err
	}
	for _, region := range r.Regions {
		if err := layout.CheckRegion(region.ID); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
	}
	return r, nil
}

// Find returns the region of that name.
func (r *Regions) Find(id string) (Region, bool) {
	for _, region := range r.Regions {
		if region.ID == id {
			return region, true
		}
	}
	return Region{}, false
}

// ParseHistory reads a history and checks that its numbers rise.
func ParseHistory(data []byte) (*History, error) {
	h := new(History)
	if err := parse(data, h); err != nil {
		return nil, err
	}
	for i, v := range h.Versions {
		if i > 0 && v.Number <= h.Versions[i-1].Number {
			return nil, fmt.Errorf("%w: version %d after %d", ErrCorrupt, v.Number, h.Versions[i-1].Number)
		}
	}
	return h, nil
}

func parse(data []byte, into any) error {
	if len(data) > MaxBytes {
		return fmt.Errorf("%w: %d bytes, more than %d", ErrCorrupt, len(data), MaxBytes)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return nil
}
