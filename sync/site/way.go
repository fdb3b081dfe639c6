package site

import (
	"slices"

	"github.com/pannier-maps/pannier/sync/blob"
)

// MaxHops is how many deltas a way should have at most. Publishers see to it
// that there is such a way between any two of 400 versions.
const MaxHops = 5

// hopBytes is what asking for one delta takes beside the delta.
const hopBytes = 300

// farthest bounds the search in a history that has only long ways.
const farthest = 4 * MaxHops

// Way finds the published deltas that lead from a manifest to the target in the
// fewest bytes, as the versions passed on the way; none if there is no way. It
// has more than MaxHops deltas only if none is as short. Versions with the same
// content, as after a rollback, count as one place. bytes is what the deltas
// alone take.
func (h *History) Way(from blob.Hash, target Version) (way []Version, bytes int64) {
	byNumber := make(map[uint64]Version, len(h.Versions))
	byManifest := make(map[blob.Hash]Version, len(h.Versions))
	for _, v := range h.Versions {
		byNumber[v.Number], byManifest[v.Manifest] = v, v
	}
	byManifest[target.Manifest] = target
	// steps holds, for each place, the cheapest ways of at most n hops, for
	// n = 1, 2, … as far as they differ (Bellman and Ford).
	steps := map[blob.Hash][]step{from: {{}}}
	for n := 1; n <= farthest; n++ {
		better := false
		for _, d := range h.Deltas {
			a, okA := byNumber[d.From]
			b, okB := byNumber[d.To]
			before, reached := within(steps[a.Manifest], n-1)
			if !okA || !okB || !reached || d.Bytes < 0 {
				continue
			}
			next := step{n, before.cost + d.Bytes + hopBytes, a.Manifest}
			known, ok := within(steps[b.Manifest], n)
			switch {
			case ok && known.cost <= next.cost:
				continue
			case ok && known.hops == n:
				steps[b.Manifest][len(steps[b.Manifest])-1] = next
			default:
				steps[b.Manifest] = append(steps[b.Manifest], next)
			}
			better = true
		}
		if !better || n >= MaxHops && len(steps[target.Manifest]) > 0 {
			break
		}
	}
	last, ok := within(steps[target.Manifest], farthest)
	if !ok {
		return nil, 0
	}
	bytes = last.cost - int64(last.hops)*hopBytes
	for at := target.Manifest; last.hops > 0; last, _ = within(steps[at], last.hops-1) {
		way = append(way, byManifest[at])
		at = last.via
	}
	slices.Reverse(way)
	return way, bytes
}

// step is how a place is reached: in so many hops, the last from via.
type step struct {
	hops int
	cost int64
	via  blob.Hash
}

// within returns the cheapest of the steps that takes at most n hops.
func within(steps []step, n int) (step, bool) {
	for i := len(steps) - 1; i >= 0; i-- {
		if steps[i].hops <= n {
			return steps[i], true
		}
	}
	return step{}, false
}
