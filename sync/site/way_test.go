package site_test

import (
	"encoding/binary"
	"reflect"
	"testing"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/site"
)

func manifest(n uint64) (h blob.Hash) {
	binary.BigEndian.PutUint64(h[:], n)
	return h
}

func TestWay(t *testing.T) {
	type deltas = []site.Delta
	chain := deltas{{From: 1, To: 2, Bytes: 10}, {From: 2, To: 3, Bytes: 10}, {From: 3, To: 4, Bytes: 10}, {From: 4, To: 5, Bytes: 10},
		{From: 5, To: 6, Bytes: 10}, {From: 6, To: 7, Bytes: 10}}
	for _, test := range []struct {
		name     string
		deltas   deltas
		from, to uint64
		want     []uint64
		bytes    int64
	}{
		{"none", nil, 1, 2, nil, 0},
		{"one hop", chain, 1, 2, []uint64{2}, 10},
		{"chain", chain, 1, 6, []uint64{2, 3, 4, 5, 6}, 50},
		{"longer when there is no other", chain, 1, 7, []uint64{2, 3, 4, 5, 6, 7}, 60},
		{"a costlier way when the cheapest is long", append(deltas{{From: 1, To: 3, Bytes: 9000}}, chain...), 1, 7, []uint64{3, 4, 5, 6, 7}, 9040},
		{"fewer requests for a few bytes more", append(deltas{{From: 1, To: 4, Bytes: 400}}, chain...), 1, 4, []uint64{4}, 400},
		{"cheaper by a chain", append(deltas{{From: 1, To: 3, Bytes: 4000}}, chain...), 1, 3, []uint64{2, 3}, 20},
		{"backwards there is none", chain, 3, 1, nil, 0},
		{"negative lengths are ignored", deltas{{From: 1, To: 2, Bytes: -5}}, 1, 2, nil, 0},
		{"unknown versions are ignored", deltas{{From: 1, To: 99, Bytes: 1}, {From: 99, To: 2, Bytes: 1}}, 1, 2, nil, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := &site.History{Deltas: test.deltas}
			for n := uint64(1); n <= 7; n++ {
				h.Versions = append(h.Versions, site.Version{Number: n, Manifest: manifest(n)})
			}
			way, bytes := h.Way(manifest(test.from), h.Versions[test.to-1])
			var got []uint64
			for _, v := range way {
				got = append(got, v.Number)
			}
			if !reflect.DeepEqual(got, test.want) || bytes != test.bytes {
				t.Errorf("Way = %v, %d bytes; want %v, %d", got, bytes, test.want, test.bytes)
			}
		})
	}
}

// TestWayAfterRollback passes through versions of the same content.
func TestWayAfterRollback(t *testing.T) {
	h := &site.History{
		Versions: []site.Version{{Number: 1, Manifest: manifest(1)}, {Number: 2, Manifest: manifest(2)}, {Number: 3, Manifest: manifest(1)}, {Number: 4, Manifest: manifest(4)}},
		Deltas:   []site.Delta{{From: 1, To: 2, Bytes: 1}, {From: 2, To: 3, Bytes: 1}, {From: 3, To: 4, Bytes: 7}},
	}
	way, bytes := h.Way(manifest(1), h.Versions[3])
	if len(way) != 1 || way[0].Number != 4 || bytes != 7 {
		t.Errorf("Way = %v, %d bytes", way, bytes)
	}
}
