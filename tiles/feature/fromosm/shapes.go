package fromosm

import (
	"slices"
	"strconv"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// Limits of what one route may be made of.
const (
	maxDepth     = 8         // relations within relations
	maxRelations = 10_000    // in one route
	maxNodes     = 2_000_000 // of its ways, before thinning
)

// within returns a point inside the largest polygon of a relation.
func (m *maker) within(r osm.Relation) (feature.Geometry, error) {
	members, err := m.base.MemberWays(r)
	if err != nil {
		return feature.Geometry{}, err
	}
	polygons, _ := osm.AssembleMultipolygon(members)
	if len(polygons) == 0 {
		return feature.Geometry{}, nil
	}
	return feature.At(feature.Inside(polygons[0]...)), nil
}

// route returns the category of a route that is there to be followed.
func (m *maker) route(tags osm.Tags) (category string, ok bool) {
	id, ok := taxonomy.Of(tags.Get)
	state := tags.Get("state")
	return id, ok && taxonomy.Group(id) == "route" && state != "proposed" && state != "planned"
}

// course gives a route its geometry and what follows from it: "distance", the
// kilometres of its lines, and "incomplete" when parts are missing in the base.
func (m *maker) course(r osm.Relation, f *feature.Feature) error {
	g := gathering{base: m.base, path: map[int64]bool{}}
	if err := g.add(r, "", 1); err != nil {
		return err
	}
	ways := slices.DeleteFunc(slices.Clone(g.ways), func(w osm.MemberWay) bool { return !osm.IsMain(w.Role) })
	if len(ways) == 0 {
		ways = g.ways
	}
	var lines []feature.Line
	metres := 0.0
	for _, points := range osm.JoinLines(ways) {
		points = slices.CompactFunc(points, func(a, b cell.Point) bool { return a == b })
		if len(points) < 2 {
			continue
		}
		metres += feature.Length(points)
		lines = append(lines, feature.Line{Points: simplify(points)})
	}
	f.Geometry = feature.Along(lines...)
	if len(lines) > 0 {
		f.Details["distance"] = strconv.FormatFloat(metres/1000, 'f', 1, 64)
	}
	if g.missing {
		f.Details["incomplete"] = "yes"
	}
	return nil
}

// gathering collects the ways of a route and of the routes in it.
type gathering struct {
	base      *osm.Base
	path      map[int64]bool // relations between the route and the one in hand
	relations int
	nodes     int
	ways      []osm.MemberWay
	missing   bool
}

// add collects the ways of r and, in their places, of its relations. Where a
// limit or a cycle stops it, the route is incomplete.
func (g *gathering) add(r osm.Relation, role string, depth int) error {
	if g.path[r.ID] || depth > maxDepth || g.relations == maxRelations {
		g.missing = true
		return nil
	}
	g.relations++
	g.path[r.ID] = true
	defer delete(g.path, r.ID)
	for from := 0; from < len(r.Members); {
		to := from
		for to < len(r.Members) && r.Members[to].Kind != osm.RelationKind {
			to++
		}
		if err := g.addWays(r.Members[from:to], role); err != nil {
			return err
		}
		if to < len(r.Members) {
			if err := g.addRelation(r.Members[to], role, depth); err != nil {
				return err
			}
			to++
		}
		from = to
	}
	return nil
}

func (g *gathering) addWays(members []osm.Member, role string) error {
	ways, err := g.base.MemberWays(osm.Relation{Members: members})
	if err != nil {
		return err
	}
	wanted := 0
	for _, m := range members {
		if m.Kind == osm.WayKind {
			wanted++
		}
	}
	g.missing = g.missing || len(ways) < wanted
	for _, w := range ways {
		if !osm.IsMain(role) {
			w.Role = role
		}
		if g.nodes += len(w.Nodes); g.nodes > maxNodes {
			g.missing = true
			return nil
		}
		g.ways = append(g.ways, w)
	}
	return nil
}

func (g *gathering) addRelation(member osm.Member, role string, depth int) error {
	r, ok, err := g.base.Relation(member.Ref)
	if err != nil {
		return err
	}
	if !ok {
		g.missing = true
		return nil
	}
	if osm.IsMain(role) {
		role = member.Role
	}
	return g.add(r, role, depth+1)
}
