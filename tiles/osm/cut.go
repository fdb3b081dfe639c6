package osm

// Where a block ends depends on the elements in it and nothing else: a block
// ends after an element whose id hashes to the end of one, once it has the least
// size, and at the greatest size in any case. So the same elements make the same
// blocks however they came together, and a change moves only the ends near it.

// sizes are the least and greatest numbers of elements of a block; between them
// one element of chance ends it. Chance is a power of two.
type sizes struct{ least, greatest, chance int }

var sizesOf = [sections]sizes{
	NodeKind:     {1000, 8000, 2048},
	WayKind:      {250, 2000, 512},
	RelationKind: {64, 500, 128},
	useSection:   {1000, 8000, 2048},
}

// weightPerBlock ends a block of large elements, in bytes in memory.
const weightPerBlock = 2 << 20

// end reports whether a block of count elements ends after the one with this id.
func (s sizes) end(id int64, count, weight int) bool {
	return count >= s.greatest || weight >= weightPerBlock ||
		count >= s.least && mix(uint64(id))&uint64(s.chance-1) == 0
}

// mix spreads ids: the last step of SplitMix64 (Steele, Lea, Flood: Fast
// Splittable Pseudorandom Number Generators, 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
