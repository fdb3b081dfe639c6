package main

import (
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/tiles/schema"
)

// TestGroupsNameEachLayer fails for a layer of ours that the comparison leaves out.
func TestGroupsNameEachLayer(t *testing.T) {
	var named []string
	for _, g := range groups {
		named = append(named, g.Ours...)
	}
	for _, l := range schema.Layers {
		if !slices.Contains(named, l.Name) {
			t.Errorf("no group has layer %s", l.Name)
		}
	}
	slices.Sort(named)
	if len(slices.Compact(named)) < len(named) {
		t.Error("a layer is in two groups")
	}
}
