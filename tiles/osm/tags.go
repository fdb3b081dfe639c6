package osm

import (
	"slices"
	"strings"
)

// Tag is one fact about an element.
type Tag struct{ Key, Value string }

// Tags are an element's facts, sorted by key, without duplicate keys.
type Tags []Tag

// Get returns the value of key, "" when absent.
func (t Tags) Get(key string) string {
	for _, tag := range t {
		if tag.Key == key {
			return tag.Value
		}
	}
	return ""
}

// SortTags puts tags that come from outside in order, in place. Of duplicate
// keys the first stays.
func SortTags(tags []Tag) Tags {
	if sorted(tags) {
		return tags
	}
	slices.SortStableFunc(tags, func(a, b Tag) int { return strings.Compare(a.Key, b.Key) })
	return slices.CompactFunc(tags, func(a, b Tag) bool { return a.Key == b.Key })
}

func sorted(tags []Tag) bool {
	for i := 1; i < len(tags); i++ {
		if tags[i-1].Key >= tags[i].Key {
			return false
		}
	}
	return true
}

func (t Tags) weight() int {
	n := 0
	for _, tag := range t {
		n += 32 + len(tag.Key) + len(tag.Value)
	}
	return n
}
