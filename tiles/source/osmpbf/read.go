// Package osmpbf reads OpenStreetMap files in the PBF format
// (https://wiki.openstreetmap.org/wiki/PBF_Format).
//
// A file is a row of blocks, each compressed on its own: not at all, with zlib,
// LZ4 or zstd. They are decoded on all cores and delivered in the order of the
// file. Files with history are refused, as is every other feature that a reader
// must know and this one does not.
//
// All sizes are checked before memory is taken for them: a block is at most 32
// MiB, and its elements at most 256 MiB in memory. Strings that are not UTF-8 are
// repaired. Errors name the byte of the file at which the block starts.
package osmpbf

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/paulmach/protoscan"

	"github.com/pannier-maps/pannier/tiles/osm"
)

// Errors a caller can act on.
var (
	ErrCorrupt     = errors.New("corrupt PBF file")
	ErrUnsupported = errors.New("unsupported PBF file")
)

// maxJobs bounds how many blocks wait for their turn, and with them the memory:
// more cores than this are faster than what takes the elements.
const maxJobs = 8

// Types of blocks.
const (
	headerKind = "OSMHeader"
	dataKind   = "OSMData"
)

// Limits of the format.
const (
	maxHeader = 64 << 10
	maxBlob   = 32 << 20
)

// Read reads a file to its end and hands what is in it to h, in batches of one
// block, from the calling goroutine. Kinds without a function are not decoded. It
// returns only when it has stopped using r.
func Read(ctx context.Context, r io.Reader, h osm.Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	jobs := make(chan *job, min(runtime.GOMAXPROCS(0), maxJobs))
	defer func() { // stop the reading goroutine and wait for it
		cancel()
		for range jobs {
		}
	}()
	go readBlobs(ctx, r, h, jobs)
	for j := range jobs {
		select {
		case <-j.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		if j.err != nil {
			return j.err
		}
		if err := j.deliver(h); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// job is a block on its way to the handler. When ready is closed it holds a
// header, elements or an error.
type job struct {
	offset    int64
	header    *osm.Header
	nodes     []osm.Node
	ways      []osm.Way
	relations []osm.Relation
	err       error
	ready     chan struct{}
}

func (j *job) deliver(h osm.Handler) error {
	if j.header != nil && h.Header != nil {
		if err := h.Header(*j.header); err != nil {
			return err
		}
	}
	if len(j.nodes) > 0 {
		if err := h.Nodes(j.nodes); err != nil {
			return err
		}
	}
	if len(j.ways) > 0 {
		if err := h.Ways(j.ways); err != nil {
			return err
		}
	}
	if len(j.relations) > 0 {
		return h.Relations(j.relations)
	}
	return nil
}

// readBlobs cuts the file into blobs and has them decoded, until the end of the
// file or an error, which is a job as well.
func readBlobs(ctx context.Context, r io.Reader, h osm.Handler, jobs chan<- *job) {
	defer close(jobs)
	f := &framer{r: r}
	for first := true; ; first = false {
		j := &job{offset: f.offset, ready: make(chan struct{})}
		kind, data, err := f.next()
		if err == io.EOF && !first {
			return
		}
		switch {
		case err == io.EOF:
			err = fmt.Errorf("%w: empty", ErrCorrupt)
		case err == nil && first && kind != headerKind:
			err = fmt.Errorf("%w: starts with %q, not with a header", ErrCorrupt, kind)
		}
		if err != nil {
			j.fail(err)
			close(j.ready)
		}
		select {
		case jobs <- j:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
		go func() {
			defer close(j.ready)
			j.fail(j.decode(kind, data, h))
		}()
	}
}

func (j *job) fail(err error) {
	if err != nil {
		j.err = fmt.Errorf("read PBF: block at byte %d: %w", j.offset, err)
	}
}

func (j *job) decode(kind string, data []byte, h osm.Handler) error {
	if kind != headerKind && kind != dataKind {
		if oneOff(kind, headerKind) || oneOff(kind, dataKind) {
			return fmt.Errorf("%w: type %q", ErrCorrupt, kind)
		}
		return nil // the format says to skip them
	}
	raw, err := unpack(data)
	if err != nil {
		return err
	}
	if kind == headerKind {
		j.header, err = decodeHeader(raw)
		return err
	}
	return j.decodeBlock(raw, h)
}

// oneOff reports whether two types differ in one byte: then one was damaged, and
// to skip it would lose what is in the block.
func oneOff(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	n := 0
	for i := range len(a) {
		if a[i] != b[i] {
			n++
		}
	}
	return n == 1
}

// framer cuts a file into blobs.
type framer struct {
	r      io.Reader
	offset int64
}

// next returns the type and the bytes of the next blob, io.EOF after the last.
func (f *framer) next() (kind string, blob []byte, err error) {
	var prefix [4]byte
	n, err := io.ReadFull(f.r, prefix[:])
	f.offset += int64(n)
	if err == io.EOF {
		return "", nil, io.EOF
	}
	if err != nil {
		return "", nil, short(err)
	}
	size := binary.BigEndian.Uint32(prefix[:])
	if size > maxHeader {
		return "", nil, fmt.Errorf("%w: header of %d bytes, more than %d", ErrCorrupt, size, maxHeader)
	}
	header, err := f.read(int(size))
	if err != nil {
		return "", nil, err
	}
	kind, length, err := decodeBlobHeader(header)
	if err != nil {
		return "", nil, err
	}
	blob, err = f.read(length)
	return kind, blob, err
}

func (f *framer) read(n int) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(min(n, 1<<20) + bytes.MinRead)
	got, err := b.ReadFrom(io.LimitReader(f.r, int64(n)))
	f.offset += got
	if err == nil && got < int64(n) {
		err = io.ErrUnexpectedEOF
	}
	return b.Bytes(), short(err)
}

// short explains the end of a file that is too short.
func short(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: the file ends within a block: %w", ErrCorrupt, err)
	}
	return err
}

func decodeBlobHeader(data []byte) (kind string, length int, err error) {
	m := protoscan.New(data)
	for m.Next() {
		switch m.FieldNumber() {
		case 1:
			kind, err = m.String()
		case 3:
			var v int64
			v, err = m.Int64()
			if v < 0 || v > maxBlob {
				return "", 0, fmt.Errorf("%w: block of %d bytes, more than %d", ErrCorrupt, v, maxBlob)
			}
			length = int(v)
		default:
			m.Skip()
		}
		if err != nil {
			break
		}
	}
	return kind, length, corrupt(errors.Join(err, m.Err()), "header of a block")
}

// corrupt says in which part the protobuf encoding is wrong.
func corrupt(err error, part string) error {
	if err == nil || errors.Is(err, ErrCorrupt) || errors.Is(err, ErrUnsupported) {
		return err
	}
	return fmt.Errorf("%w: %s: %w", ErrCorrupt, part, err)
}
