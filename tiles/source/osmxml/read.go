// Package osmxml reads OpenStreetMap's XML: .osm files of elements
// (https://wiki.openstreetmap.org/wiki/OSM_XML) and .osc files of changes
// (https://wiki.openstreetmap.org/wiki/OsmChange).
//
// Files are read as a stream in memory that does not grow with them; a tag may
// have 64 KiB, an element a million nodes or members. Places are read exactly to
// 1e-7 degrees. Errors name the line. Elements of an .osm file that are not
// visible were deleted and are left out.
//
// The scanner is this package's own: these files are nothing but tags and
// attributes in UTF-8, of which encoding/xml reads some MB a second. It refuses
// document types, and with them all entities that are not XML's own.
package osmxml

import (
	"context"
	"errors"
	"io"

	"github.com/pannier-maps/pannier/tiles/osm"
)

// ErrCorrupt is returned for files that are not well-formed, or not OSM's.
var ErrCorrupt = errors.New("corrupt OSM XML file")

// batch is the number of elements handed over at once.
const batch = 4000

// Read reads an .osm file and hands what is in it to h, from the calling
// goroutine.
func Read(ctx context.Context, r io.Reader, h osm.Handler) error {
	p := &parser{scanner: newScanner(r)}
	d := &delivery{ctx: ctx, h: h}
	err := p.document("osm", func(t *tag) error {
		switch string(t.name) {
		case "osm", "bounds", "meta":
			return d.readHeader(t)
		case "node", "way", "relation":
			return d.readElement(p, t)
		}
		return nil
	})
	if err == nil {
		err = d.flush()
	}
	return p.explain(err, d.failed)
}

// ReadChanges reads an .osc file and calls change for each of its changes, from
// the calling goroutine. A deleted node may have no place.
func ReadChanges(ctx context.Context, r io.Reader, change func(osm.Change) error) error {
	p := &parser{scanner: newScanner(r)}
	failed := false
	err := p.document("osmChange", func(t *tag) error {
		switch string(t.name) {
		case "node", "way", "relation":
		default:
			return nil
		}
		action, ok := actions[p.parent(t)]
		if !ok {
			return fault("element outside of create, modify and delete")
		}
		c := osm.Change{Action: action}
		if err := p.element(t, action == osm.DeleteAction, &c); err != nil {
			return err
		}
		err := ctx.Err()
		if err == nil {
			err = change(c)
		}
		failed = err != nil
		return err
	})
	return p.explain(err, failed)
}

var actions = map[string]osm.Action{
	"create": osm.CreateAction, "modify": osm.ModifyAction, "delete": osm.DeleteAction,
}

// delivery gathers elements in batches.
type delivery struct {
	ctx       context.Context
	h         osm.Handler
	header    osm.Header
	announced bool // the header was handed over
	failed    bool // by the handler, not by the file
	nodes     []osm.Node
	ways      []osm.Way
	relations []osm.Relation
}

func (d *delivery) readHeader(t *tag) (err error) {
	for _, name := range []string{"timestamp", "osm_base"} {
		if v := t.get(name); v != nil {
			if d.header.Timestamp, err = parseTime(v); err != nil {
				return err
			}
		}
	}
	if string(t.name) == "bounds" {
		b := &d.header.Bounds
		if b.Min, err = parsePoint(t.get("minlon"), t.get("minlat")); err == nil {
			b.Max, err = parsePoint(t.get("maxlon"), t.get("maxlat"))
		}
	}
	return err
}

func (d *delivery) readElement(p *parser, t *tag) error {
	gone := string(t.get("visible")) == "false"
	var e osm.Change
	if err := p.element(t, gone, &e); err != nil || gone {
		return err
	}
	other := e.Node == nil && len(d.nodes) > 0 || e.Way == nil && len(d.ways) > 0 || e.Relation == nil && len(d.relations) > 0
	if other || len(d.nodes)+len(d.ways)+len(d.relations) == batch {
		if err := d.flush(); err != nil {
			return err
		}
	}
	switch {
	case e.Node != nil && d.h.Nodes != nil:
		d.nodes = append(d.nodes, *e.Node)
	case e.Way != nil && d.h.Ways != nil:
		d.ways = append(d.ways, *e.Way)
	case e.Relation != nil && d.h.Relations != nil:
		d.relations = append(d.relations, *e.Relation)
	}
	return nil
}

// flush hands over the header, once, and what was gathered.
func (d *delivery) flush() error {
	err := d.ctx.Err()
	if err == nil && !d.announced && d.h.Header != nil {
		err = d.h.Header(d.header)
	}
	d.announced = true
	if err == nil && len(d.nodes) > 0 {
		err = d.h.Nodes(d.nodes)
	}
	if err == nil && len(d.ways) > 0 {
		err = d.h.Ways(d.ways)
	}
	if err == nil && len(d.relations) > 0 {
		err = d.h.Relations(d.relations)
	}
	d.nodes, d.ways, d.relations = nil, nil, nil
	d.failed = err != nil
	return err
}
