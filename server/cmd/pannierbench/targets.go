package main

import "fmt"

// targets holds the rows against what is promised. A peer with a wrong result
// gives no verdict, and neither does an archive that does not hold the change.
func targets(rows []Sync) (all []Target) {
	for _, r := range rows {
		add := func(promise string, got, limit float64, note string) {
			all = append(all, Target{Row: r.Name, Promise: promise, Got: got, Limit: limit, Met: got <= limit, Note: note})
		}
		wire := float64(r.Wire())
		switch r.Class {
		case nothing:
			add("bytes on the wire", wire, 300, "")
		case onePOI:
			add("bytes on the wire", wire, 700, "")
			add("seconds to publish", r.Work, 0.3, "")
		}
		if p, ok := r.peer(goPMTilesName, onPMTiles); ok && p.Wrong == "" && r.TilesChanged {
			if limit := goPMTilesLimit[r.Class]; limit > 0 {
				add("ours ÷ "+p.Name, wire/float64(p.Bytes), limit, "")
			}
		}
		if p, ok := r.peer("bsdiff", r.raw()); ok {
			if limit := bsdiffLimit[r.Class]; limit > 0 {
				alone := float64(r.Delta) / float64(p.Bytes)
				add("ours ÷ bsdiff on "+p.On, wire/float64(p.Bytes), limit, fmt.Sprintf("the delta object alone: %.2f", alone))
			}
		}
	}
	return all
}

// The limits of our bytes on the wire, as parts of a peer's.
var (
	goPMTilesLimit = map[Class]float64{onePOI: 0.01, small: 0.01, days: 0.01, months: 0.05}
	bsdiffLimit    = map[Class]float64{onePOI: 0.7, small: 0.7, months: 1}
)
