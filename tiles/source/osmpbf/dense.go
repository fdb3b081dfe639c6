package osmpbf

import (
	"errors"
	"fmt"
	"io"
	"unsafe"

	"github.com/paulmach/protoscan"

	"github.com/pannier-maps/pannier/tiles/osm"
)

// numbers are the values of a packed field. Reading past the end gives an error.
type numbers struct {
	iter *protoscan.Iterator
}

// from takes the field that m stands at.
func (n *numbers) from(m *protoscan.Message) (err error) {
	if m.WireType() != protoscan.WireTypeLengthDelimited {
		return fmt.Errorf("%w: field %d is not packed", ErrCorrupt, m.FieldNumber())
	}
	n.iter, err = m.Iterator(n.iter)
	return err
}

func (n numbers) more() bool { return n.iter != nil && n.iter.HasNext() }

func (n numbers) count() int {
	if n.iter == nil {
		return 0
	}
	return n.iter.Count(protoscan.WireTypeVarint)
}

func (n numbers) sint() (int64, error) {
	if n.iter == nil {
		return 0, io.ErrUnexpectedEOF
	}
	return n.iter.Sint64()
}

func (n numbers) uint() (uint64, error) {
	if n.iter == nil {
		return 0, io.ErrUnexpectedEOF
	}
	return n.iter.Uint64()
}

// dense are the columns of a DenseNodes message.
type dense struct {
	ids, lats, lons, tags numbers
	versions, times       numbers // absent when the file has no metadata
}

func (j *job) decodeDense(b *block, data []byte) error {
	d, err := openDense(data)
	if err != nil {
		return err
	}
	n := d.ids.count()
	if err := errors.Join(b.take(n, int(unsafe.Sizeof(osm.Node{}))), b.take(d.tags.count(), int(unsafe.Sizeof(osm.Tag{}))/2)); err != nil {
		return err
	}
	nodes := make([]osm.Node, n)
	tags := make([]osm.Tag, 0, max(0, d.tags.count()-n)/2)
	var id, lon, lat, time int64
	for i := range nodes {
		var version int64
		at := len(tags)
		dID, err1 := d.ids.sint()
		dLon, err2 := d.lons.sint()
		dLat, err3 := d.lats.sint()
		if err1 != nil || err2 != nil || err3 != nil {
			return errors.Join(err1, err2, err3)
		}
		id, lon, lat = id+dID, lon+dLon, lat+dLat
		if version, time, err = d.meta(time); err != nil {
			return err
		}
		if tags, err = b.denseTags(d.tags, tags); err != nil {
			return err
		}
		node := &nodes[i]
		node.ID, node.Meta = id, b.meta(version, time)
		if len(tags) > at {
			node.Tags = osm.SortTags(tags[at:len(tags):len(tags)])
		}
		if node.Point, err = b.point(lon, lat); err != nil {
			return fmt.Errorf("node %d: %w", id, err)
		}
	}
	if d.ids.more() || d.lons.more() || d.lats.more() || d.tags.more() {
		return fmt.Errorf("%w: columns of dense nodes differ in length", ErrCorrupt)
	}
	j.nodes = append(j.nodes, nodes...)
	return nil
}

// meta reads version and time of the next node.
func (d *dense) meta(last int64) (version, time int64, err error) {
	if d.versions.iter != nil {
		var v uint64
		if v, err = d.versions.uint(); err != nil {
			return 0, 0, err
		}
		version = int64(v)
	}
	if d.times.iter != nil {
		delta, err := d.times.sint()
		return version, last + delta, err
	}
	return version, 0, nil
}

// denseTags reads the tags of the next node, which end with a 0. No tags at all
// may be written as an absent column.
func (b *block) denseTags(column numbers, tags []osm.Tag) ([]osm.Tag, error) {
	if column.iter == nil {
		return tags, nil
	}
	for {
		k, err := column.uint()
		if err != nil || k == 0 {
			return tags, err
		}
		v, err := column.uint()
		if err != nil {
			return tags, err
		}
		key, err1 := b.string(k)
		value, err2 := b.string(v)
		if err1 != nil || err2 != nil {
			return tags, errors.Join(err1, err2)
		}
		tags = append(tags, osm.Tag{Key: key, Value: value})
	}
}

func openDense(data []byte) (*dense, error) {
	d := &dense{}
	var err error
	m := protoscan.New(data)
	for m.Next() && err == nil {
		switch m.FieldNumber() {
		case 1:
			err = d.ids.from(m)
		case 5:
			var info []byte
			if info, err = m.MessageData(); err == nil {
				err = d.openInfo(info)
			}
		case 8:
			err = d.lats.from(m)
		case 9:
			err = d.lons.from(m)
		case 10:
			err = d.tags.from(m)
		default:
			m.Skip()
		}
	}
	if d.tags.count() == 0 {
		d.tags.iter = nil
	}
	return d, errors.Join(err, m.Err())
}

func (d *dense) openInfo(data []byte) error {
	var err error
	m := protoscan.New(data)
	for m.Next() && err == nil {
		switch m.FieldNumber() {
		case 1:
			err = d.versions.from(m)
		case 2:
			err = d.times.from(m)
		default:
			m.Skip()
		}
	}
	return errors.Join(err, m.Err())
}
