package main

import "testing"

func TestTargets(t *testing.T) {
	rows := []Sync{
		{Name: "nothing", Class: nothing, Sent: 150, Received: 150},
		{Name: "hours", Class: onePOI, Sent: 300, Received: 401, Work: 0.2, Delta: 120, FeaturesChanged: true, Peers: []Peer{
			{Name: "bsdiff", On: onRows, Bytes: 200}, {Name: goPMTilesName, On: onPMTiles, Bytes: 2000},
		}},
		{Name: "ways", Class: small, Sent: 300, Received: 3700, TilesChanged: true, Peers: []Peer{
			{Name: "bsdiff", On: onRaw, Bytes: 5000}, {Name: goPMTilesName, On: onPMTiles, Bytes: 2_000_000},
		}},
	}
	type verdict struct {
		row, promise string
		met          bool
	}
	want := []verdict{
		{"nothing", "bytes on the wire", true},
		{"hours", "bytes on the wire", false},
		{"hours", "seconds to publish", true},
		{"hours", "ours ÷ bsdiff on " + onRows, false}, // the archive of tiles does not hold the change
		{"ways", "ours ÷ " + goPMTilesName, true},
		{"ways", "ours ÷ bsdiff on " + onRaw, false},
	}
	got := targets(rows)
	if len(got) != len(want) {
		t.Fatalf("%d targets, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		if g := (verdict{got[i].Row, got[i].Promise, got[i].Met}); g != w {
			t.Errorf("target %d: got %+v, want %+v", i, g, w)
		}
	}
}

func TestBest(t *testing.T) {
	row := Sync{TilesChanged: true, FeaturesChanged: true, Peers: []Peer{
		{Name: "a", On: onRows, Bytes: 300},
		{Name: "b", On: onPMTiles, Bytes: 100, Wrong: "cut short"},
		{Name: "c", On: onMBTiles, Bytes: 200},
	}}
	if p, ok := row.best(); !ok || p.Name != "c" {
		t.Errorf("best %+v, want c", p)
	}
	row.TilesChanged = false
	if p, ok := row.best(); !ok || p.Name != "a" {
		t.Errorf("best when no tile changes %+v, want a", p)
	}
}
