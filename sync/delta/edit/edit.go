// Package edit codes content as an edit of older content: copies from the old,
// copies from what is already there of the new, and literal bytes.
//
// Which, from where and how long is written by an adaptive arithmetic coder, so
// that a small edit takes a few bytes and a large one less than a general
// compressor with the old content as its dictionary. The new content's length is
// not part of the edit. The same input gives the same bytes on every machine.
//
// The format is described in ../FORMAT.md. All functions are pure and safe for
// concurrent use.
package edit

import (
	"errors"
	"fmt"
)

// ErrCorrupt is returned for bytes that are no edit of the old content.
var ErrCorrupt = errors.New("corrupt edit")

// depths is how far copies are looked for in each round. Steps are planned in two
// rounds, the second with the prices that the first has found.
var depths = []int{8, 32}

// Content of more than large bytes, old and new together, is planned in one round
// that looks less far: it would take a minute else, for a few per cent.
var (
	large     = 8 << 20
	shallower = []int{3}
)

// Encode returns the edit that leads from old to raw.
func Encode(old, raw []byte) []byte {
	f := newFinder(old, raw)
	p := new(planner)
	prices := firstPrices()
	rounds := depths
	if len(f.all) > large {
		rounds = shallower
	}
	var best []byte
	for i, depth := range rounds {
		data, m := write(f, p.plan(f, prices, depth))
		if i == 0 || len(data) < len(best) {
			best = data
		}
		prices = newPrices(m)
	}
	return best
}

// write codes steps; the model it returns has learned them.
func write(f *finder, steps []step) ([]byte, *model) {
	c, m, s := newWriter(), newModel(), newState(f.oldLen)
	at := f.oldLen
	for _, o := range steps {
		m.step(c, &s, o, at, len(f.all))
		if o.length == 0 {
			m.literal(c, before(f.all[f.oldLen:at]), guess(&s, f.all, at), f.all[at])
		}
		s.after(o, at)
		at += max(o.length, 1)
	}
	return c.finish(), m
}

// goingOn returns the place where the copy before a literal would go on, -1 when
// there is none.
func (s *state) goingOn(at int) int {
	if s.kinds&1 == 0 {
		return -1
	}
	return at - s.shift[0]
}

// guess returns the byte there, -1 for none.
func guess(s *state, all []byte, at int) int {
	if from := s.goingOn(at); from >= 0 {
		return int(all[from])
	}
	return -1
}

// Decode applies an edit to old content. The result has length rawLen, which
// the caller bounds, or it is an error.
func Decode(old, data []byte, rawLen int) ([]byte, error) {
	c, m, s := newReader(data), newModel(), newState(len(old))
	end := len(old) + rawLen
	raw := make([]byte, 0, rawLen)
	for len(raw) < rawLen {
		at := len(old) + len(raw)
		o := m.step(c, &s, step{}, at, end)
		switch {
		case o.length == 0:
			guess := -1
			if from := s.goingOn(at); from >= len(old) {
				guess = int(raw[from-len(old)])
			} else if from >= 0 {
				guess = int(old[from])
			}
			raw = append(raw, m.literal(c, before(raw), guess, 0))
		case o.from < 0 || o.from >= at || o.length > end-at || o.from < len(old) && o.length > len(old)-o.from:
			return nil, fmt.Errorf("%w: bad copy near byte %d", ErrCorrupt, c.at)
		case o.from < len(old):
			raw = append(raw, old[o.from:o.from+o.length]...)
		default:
			for from := o.from - len(old); o.length > 0; {
				n := min(o.length, len(raw)-from) // a copy may run into what it writes
				raw = append(raw, raw[from:from+n]...)
				o.length -= n
			}
			o.length = len(old) + len(raw) - at
		}
		s.after(o, at)
	}
	if !c.spent() {
		return nil, fmt.Errorf("%w: bytes are left over", ErrCorrupt)
	}
	return raw, nil
}
