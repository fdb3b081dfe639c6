package build

import (
	"context"

	"github.com/pannier-maps/pannier/tiles/osm"
)

// members says for each way of which routes and boundaries it is a part.
type members struct {
	tags       []osm.Tags // of those relations
	routes     map[int64][]uint32
	boundaries map[int64][]uint32
}

// routeKinds are the values of route that the base map shows.
var routeKinds = map[string]bool{"bicycle": true, "mtb": true, "hiking": true, "foot": true}

// readMembers reads all relations.
func readMembers(ctx context.Context, base *osm.Base) (*members, error) {
	m := &members{routes: make(map[int64][]uint32), boundaries: make(map[int64][]uint32)}
	for i := range base.RelationBlocks() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		relations, err := base.ReadRelations(i)
		if err != nil {
			return nil, err
		}
		for j := range relations {
			m.add(&relations[j])
		}
	}
	return m, nil
}

func (m *members) add(r *osm.Relation) {
	var ways map[int64][]uint32
	switch {
	case r.Tags.Get("type") == "route" && routeKinds[r.Tags.Get("route")]:
		ways = m.routes
	case r.Tags.Get("boundary") != "" && isArea(r):
		ways = m.boundaries
	default:
		return
	}
	n := uint32(len(m.tags))
	m.tags = append(m.tags, r.Tags)
	for _, member := range r.Members {
		if member.Kind != osm.WayKind {
			continue
		}
		list := ways[member.Ref]
		if len(list) == 0 || list[len(list)-1] != n {
			ways[member.Ref] = append(list, n)
		}
	}
}

// tagsOf returns the tags of relations by their number in m.
func (m *members) tagsOf(list []uint32) []osm.Tags {
	if len(list) == 0 {
		return nil
	}
	tags := make([]osm.Tags, len(list))
	for i, n := range list {
		tags[i] = m.tags[n]
	}
	return tags
}

// isArea reports whether a relation's ways bound an area.
func isArea(r *osm.Relation) bool {
	kind := r.Tags.Get("type")
	return kind == "multipolygon" || kind == "boundary"
}
