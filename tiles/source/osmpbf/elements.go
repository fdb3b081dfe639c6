package osmpbf

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/paulmach/protoscan"

	"github.com/pannier-maps/pannier/tiles/osm"
)

// common are the fields that plain nodes, ways and relations share.
type common struct {
	id                 int64
	keys, values       numbers
	version, timestamp int64
}

// field reads field n if it is a shared one.
func (c *common) field(m *protoscan.Message) (err error) {
	switch m.FieldNumber() {
	case 2:
		return c.keys.from(m)
	case 3:
		return c.values.from(m)
	case 4:
		data, err := m.MessageData()
		if err != nil {
			return err
		}
		return c.info(data)
	}
	m.Skip()
	return nil
}

func (c *common) info(data []byte) (err error) {
	m := protoscan.New(data)
	for m.Next() && err == nil {
		switch m.FieldNumber() {
		case 1:
			c.version, err = m.Int64()
		case 2:
			c.timestamp, err = m.Int64()
		default:
			m.Skip()
		}
	}
	return errors.Join(err, m.Err())
}

func (b *block) tags(c *common) (osm.Tags, error) {
	n := c.keys.count()
	if n == 0 {
		return nil, nil
	}
	if n != c.values.count() {
		return nil, fmt.Errorf("%w: element %d has %d keys and %d values", ErrCorrupt, c.id, n, c.values.count())
	}
	if err := b.take(n, int(unsafe.Sizeof(osm.Tag{}))); err != nil {
		return nil, err
	}
	tags := make([]osm.Tag, n)
	for i := range tags {
		k, err1 := c.keys.uint()
		v, err2 := c.values.uint()
		if err1 != nil || err2 != nil {
			return nil, errors.Join(err1, err2)
		}
		tags[i].Key, err1 = b.string(k)
		tags[i].Value, err2 = b.string(v)
		if err1 != nil || err2 != nil {
			return nil, errors.Join(err1, err2)
		}
	}
	return osm.SortTags(tags), nil
}

func (j *job) decodeNode(b *block, data []byte) error {
	var c common
	var lat, lon int64
	var err error
	m := protoscan.New(data)
	for m.Next() && err == nil {
		switch m.FieldNumber() {
		case 1:
			c.id, err = m.Sint64()
		case 8:
			lat, err = m.Sint64()
		case 9:
			lon, err = m.Sint64()
		default:
			err = c.field(m)
		}
	}
	if err := errors.Join(err, m.Err(), b.take(1, int(unsafe.Sizeof(osm.Node{})))); err != nil {
		return err
	}
	node := osm.Node{ID: c.id, Meta: b.meta(c.version, c.timestamp)}
	if node.Tags, err = b.tags(&c); err != nil {
		return err
	}
	if node.Point, err = b.point(lon, lat); err != nil {
		return fmt.Errorf("node %d: %w", c.id, err)
	}
	j.nodes = append(j.nodes, node)
	return nil
}

func (j *job) decodeWay(b *block, data []byte) error {
	var c common
	var refs numbers
	var err error
	m := protoscan.New(data)
	for m.Next() && err == nil {
		switch m.FieldNumber() {
		case 1:
			c.id, err = m.Int64()
		case 8:
			err = refs.from(m)
		default:
			err = c.field(m)
		}
	}
	if err := errors.Join(err, m.Err(), b.take(1, int(unsafe.Sizeof(osm.Way{}))), b.take(refs.count(), 8)); err != nil {
		return err
	}
	way := osm.Way{ID: c.id, Nodes: make([]int64, refs.count()), Meta: b.meta(c.version, c.timestamp)}
	if way.Tags, err = b.tags(&c); err != nil {
		return err
	}
	id := int64(0)
	for i := range way.Nodes {
		delta, err := refs.sint()
		if err != nil {
			return err
		}
		id += delta
		way.Nodes[i] = id
	}
	j.ways = append(j.ways, way)
	return nil
}

func (j *job) decodeRelation(b *block, data []byte) error {
	var c common
	var roles, refs, kinds numbers
	var err error
	m := protoscan.New(data)
	for m.Next() && err == nil {
		switch m.FieldNumber() {
		case 1:
			c.id, err = m.Int64()
		case 8:
			err = roles.from(m)
		case 9:
			err = refs.from(m)
		case 10:
			err = kinds.from(m)
		default:
			err = c.field(m)
		}
	}
	n := refs.count()
	err = errors.Join(err, m.Err(), b.take(1, int(unsafe.Sizeof(osm.Relation{}))), b.take(n, int(unsafe.Sizeof(osm.Member{}))))
	if err != nil {
		return err
	}
	if roles.count() != n || kinds.count() != n {
		return fmt.Errorf("%w: members of relation %d differ in number", ErrCorrupt, c.id)
	}
	r := osm.Relation{ID: c.id, Members: make([]osm.Member, n), Meta: b.meta(c.version, c.timestamp)}
	if r.Tags, err = b.tags(&c); err != nil {
		return err
	}
	id := int64(0)
	for i := range r.Members {
		role, err1 := roles.uint()
		delta, err2 := refs.sint()
		kind, err3 := kinds.uint()
		if err := errors.Join(err1, err2, err3); err != nil {
			return err
		}
		if kind > uint64(osm.RelationKind) {
			return fmt.Errorf("%w: relation %d has a member of kind %d", ErrCorrupt, c.id, kind)
		}
		id += delta
		name, err := b.string(role)
		if err != nil {
			return err
		}
		r.Members[i] = osm.Member{Kind: osm.MemberKind(kind), Ref: id, Role: name}
	}
	j.relations = append(j.relations, r)
	return nil
}
