package build

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"
)

// runBlock is about how many bytes of records are packed together in a run.
const runBlock = 64 << 10

// sorter collects sorted runs of records from several buffers.
type sorter struct {
	limit int64 // bytes in memory of one buffer
	dir   string

	mu      sync.Mutex
	files   []*os.File
	memory  [][]record // sorted runs in memory
	disk    []section  // sorted runs in files
	records int64
	written int64
}

func newSorter(opts Options) *sorter {
	return &sorter{limit: max(opts.MemoryBytes, minMemory) / int64(opts.Workers), dir: opts.TempDir}
}

// section is a run in a file.
type section struct {
	file     *os.File
	from, to int64
}

func (s *sorter) close() error {
	var errs []error
	for _, file := range s.files {
		errs = append(errs, removeTemp(file))
	}
	s.files = nil
	return errors.Join(errs...)
}

// buffer takes the records of one worker.
type buffer struct {
	sorter  *sorter
	records []record
	bytes   int64
	file    *os.File
	size    int64
}

func (b *buffer) add(r record, fresh int) {
	b.records = append(b.records, r)
	b.bytes += recordBytes + int64(fresh)
}

// full reports whether it is time to spill.
func (b *buffer) full() bool { return b.bytes > b.sorter.limit }

// spill sorts the records and writes them out as a run.
func (b *buffer) spill() error {
	b.sort()
	if b.file == nil {
		file, err := os.CreateTemp(b.sorter.dir, "pannier-tiles-*")
		if err != nil {
			return fmt.Errorf("spill: %w", err)
		}
		b.file = file
		b.sorter.mu.Lock()
		b.sorter.files = append(b.sorter.files, file)
		b.sorter.mu.Unlock()
	}
	run := section{file: b.file, from: b.size}
	var raw, packed []byte
	var last record
	flush := func() error {
		packed = s2.Encode(packed[:cap(packed)], raw)
		frame := binary.LittleEndian.AppendUint32(nil, uint32(len(packed)))
		if _, err := b.file.Write(append(frame, packed...)); err != nil {
			return fmt.Errorf("spill: %w", err)
		}
		b.size += int64(len(frame) + len(packed))
		raw, last = raw[:0], record{}
		return nil
	}
	for i := range b.records {
		raw = appendRecord(raw, &last, &b.records[i])
		last = b.records[i]
		if len(raw) >= runBlock {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if len(raw) > 0 {
		if err := flush(); err != nil {
			return err
		}
	}
	run.to = b.size
	s := b.sorter
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disk = append(s.disk, run)
	s.records += int64(len(b.records))
	s.written += run.to - run.from
	clear(b.records)
	b.records, b.bytes = b.records[:0], 0
	return nil
}

// finish hands the rest over as a run in memory.
func (b *buffer) finish() {
	b.sort()
	b.sorter.mu.Lock()
	defer b.sorter.mu.Unlock()
	b.sorter.memory = append(b.sorter.memory, b.records)
	b.sorter.records += int64(len(b.records))
	b.records = nil
}

func (b *buffer) sort() {
	slices.SortFunc(b.records, func(x, y record) int { return x.compare(&y) })
}
