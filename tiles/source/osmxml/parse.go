package osmxml

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pannier-maps/pannier/tiles/osm"
)

// Limits of an element.
const (
	maxParts = 1 << 20 // nodes or members
	maxTags  = 1 << 16
	maxDepth = 16
)

// parser reads elements.
type parser struct {
	*scanner
	open    []string          // names of the tags that are not closed yet
	strings map[string]string // seen ones, so that each is in memory once
}

// explain adds the line to a fault of the file. What the caller's own function
// returned is passed on as it is.
func (p *parser) explain(err error, own bool) error {
	if err == nil || own {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fault("the file ends too early: %w", err)
	}
	return fmt.Errorf("read OSM XML: line %d: %w", p.line, err)
}

// document reads a document with the given root and calls start for the root and
// each tag below it that start has not read itself.
func (p *parser) document(root string, start func(*tag) error) error {
	t, err := p.tag()
	if err == io.EOF {
		return fault("no tag in it")
	}
	if err != nil {
		return err
	}
	if string(t.name) != root || !t.start {
		return fault("starts with <%s>, want <%s>", t.name, root)
	}
	for {
		if t.start {
			if err := start(t); err != nil {
				return err
			}
		}
		if len(p.open) == 0 {
			return nil
		}
		if t, err = p.tag(); err != nil {
			return unexpected(err)
		}
	}
}

// tag reads the next tag and checks that tags are closed in the right order.
func (p *parser) tag() (*tag, error) {
	t, err := p.next()
	if err != nil {
		return nil, err
	}
	switch {
	case t.start && !t.end:
		if len(p.open) == maxDepth {
			return nil, fault("more than %d tags in each other", maxDepth)
		}
		p.open = append(p.open, p.string(t.name))
	case t.end && !t.start:
		if len(p.open) == 0 || p.open[len(p.open)-1] != string(t.name) {
			return nil, fault("</%s> closes nothing", t.name)
		}
		p.open = p.open[:len(p.open)-1]
	}
	return t, nil
}

// parent returns the name of the tag around t, the last one read.
func (p *parser) parent(t *tag) string {
	n := len(p.open) - 1
	if !t.end {
		n--
	}
	if n < 0 {
		return ""
	}
	return p.open[n]
}

// element reads the element that starts with t into the fitting pointer of c.
func (p *parser) element(t *tag, gone bool, c *osm.Change) error {
	id, err := strconv.ParseInt(string(t.get("id")), 10, 64)
	if err != nil {
		return fault("<%s> with bad id %q", t.name, t.get("id"))
	}
	var meta osm.Meta
	if v := t.get("version"); v != nil {
		n, err := strconv.ParseInt(string(v), 10, 32)
		if err != nil {
			return fault("bad version %q", v)
		}
		meta.Version = int32(max(n, 0))
	}
	if v := t.get("timestamp"); v != nil {
		if meta.Timestamp, err = parseTime(v); err != nil {
			return err
		}
	}
	switch string(t.name) {
	case "node":
		c.Node = &osm.Node{ID: id, Meta: meta}
		if lon, lat := t.get("lon"), t.get("lat"); !gone || lon != nil && lat != nil {
			if c.Node.Point, err = parsePoint(lon, lat); err != nil {
				return fmt.Errorf("node %d: %w", id, err)
			}
		}
	case "way":
		c.Way = &osm.Way{ID: id, Meta: meta}
	case "relation":
		c.Relation = &osm.Relation{ID: id, Meta: meta}
	}
	if t.end {
		return nil
	}
	return p.parts(c)
}

// parts reads what is inside an element, up to its end.
func (p *parser) parts(c *osm.Change) error {
	var tags []osm.Tag
	for depth := len(p.open); len(p.open) >= depth; {
		t, err := p.tag()
		if err != nil {
			return unexpected(err)
		}
		if !t.start {
			continue
		}
		switch string(t.name) {
		case "tag":
			if len(tags) == maxTags {
				return fault("more than %d tags", maxTags)
			}
			tags = append(tags, osm.Tag{Key: p.string(t.get("k")), Value: p.string(t.get("v"))})
		case "nd":
			err = p.ref(t, c.Way)
		case "member":
			err = p.member(t, c.Relation)
		}
		if err != nil {
			return err
		}
	}
	switch sorted := osm.SortTags(tags); {
	case c.Node != nil:
		c.Node.Tags = sorted
	case c.Way != nil:
		c.Way.Tags = sorted
	case c.Relation != nil:
		c.Relation.Tags = sorted
	}
	return nil
}

func (p *parser) ref(t *tag, way *osm.Way) error {
	id, err := strconv.ParseInt(string(t.get("ref")), 10, 64)
	if err != nil || way == nil || len(way.Nodes) == maxParts {
		return fault("bad or misplaced <nd>")
	}
	way.Nodes = append(way.Nodes, id)
	return nil
}

func (p *parser) member(t *tag, r *osm.Relation) error {
	id, err := strconv.ParseInt(string(t.get("ref")), 10, 64)
	if err != nil || r == nil || len(r.Members) == maxParts {
		return fault("bad or misplaced <member>")
	}
	m := osm.Member{Ref: id, Role: p.string(t.get("role"))}
	switch string(t.get("type")) {
	case "node":
		m.Kind = osm.NodeKind
	case "way":
		m.Kind = osm.WayKind
	case "relation":
		m.Kind = osm.RelationKind
	default:
		return fault("member of type %q", t.get("type"))
	}
	r.Members = append(r.Members, m)
	return nil
}

// string returns the bytes as a string, the same one for the same bytes, with
// what is not UTF-8 repaired.
func (p *parser) string(b []byte) string {
	if s, ok := p.strings[string(b)]; ok {
		return s
	}
	s := string(b)
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if p.strings == nil || len(p.strings) == 1<<16 {
		p.strings = make(map[string]string)
	}
	if len(b) <= 64 {
		p.strings[s] = s
	}
	return s
}
