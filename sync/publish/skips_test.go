package publish_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/site"
)

// TestAnyTwoOf400 takes every window of 400 versions that differs from the
// others (the rule repeats each 25) and every pair in it.
func TestAnyTwoOf400(t *testing.T) {
	const kept, period = 400, 25
	longest := make(map[int]int)
	for to := uint64(2); to <= kept+2*period; to++ {
		first := uint64(1)
		if to > kept {
			first = to - kept + 1
		}
		hops := map[uint64]int{to: 0} // breadth first, back from to
		for queue := []uint64{to}; len(queue) > 0; queue = queue[1:] {
			for _, from := range publish.SkipFrom(queue[0]) {
				if _, ok := hops[from]; !ok && from >= first {
					hops[from] = hops[queue[0]] + 1
					queue = append(queue, from)
				}
			}
		}
		for from := first; from < to; from++ {
			n, ok := hops[from]
			if !ok || n > site.MaxHops {
				t.Errorf("from version %d to %d: %d hops", from, to, n)
			}
			longest[n]++
		}
	}
	t.Logf("pairs by hops: %v", longest)
}

func TestSkipFrom(t *testing.T) {
	for number, want := range map[uint64][]uint64{
		0: nil, 1: nil, 2: {1}, 3: {2}, 5: {4, 3, 2, 1}, 6: {5}, 7: {6, 5}, 10: {9, 8, 7, 6, 5}, 25: {24, 23, 22, 21, 20, 15, 10, 5},
		26: {25}, 33: {32, 30, 25}, 100: {99, 98, 97, 96, 95, 90, 85, 80, 75, 25},
	} {
		if got := publish.SkipFrom(number); !slices.Equal(got, want) {
			t.Errorf("SkipFrom(%d) = %v, want %v", number, got, want)
		}
	}
	var deltas, spanned, most int
	for number := uint64(1001); number <= 1025; number++ {
		from := publish.SkipFrom(number)
		if from[0] != number-1 {
			t.Errorf("SkipFrom(%d) begins with %d", number, from[0])
		}
		most = max(most, len(from))
		deltas += len(from)
		for _, f := range from {
			spanned += int(number - f)
		}
	}
	if deltas > 25*7/2 || most > 13 || spanned > 25*45 {
		t.Errorf("%d deltas in 25 publishes, %d at once, that span %d versions", deltas, most, spanned)
	}
}

// TestWayHasFewHops asks the client's search for the way, with deltas whose
// lengths tempt it to take many.
func TestWayHasFewHops(t *testing.T) {
	h := new(site.History)
	for n := uint64(1); n <= 400; n++ {
		var name blob.Hash
		binary.BigEndian.PutUint64(name[:], n)
		h.Versions = append(h.Versions, site.Version{Number: n, Manifest: name})
		for _, from := range publish.SkipFrom(n) {
			h.Deltas = append(h.Deltas, site.Delta{From: from, To: n, Bytes: int64(n-from) * int64(n-from) * 1000})
		}
	}
	for to := 1; to < 400; to += 7 {
		for from := 0; from < to; from += 3 {
			if way, _ := h.Way(h.Versions[from].Manifest, h.Versions[to]); len(way) == 0 || len(way) > site.MaxHops {
				t.Fatalf("from version %d to %d: %d hops", from+1, to+1, len(way))
			}
		}
	}
}
