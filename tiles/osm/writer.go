package osm

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"
	"runtime"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
)

// Blocks are closed at these sizes.
const (
	nodesPerBlock     = 8000
	waysPerBlock      = 2000
	relationsPerBlock = 500
	weightPerBlock    = 2 << 20 // bytes in memory
)

// Writer writes a base. Elements must come in order: nodes, ways, relations,
// each by rising id. The blocks are packed by as many goroutines as there are
// cores.
type Writer struct {
	path   string
	file   *os.File // path with ".part" added
	temp   bool     // need not survive a power cut
	zip    *zstd.Encoder
	header Header
	bounds *Box // of the nodes

	kind    MemberKind // of the last element
	id      int64      // of the last element
	started bool

	nodes     []Node
	ways      []Way
	relations []Relation
	weight    int // of the waiting elements

	jobs   chan *job // in the order of the file
	done   chan struct{}
	failed atomic.Pointer[error]

	// The writing goroutine's, until done is closed.
	out   *bufio.Writer
	hash  hash.Hash
	index index
	size  int64
}

// job is a block on its way to the file.
type job struct {
	kind         MemberKind
	block        block
	shape, facts []byte
	err          error
	ready        chan struct{}
}

// Create starts a base. It grows in a file beside path, with ".part" added, until
// Finish. A header without bounds gets those of the nodes.
func Create(path string, header Header) (*Writer, error) {
	return create(path, header, zstd.SpeedDefault)
}

func create(path string, header Header, level zstd.EncoderLevel) (*Writer, error) {
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("create base: %w", err)
	}
	file, err := os.Create(path + ".part")
	if err != nil {
		return nil, fmt.Errorf("create base: %w", err)
	}
	w := &Writer{
		path: path, file: file, zip: zip, header: header,
		jobs: make(chan *job, runtime.GOMAXPROCS(0)), done: make(chan struct{}),
		hash: sha256.New(),
	}
	w.out = bufio.NewWriterSize(io.MultiWriter(file, w.hash), 1<<20)
	go w.run()
	return w, nil
}

// SetHeader replaces the header, at any time before Finish.
func (w *Writer) SetHeader(header Header) { w.header = header }

// Node adds a node.
func (w *Writer) Node(n Node) error {
	if err := w.follow(NodeKind, n.ID); err != nil {
		return err
	}
	if w.bounds == nil {
		w.bounds = &Box{n.Point, n.Point}
	}
	*w.bounds = w.bounds.extend(n.Point)
	n.Tags = sortedTags(n.Tags)
	if w.nodes == nil {
		w.nodes = make([]Node, 0, nodesPerBlock)
	}
	w.nodes = append(w.nodes, n)
	return w.full(n.weight(), len(w.nodes) == nodesPerBlock)
}

// Way adds a way.
func (w *Writer) Way(way Way) error {
	if err := w.follow(WayKind, way.ID); err != nil {
		return err
	}
	way.Tags = sortedTags(way.Tags)
	w.ways = append(w.ways, way)
	return w.full(way.weight(), len(w.ways) == waysPerBlock)
}

// Relation adds a relation.
func (w *Writer) Relation(r Relation) error {
	if err := w.follow(RelationKind, r.ID); err != nil {
		return err
	}
	for _, m := range r.Members {
		if m.Kind >= kinds {
			return fmt.Errorf("write relation %d: member of %v", r.ID, m.Kind)
		}
	}
	r.Tags = sortedTags(r.Tags)
	w.relations = append(w.relations, r)
	return w.full(r.weight(), len(w.relations) == relationsPerBlock)
}

// sortedTags returns the tags in order, without changing the caller's.
func sortedTags(tags Tags) Tags {
	if sorted(tags) {
		return tags
	}
	return SortTags(append(Tags(nil), tags...))
}

// follows reports whether the element comes after all before it.
func (w *Writer) follows(kind MemberKind, id int64) bool {
	return !w.started || cmp.Or(cmp.Compare(w.kind, kind), cmp.Compare(w.id, id)) < 0
}

// follow checks the order and closes the block of another kind.
func (w *Writer) follow(kind MemberKind, id int64) error {
	if !w.follows(kind, id) {
		return fmt.Errorf("%w: %v %d after %v %d", ErrOrder, kind, id, w.kind, w.id)
	}
	var err error
	if w.started && kind != w.kind {
		err = w.flush()
	}
	w.kind, w.id, w.started = kind, id, true
	return err
}

func (w *Writer) full(weight int, full bool) error {
	w.weight += weight
	if full || w.weight >= weightPerBlock {
		return w.flush()
	}
	return nil
}

// flush sends the waiting elements off to be packed.
func (w *Writer) flush() error {
	if err := w.failed.Load(); err != nil {
		return *err
	}
	j := &job{kind: w.kind, ready: make(chan struct{})}
	switch {
	case len(w.nodes) > 0:
		nodes := w.nodes
		j.block = block{first: nodes[0].ID, count: len(nodes)}
		w.start(j, func() ([]byte, []byte) { return nodeShape(nodes), encodeFacts(nodes, nil) })
	case len(w.ways) > 0:
		ways := w.ways
		j.block = block{first: ways[0].ID, count: len(ways)}
		w.start(j, func() ([]byte, []byte) { return wayShape(ways), encodeFacts(ways, nil) })
	case len(w.relations) > 0:
		relations := w.relations
		j.block = block{first: relations[0].ID, count: len(relations)}
		w.start(j, func() ([]byte, []byte) { return relationShape(relations), encodeFacts(relations, roles(relations)) })
	}
	w.nodes, w.ways, w.relations, w.weight = nil, nil, nil, 0
	return nil
}

func roles(relations []Relation) (roles []string) {
	for _, r := range relations {
		for _, m := range r.Members {
			roles = append(roles, m.Role)
		}
	}
	return roles
}

func (w *Writer) start(j *job, encode func() (shape, facts []byte)) {
	w.jobs <- j
	go func() {
		defer close(j.ready)
		shape, facts := encode()
		if len(shape) > maxFrame || len(facts) > maxFrame {
			j.err = fmt.Errorf("%w: block at %v %d", ErrTooLarge, j.kind, j.block.first)
			return
		}
		j.shape = w.zip.EncodeAll(shape, nil)
		j.facts = w.zip.EncodeAll(facts, nil)
	}()
}

// run writes the blocks as they become ready, in order.
func (w *Writer) run() {
	defer close(w.done)
	w.write([]byte(magic))
	for j := range w.jobs {
		<-j.ready
		w.fail(j.err)
		j.block.shape = w.write(j.shape)
		j.block.facts = w.write(j.facts)
		w.index.blocks[j.kind] = append(w.index.blocks[j.kind], j.block)
	}
}

// fail keeps the first error.
func (w *Writer) fail(err error) {
	if err != nil {
		w.failed.CompareAndSwap(nil, &err)
	}
}

func (w *Writer) write(data []byte) frame {
	f := frame{offset: w.size, size: len(data), sum: checksum(data)}
	if w.failed.Load() == nil {
		if _, err := w.out.Write(data); err != nil {
			w.fail(fmt.Errorf("write base: %w", err))
		}
	}
	w.size += int64(len(data))
	return f
}
