package gc

import (
	"time"

	"github.com/pannier-maps/pannier/sync/publish"
)

// Policy says which versions of a region are kept: those that are among the
// newest Versions, and those that were current within the last Days. The zero
// Policy keeps all. The newest version that everybody gets is always kept, and one
// that is rolled out beside it.
type Policy struct {
	Versions int `json:"versions,omitempty"` // 0: their number is no reason to keep any
	Days     int `json:"days,omitempty"`     // 0: their age is no reason to keep any
}

// first returns the index of the oldest version that is kept.
func (p Policy) first(versions []publish.Version, now time.Time) int {
	if p.Versions <= 0 && p.Days <= 0 || len(versions) == 0 {
		return 0
	}
	first := len(versions) - max(1, p.Versions)
	if versions[len(versions)-1].Staged() {
		first-- // most devices have the one before
	}
	if p.Days > 0 {
		// A version was current until the next one was made.
		oldest := now.AddDate(0, 0, -p.Days)
		for first > 0 && versions[first].Created.After(oldest) {
			first--
		}
	}
	return max(0, first)
}
