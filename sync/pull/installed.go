package pull

import (
	"context"
	"iter"

	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// Installed is what a device holds of one region: the head and the manifest of a
// version, and of its cells those that the selection holds.
type Installed interface {
	// State returns the installed version; fs.ErrNotExist when there is none.
	State(ctx context.Context) (State, error)
	// Cell returns the canonical bytes of an installed cell, rebuilt from what
	// the device keeps. It may be called while Apply runs, by the iterator that
	// Apply was given, and then returns the old content.
	Cell(ctx context.Context, key cell.Key) ([]byte, error)
	// Apply makes next the installed version in one transaction. It checks that
	// each changed cell, as stored, has the hash that the manifest names, and
	// commits only then. On any error the installed version is untouched.
	Apply(ctx context.Context, next Version) error
	// Refresh replaces roots and head by newer ones; the head names the installed
	// manifest, and may be the installed one.
	Refresh(ctx context.Context, roots [][]byte, headNote []byte) error
}

// Origin is where a region comes from.
type Origin struct {
	Server string   // base URL
	Roots  [][]byte // signed notes: the root pinned at the first pull, and those that followed
}

// State is an installed version.
type State struct {
	Origin    Origin
	HeadNote  []byte
	Manifest  []byte          // encoded, of the whole version
	Selection cover.Selection // the part that the device holds
}

// Version is a version about to be installed.
type Version struct {
	State
	Decoded *manifest.Manifest // State.Manifest, decoded
	// Changed yields, in rising order of keys, the cells that are new or
	// differ, each checked against the manifest: of those that the selection
	// holds, with those it did not hold before. It can be ranged over once more
	// after a failure.
	Changed iter.Seq2[ChangedCell, error]
	// Removed are the cells that the device held and is to hold no longer.
	Removed []cell.Key
}

// ChangedCell is a cell's new content.
type ChangedCell struct {
	Key cell.Key
	Raw []byte
}
