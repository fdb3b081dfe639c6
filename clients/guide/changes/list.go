package changes

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Limits of a list.
const (
	MaxListed = 500
	MaxBytes  = 512 << 10 // encoded
)

// ErrCorrupt is returned for a list that cannot be read.
var ErrCorrupt = errors.New("corrupt list of changes")

// List is what one update brought.
type List struct {
	From    uint64   `json:"from"` // versions
	To      uint64   `json:"to"`
	Changes []Change `json:"changes,omitempty"` // those that matter most first
	More    []Count  `json:"more,omitempty"`    // of what is not listed
}

// Count is how many features of a category changed in a way.
type Count struct {
	What     What   `json:"what"`
	Category string `json:"category"`
	N        int    `json:"n"`
}

// NewList makes a list of all changes. Of too many it lists those that matter
// most, near a place if there is one, and counts the others.
func NewList(from, to uint64, all []Change, near *Place) List {
	l := List{From: from, To: to, Changes: slices.Clone(all)}
	slices.SortFunc(l.Changes, near.compare)
	l.cut(MaxListed)
	return l
}

// cut lists n changes and counts the others.
func (l *List) cut(n int) {
	if len(l.Changes) <= n {
		return
	}
	counts := make(map[Count]int)
	for _, c := range l.More {
		counts[Count{What: c.What, Category: c.Category}] += c.N
	}
	for _, c := range l.Changes[n:] {
		counts[Count{What: c.What, Category: c.Category}]++
	}
	l.Changes, l.More = l.Changes[:n], nil
	for c, n := range counts {
		c.N = n
		l.More = append(l.More, c)
	}
	slices.SortFunc(l.More, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Category, b.Category))
	})
}

// Total is how many features changed.
func (l List) Total() int {
	n := len(l.Changes)
	for _, c := range l.More {
		n += c.N
	}
	return n
}

// Encode returns the list as JSON, with fewer changes listed if they have very
// long texts.
func (l List) Encode() ([]byte, error) {
	for {
		data, err := json.Marshal(l)
		if err != nil || len(data) <= MaxBytes || len(l.Changes) == 0 {
			return data, err
		}
		l.cut(len(l.Changes) / 2)
	}
}

// Decode reads what Encode wrote.
func Decode(data []byte) (List, error) {
	var l List
	if len(data) > MaxBytes {
		return l, fmt.Errorf("%w: %d bytes, more than %d", ErrCorrupt, len(data), MaxBytes)
	}
	if err := json.Unmarshal(data, &l); err != nil {
		return l, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return l, nil
}
