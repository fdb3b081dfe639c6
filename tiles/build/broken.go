package build

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/pannier-maps/pannier/tiles/osm"
)

// Broken is an area relation that cannot be drawn as it is meant: what is wrong in
// it is left out. One that lacks ways in the base, as at the edge of an extract, is
// not told.
type Broken struct {
	Relation int64
	osm.Problem
}

func (b Broken) Error() string { return fmt.Sprintf("relation %d: %v", b.Relation, b.Problem) }

// findings are what elements say besides their records.
type findings struct {
	sea    shore
	broken []Broken // relations rising
}

// brokens gathers areas from several workers.
type brokens struct {
	mu  sync.Mutex
	all []Broken
}

func (b *brokens) add(r *osm.Relation, members []osm.MemberWay, problems []osm.Problem) {
	ways := 0
	for _, m := range r.Members {
		if m.Kind == osm.WayKind {
			ways++
		}
	}
	if len(problems) == 0 || len(members) < ways {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, Broken{r.ID, problems[0]})
}

// sorted returns those that were gathered, and earlier ones but of the relations
// that changed.
func (b *brokens) sorted(earlier []Broken, changed []int64) []Broken {
	all := slices.Clone(b.all)
	for _, e := range earlier {
		if _, gone := slices.BinarySearch(changed, e.Relation); !gone {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b Broken) int { return cmp.Compare(a.Relation, b.Relation) })
	return all
}
