package build

import (
	"container/heap"
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/s2"
)

// run yields the records of a sorted run: from memory, or from a file.
type run struct {
	head   record
	memory []record // those after head
	disk   section
	block  []byte // unpacked bytes of records after head
}

// next moves to the next record; it reports false at the end.
func (r *run) next() (bool, error) {
	if len(r.memory) > 0 {
		r.head, r.memory = r.memory[0], r.memory[1:]
		return true, nil
	}
	if len(r.block) == 0 {
		if r.disk.from == r.disk.to {
			return false, nil
		}
		if err := r.readBlock(); err != nil {
			return false, fmt.Errorf("read sorted run: %w", err)
		}
		r.head = record{}
	}
	var err error
	r.block, err = parseRecord(r.block, &r.head)
	return err == nil, err
}

func (r *run) readBlock() error {
	var frame [4]byte
	if _, err := r.disk.file.ReadAt(frame[:], r.disk.from); err != nil {
		return err
	}
	size := int64(binary.LittleEndian.Uint32(frame[:]))
	if size > r.disk.to-r.disk.from-int64(len(frame)) {
		return errRun
	}
	packed := make([]byte, size)
	if _, err := r.disk.file.ReadAt(packed, r.disk.from+int64(len(frame))); err != nil {
		return err
	}
	r.disk.from += int64(len(frame)) + size
	var err error
	r.block, err = s2.Decode(nil, packed) // records keep their part of it
	return err
}

// merger yields the records of all runs in order.
type merger []*run

func (m merger) Len() int           { return len(m) }
func (m merger) Less(i, j int) bool { return m[i].head.compare(&m[j].head) < 0 }
func (m merger) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *merger) Push(x any)        { *m = append(*m, x.(*run)) }
func (m *merger) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

// merge opens all runs.
func (s *sorter) merge() (*merger, error) {
	m := new(merger)
	add := func(r *run) error {
		ok, err := r.next()
		if ok {
			*m = append(*m, r)
		}
		return err
	}
	for _, records := range s.memory {
		if err := add(&run{memory: records}); err != nil {
			return nil, err
		}
	}
	for _, disk := range s.disk {
		if err := add(&run{disk: disk}); err != nil {
			return nil, err
		}
	}
	heap.Init(m)
	return m, nil
}

// tile returns the records of the next tile, none at the end.
func (m *merger) tile() ([]record, error) {
	var records []record
	for len(*m) > 0 {
		first := (*m)[0]
		if len(records) > 0 && first.head.place != records[0].place {
			break
		}
		records = append(records, first.head)
		ok, err := first.next()
		if err != nil {
			return nil, err
		}
		if ok {
			heap.Fix(m, 0)
		} else {
			heap.Pop(m)
		}
	}
	return records, nil
}
