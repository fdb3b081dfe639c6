package build

import (
	"context"

	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/schema"
)

// members says for each way of which routes and boundaries it is a part.
type members struct {
	tags       []osm.Tags // of those relations
	routes     map[int64][]part
	boundaries map[int64][]part
}

// part says that a way is a member of a relation, by its number in tags, and which
// way along it a route goes.
type part struct {
	relation uint32
	way      schema.Direction
}

// routeKinds are the values of route that the base map shows.
var routeKinds = map[string]bool{"bicycle": true, "mtb": true, "hiking": true, "foot": true}

func newMembers() *members {
	return &members{routes: make(map[int64][]part), boundaries: make(map[int64][]part)}
}

// readMembers reads all relations.
func readMembers(ctx context.Context, base *osm.Base) (*members, error) {
	m := newMembers()
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

// lends reports whether a relation gives its ways attributes.
func lends(r *osm.Relation) bool { return isRoute(r) || isBoundary(r) }

func isRoute(r *osm.Relation) bool {
	return r.Tags.Get("type") == "route" && routeKinds[r.Tags.Get("route")]
}

func isBoundary(r *osm.Relation) bool { return r.Tags.Get("boundary") != "" && isArea(r) }

func (m *members) add(r *osm.Relation) {
	var ways map[int64][]part
	switch {
	case isRoute(r):
		ways = m.routes
	case isBoundary(r):
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
		list, way := ways[member.Ref], directions[member.Role]
		switch last := len(list) - 1; {
		case last < 0 || list[last].relation != n:
			ways[member.Ref] = append(list, part{n, way})
		case list[last].way != way: // there and back
			list[last].way = schema.Both
		}
	}
}

// directions gives the roles of members that say which way a route goes.
var directions = map[string]schema.Direction{"forward": schema.Forward, "backward": schema.Backward}

// routesOf returns the routes that a way is a part of.
func (m *members) routesOf(list []part) []schema.Route {
	if len(list) == 0 {
		return nil
	}
	routes := make([]schema.Route, len(list))
	for i, p := range list {
		routes[i] = schema.Route{Tags: m.tags[p.relation], Way: p.way}
	}
	return routes
}

// boundariesOf returns the tags of the boundaries that a way is a part of.
func (m *members) boundariesOf(list []part) []osm.Tags {
	if len(list) == 0 {
		return nil
	}
	tags := make([]osm.Tags, len(list))
	for i, p := range list {
		tags[i] = m.tags[p.relation]
	}
	return tags
}

// isArea reports whether a relation's ways bound an area.
func isArea(r *osm.Relation) bool {
	kind := r.Tags.Get("type")
	return kind == "multipolygon" || kind == "boundary"
}
