// Package osm holds OpenStreetMap elements and the base, the file in which a
// region's elements are kept between an import and a build.
//
// Elements are nodes, ways and relations. Locations are in units of 1e-7
// degrees, times in Unix seconds; tags are sorted by key. Readers of other
// formats (tiles/source/osmpbf, tiles/source/osmxml) pass them on through a
// Handler, a Collector brings them into order, a Writer packs them, a Base reads
// them again, Merge and Apply make new bases of old ones. Geometry of relations
// comes from AssembleMultipolygon and JoinLines, the sea from AssembleCoast.
//
// A base is sorted by kind (nodes, ways, relations), then by id. The same
// elements and the same header give the same bytes on every machine, and a change
// leaves all but the blocks around it as they are: Apply copies those, Diff does
// not read them. FORMAT.md beside this file has the bytes.
//
// A Base is safe for concurrent use; a Writer and a Collector are for one
// goroutine. Elements that were handed to one of them, or that came from a Base,
// share memory with it: read them, don't change them.
package osm

import (
	"errors"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// Errors a caller can act on.
var (
	ErrOrder    = errors.New("elements out of order") // a Writer was given an element that does not follow the last one
	ErrCorrupt  = errors.New("corrupt base")          // a file is no base, or was damaged
	ErrVersion  = errors.New("base of another version of this program: import the extract again")
	ErrTooLarge = errors.New("element over the limit") // one element alone fills more than a block may hold
)

// Meta says which edit of an element this is.
type Meta struct {
	Version   int32 // 0 unknown
	Timestamp int64 // Unix seconds, 0 unknown
}

// Node is a point.
type Node struct {
	ID    int64
	Point cell.Point
	Tags  Tags
	Meta  Meta
}

// Way is a line or a ring of nodes.
type Way struct {
	ID    int64
	Nodes []int64
	Tags  Tags
	Meta  Meta
}

// Closed reports whether the way ends where it began.
func (w Way) Closed() bool {
	return len(w.Nodes) > 2 && w.Nodes[0] == w.Nodes[len(w.Nodes)-1]
}

// MemberKind is the kind of an element.
type MemberKind uint8

// The kinds, in the order of a base. The numbers are part of the format.
const (
	NodeKind     MemberKind = 0
	WayKind      MemberKind = 1
	RelationKind MemberKind = 2
)

const kinds = 3

// String returns "node", "way" or "relation".
func (k MemberKind) String() string {
	if k < kinds {
		return [kinds]string{"node", "way", "relation"}[k]
	}
	return "unknown kind"
}

// Member is one part of a relation.
type Member struct {
	Kind MemberKind
	Ref  int64
	Role string
}

// Relation is an ordered group of elements.
type Relation struct {
	ID      int64
	Members []Member
	Tags    Tags
	Meta    Meta
}

// Box is a rectangle from Min (south-west) to Max (north-east).
type Box struct{ Min, Max cell.Point }

// extend returns the smallest box with both b and p.
func (b Box) extend(p cell.Point) Box {
	return Box{
		Min: cell.Point{LonE7: min(b.Min.LonE7, p.LonE7), LatE7: min(b.Min.LatE7, p.LatE7)},
		Max: cell.Point{LonE7: max(b.Max.LonE7, p.LonE7), LatE7: max(b.Max.LatE7, p.LatE7)},
	}
}

// Meets reports whether two boxes have a place in common.
func (b Box) Meets(o Box) bool {
	return b.Min.LonE7 <= o.Max.LonE7 && o.Min.LonE7 <= b.Max.LonE7 && b.Min.LatE7 <= o.Max.LatE7 && o.Min.LatE7 <= b.Max.LatE7
}

// Holds reports whether the other box lies in this one.
func (b Box) Holds(o Box) bool {
	return b.Min.LonE7 <= o.Min.LonE7 && b.Max.LonE7 >= o.Max.LonE7 && b.Min.LatE7 <= o.Min.LatE7 && b.Max.LatE7 >= o.Max.LatE7
}

// Header describes where elements come from.
type Header struct {
	Bounds    Box    // zero when unknown
	Timestamp int64  // state of the data, Unix seconds, 0 unknown
	Sequence  int64  // replication sequence number, 0 unknown
	Source    string // replication URL or another name for the origin
}

// Handler takes what a reader finds, in the order of the file. Batches are never
// empty and stay valid after the call. A nil function means that this kind is of
// no interest; an error ends the reading and is returned as it is.
type Handler struct {
	Header    func(Header) error
	Nodes     func([]Node) error
	Ways      func([]Way) error
	Relations func([]Relation) error
}

// element is what the three kinds have in common.
type element interface {
	Node | Way | Relation
	key() int64
	facts() (Tags, Meta)
	weight() int
}

func (n Node) key() int64     { return n.ID }
func (w Way) key() int64      { return w.ID }
func (r Relation) key() int64 { return r.ID }

func (n Node) facts() (Tags, Meta)     { return n.Tags, n.Meta }
func (w Way) facts() (Tags, Meta)      { return w.Tags, w.Meta }
func (r Relation) facts() (Tags, Meta) { return r.Tags, r.Meta }

func (n Node) weight() int     { return 64 + n.Tags.weight() }
func (w Way) weight() int      { return 80 + 8*len(w.Nodes) + w.Tags.weight() }
func (r Relation) weight() int { return 80 + 40*len(r.Members) + r.Tags.weight() }
