package osm

import (
	"slices"
	"strings"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// JoinLines joins the member ways of a route relation to as few lines as they
// allow, in member order. Gaps stay gaps.
//
// The main line comes first: members without a role, "main" and "forward". Then
// come "backward", and each other role (such as "alternative", "excursion",
// "approach") by its first member, joined among themselves. Stops, platforms and
// guideposts are no part of the line.
//
// A way is turned to fit the one before it; only "forward" and "backward" ways
// keep their direction, along and against their nodes. The lane back of a split
// road becomes a line of its own. A
// closed way in the middle of a route, such as a roundabout, is followed in its
// direction from where the route meets it to where it goes on; at the end of a
// route, or when it is met and left at one node, it is ridden once around.
func JoinLines(members []MemberWay) [][]cell.Point {
	var lines [][]cell.Point
	for _, group := range byRole(members) {
		for _, line := range joinGroup(group) {
			lines = append(lines, points(line))
		}
	}
	return lines
}

// IsMain reports whether a member with this role is part of a route's main line.
func IsMain(role string) bool { return role == "" || role == "main" || role == "forward" }

// byRole returns the members that are joined together, the main line first.
func byRole(members []MemberWay) [][]MemberWay {
	roles := []string{"", "backward"}
	groups := map[string][]MemberWay{}
	for _, w := range members {
		role := w.Role
		switch {
		case len(w.Nodes) < 2 || offLine(role):
			continue
		case IsMain(role):
			role = ""
		}
		if !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
		groups[role] = append(groups[role], w)
	}
	ordered := make([][]MemberWay, 0, len(roles))
	for _, role := range roles {
		ordered = append(ordered, groups[role])
	}
	return ordered
}

// offLine reports roles of things beside the way.
func offLine(role string) bool {
	return strings.HasPrefix(role, "platform") || strings.HasPrefix(role, "stop") || role == "guidepost" || role == "information"
}

// line is a row of vertices that is being joined.
type line []vertex

func (l line) start() int64 { return l[0].id }
func (l line) end() int64   { return l[len(l)-1].id }

// joinGroup joins the ways in their order, then the lines that this gave.
func joinGroup(ways []MemberWay) []line {
	var lines []line
	for i, way := range ways {
		var next *MemberWay
		if i+1 < len(ways) {
			next = &ways[i+1]
		}
		if way.closed() {
			lines = joinLoop(lines, way, next)
		} else {
			lines = joinWay(lines, way, next)
		}
	}
	return joinEnds(lines)
}

// joinWay adds an open way to the line that it goes on, the latest such, or
// starts a new one.
func joinWay(lines []line, way MemberWay, next *MemberWay) []line {
	v := line(way.vertices())
	fixed := way.Role == "forward" || way.Role == "backward"
	if way.Role == "backward" {
		slices.Reverse(v)
	}
	for i := len(lines) - 1; i >= 0; i-- {
		switch l := lines[i]; {
		case l.end() == v.start():
			lines[i] = append(l, v[1:]...)
			return lines
		case l.end() == v.end() && !fixed:
			slices.Reverse(v)
			lines[i] = append(l, v[1:]...)
			return lines
		case l.start() == v.end() && fixed: // the way back, listed from its end
			lines[i] = append(v, l[1:]...)
			return lines
		}
	}
	for i := len(lines) - 1; i >= 0; i-- {
		for _, node := range []int64{v.start(), v.end()} {
			at := lines[i].fork(node)
			if at < 0 || fixed && node == v.end() {
				continue
			}
			if node == v.end() {
				slices.Reverse(v)
			}
			back := slices.Clone(lines[i][at:])
			lines[i] = append(lines[i][:at+1], v[1:]...)
			return append(lines, back)
		}
	}
	if next != nil && !fixed && touches(*next, v.start()) && !touches(*next, v.end()) {
		slices.Reverse(v)
	}
	return append(lines, v)
}

// fork returns where a line passes the node, if it runs back to a place before
// that afterwards, as the other lane of a split road does; otherwise -1.
func (l line) fork(node int64) int {
	at := slices.IndexFunc(l, func(v vertex) bool { return v.id == node })
	if at < 1 || at == len(l)-1 || !slices.ContainsFunc(l[:at], func(v vertex) bool { return v.id == l.end() }) {
		return -1
	}
	return at
}

// joinLoop adds a closed way.
func joinLoop(lines []line, way MemberWay, next *MemberWay) []line {
	loop := way.vertices()
	loop = loop[:len(loop)-1]
	index := func(id int64) int {
		return slices.IndexFunc(loop, func(v vertex) bool { return v.id == id })
	}
	exit := -1
	if next != nil {
		for _, id := range next.Nodes {
			if at := index(id); at >= 0 && (next.closed() || id == next.first() || id == next.last()) {
				exit = at
				break
			}
		}
	}
	for i := len(lines) - 1; i >= 0; i-- {
		if entry := index(lines[i].end()); entry >= 0 {
			lines[i] = append(lines[i], along(loop, entry, exit)[1:]...)
			return lines
		}
	}
	return append(lines, along(loop, max(exit, 0), exit))
}

// along returns the part of a loop from entry to exit, once around when they are
// the same or there is no exit.
func along(loop []vertex, entry, exit int) line {
	n := len(loop)
	steps := n
	if exit >= 0 && exit != entry {
		steps = (exit - entry + n) % n
	}
	part := make(line, 0, steps+1)
	for k := range steps + 1 {
		part = append(part, loop[(entry+k)%n])
	}
	return part
}

// touches reports whether a route can get from the node to the way.
func touches(way MemberWay, node int64) bool {
	if way.closed() {
		return slices.Contains(way.Nodes, node)
	}
	return way.first() == node || way.last() == node
}

// joinEnds joins lines at common ends, until none fit any more.
func joinEnds(lines []line) []line {
	for i := 0; i < len(lines); i++ {
		for k := i + 1; k < len(lines); k++ {
			joined := joinTwo(lines[i], lines[k])
			if joined == nil {
				continue
			}
			lines[i] = joined
			lines = slices.Delete(lines, k, k+1)
			k = i // look at all the others again
		}
	}
	return lines
}

// joinTwo joins two lines at a common end, keeping the direction of the first.
// It returns nil when they have none, or when one is a loop of its own.
func joinTwo(a, b line) line {
	if a.start() == a.end() || b.start() == b.end() {
		return nil
	}
	switch {
	case a.end() == b.start():
	case a.end() == b.end():
		slices.Reverse(b)
	case a.start() == b.end():
		a, b = b, a
	case a.start() == b.start():
		slices.Reverse(b)
		a, b = b, a
	default:
		return nil
	}
	return append(a, b[1:]...)
}
