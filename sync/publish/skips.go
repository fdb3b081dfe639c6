package publish

import "slices"

// Skip deltas. Any version is reached from any older one among 400 in at most
// site.MaxHops = 5 deltas, though a publish makes 3.5 of them on average. There
// are two kinds of milestones, every 5th and every 25th version:
//
//	climb    from any version to the next 5th        1 hop
//	         from any 5th to the next 25th           1 hop
//	jump     from a 25th to any of the next 16       2 hops, as each of 1…16 is
//	                                                 one of {1,3,5,7,8} or a sum of two
//	descend  from the last 25th to any version       1 hop
//
// Without a 25th on the way: climb to a 5th, walk over at most three 5ths to the
// last one, and descend from there. Numbers count, not places in the history, so
// that it holds whatever older versions have been collected. Fewer than 4 deltas
// for each publish could not do: ways of 5 hops back from a version, with 3 to
// choose from at each, lead to 363 versions at most.
//
// Most deltas are between near versions and so are cheap to make: all that a
// publish makes span 44 versions of edits on average. (Five deltas for each
// publish are enough as well, as a search found, but these span 254.)
const (
	mile   = 5
	league = 25
)

var leagues = []uint64{1, 3, 5, 7, 8} // how far back jumps go

// SkipFrom lists the versions from which a publish of version number makes a
// delta, newest first: the one before, and those that keep the ways short.
func SkipFrom(number uint64) []uint64 {
	if number <= 1 {
		return nil
	}
	from := []uint64{number - 1}
	add := func(back uint64) {
		if back < number {
			from = append(from, number-back)
		}
	}
	add(1 + (number-1)%mile)
	add(1 + (number-1)%league)
	if number%mile == 0 {
		for back := uint64(2); back < mile; back++ {
			add(back)
		}
	}
	if number%league == 0 {
		for back := uint64(mile); back < league; back += mile {
			add(back)
		}
		for _, n := range leagues {
			add(n * league)
		}
	}
	slices.Sort(from)
	from = slices.Compact(from)
	slices.Reverse(from)
	return from
}
