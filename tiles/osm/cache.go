package osm

import (
	"container/list"
	"sync"
)

// cache keeps decoded blocks, the last used ones, within a budget of bytes. The
// block that was asked for last is kept in any case. A block that several
// goroutines ask for at once is loaded once. Safe for concurrent use.
type cache struct {
	mu      sync.Mutex
	budget  int
	used    int
	entries map[cacheKey]*list.Element
	recent  list.List // of *cacheEntry, the last used first
}

// cacheKey names a block by its content, so that bases with one cache share the
// blocks that both have.
type cacheKey struct {
	what         cached
	first        int64
	shape, facts sum
}

func (b block) cacheKey(what cached) cacheKey {
	return cacheKey{what, b.first, b.shape.sum, b.facts.sum}
}

// cached says which part of a block is meant.
type cached uint8

const (
	cachedPlaces cached = iota
	cachedNodes
	cachedWays
	cachedShapes // of ways
	cachedRelations
)

type cacheEntry struct {
	key    cacheKey
	once   sync.Once
	value  any
	weight int
	err    error
}

func newCache(budget int) *cache {
	return &cache{budget: budget, entries: make(map[cacheKey]*list.Element)}
}

// get returns the value for key, loading it when it is not there. Faults are not kept.
func (c *cache) get(key cacheKey, load func() (value any, weight int, err error)) (any, error) {
	c.mu.Lock()
	at, ok := c.entries[key]
	if ok {
		c.recent.MoveToFront(at)
	} else {
		at = c.recent.PushFront(&cacheEntry{key: key})
		c.entries[key] = at
	}
	c.mu.Unlock()

	e := at.Value.(*cacheEntry)
	e.once.Do(func() {
		value, weight, err := load()
		c.mu.Lock()
		defer c.mu.Unlock()
		e.value, e.err = value, err
		if c.entries[key] != at {
			return // dropped while it was loaded
		}
		if err != nil {
			c.drop(at)
			return
		}
		e.weight = weight
		c.used += weight
		for c.used > c.budget && c.recent.Len() > 1 {
			c.drop(c.recent.Back())
		}
	})
	return e.value, e.err
}

func (c *cache) drop(at *list.Element) {
	e := c.recent.Remove(at).(*cacheEntry)
	delete(c.entries, e.key)
	c.used -= e.weight
}
