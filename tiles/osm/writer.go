package osm

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// Writer writes a base. Elements must come in order: nodes, ways, relations,
// each by rising id. The blocks are packed by as many goroutines as there are
// cores, up to maxPackers: the one that hands them over is slower than those.
type Writer struct {
	path   string
	file   *os.File // path with ".part" added
	temp   bool     // need not survive a power cut, and no way is looked for
	zip    *zstd.Encoder
	header Header
	bounds *Box // of the nodes

	kind    MemberKind // of the last element
	id      int64      // of the last element
	started bool

	nodes     waiting[Node]
	ways      waiting[Way]
	relations waiting[Relation]
	uses      waiting[use]
	pairs     *pairs // what the uses are made of; nil when they come ready

	jobs   chan *job   // in the order of the file
	spare  chan []byte // memory of copies that are written
	done   chan struct{}
	failed atomic.Pointer[error]

	// The writing goroutine's, until done is closed.
	out   *bufio.Writer
	index index
	size  int64
}

// job is blocks on their way to the file.
type job struct {
	kind   MemberKind
	blocks []block // offsets come later
	data   []byte
	copied bool // data may be used again
	err    error
	ready  chan struct{}
}

// Create starts a base. It grows in a file beside path, with ".part" added, until
// Finish. A header without bounds gets those of the nodes.
func Create(path string, header Header) (*Writer, error) {
	return create(path, header, defaultMemory)
}

// maxPackers bounds the memory that packing takes on machines with many cores.
const maxPackers = 8

// window is how far packing looks back, in bytes; few frames are larger.
const window = 512 << 10

// defaultMemory is for the sorting of what needs sorting, in bytes.
const defaultMemory = 64 << 20

func create(path string, header Header, memory int) (*Writer, error) {
	w, err := createPlain(path, header)
	if err == nil {
		w.pairs = newPairs(path+".uses", memory)
	}
	return w, err
}

// createPlain starts a base whose uses come ready, or are not wanted.
func createPlain(path string, header Header) (*Writer, error) {
	packers := min(runtime.GOMAXPROCS(0), maxPackers)
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false),
		zstd.WithEncoderConcurrency(packers), zstd.WithWindowSize(window))
	if err != nil {
		return nil, fmt.Errorf("create base: %w", err)
	}
	file, err := os.Create(path + ".part")
	if err != nil {
		return nil, fmt.Errorf("create base: %w", err)
	}
	w := &Writer{
		path: path, file: file, zip: zip, header: header,
		jobs: make(chan *job, packers), spare: make(chan []byte, packers), done: make(chan struct{}),
		out: bufio.NewWriterSize(file, 1<<20),
	}
	w.nodes = waiting[Node]{kind: NodeKind, encode: func(n []Node) ([]byte, []byte) { return nodeShape(n), encodeFacts(n, nil) }}
	w.ways = waiting[Way]{kind: WayKind, encode: func(ways []Way) ([]byte, []byte) { return wayShape(ways), encodeFacts(ways, nil) }}
	w.relations = waiting[Relation]{kind: RelationKind, encode: func(r []Relation) ([]byte, []byte) { return relationShape(r), encodeFacts(r, roles(r)) }}
	w.uses = waiting[use]{kind: useSection, encode: func(uses []use) ([]byte, []byte) { return encodeUses(uses), nil }}
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
	w.extend(n.Point)
	n.Tags = sortedTags(n.Tags)
	return w.nodes.add(w, n)
}

func (w *Writer) extend(p cell.Point) {
	if w.bounds == nil {
		w.bounds = &Box{p, p}
	}
	*w.bounds = w.bounds.extend(p)
}

// Way adds a way.
func (w *Writer) Way(way Way) error {
	if err := w.follow(WayKind, way.ID); err != nil {
		return err
	}
	way.Tags = sortedTags(way.Tags)
	if w.pairs != nil && !w.temp {
		if err := w.pairs.add(way.ID, way.Nodes); err != nil {
			return err
		}
	}
	return w.ways.add(w, way)
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
	return w.relations.add(w, r)
}

// use adds what is known of a node's ways.
func (w *Writer) use(u use) error {
	if err := w.follow(useSection, u.node); err != nil {
		return err
	}
	return w.uses.add(w, u)
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

// flush sends what waits off to be packed, of whichever kind it is.
func (w *Writer) flush() error {
	return errors.Join(w.nodes.flush(w), w.ways.flush(w), w.relations.flush(w), w.uses.flush(w))
}

// makeUses adds the uses, from the ways.
func (w *Writer) makeUses() error {
	if w.temp || w.pairs == nil {
		return nil
	}
	var ways []int64 // memory of the uses of a block
	var last use
	add := func() error {
		if len(last.ways) == 0 {
			return nil
		}
		if len(w.uses.items) == 0 {
			ways = nil
		}
		start := len(ways)
		ways = append(ways, last.ways...)
		return w.use(use{last.node, ways[start:]})
	}
	err := w.pairs.each(func(p pair) error {
		if p.node != last.node || len(last.ways) == 0 {
			if err := add(); err != nil {
				return err
			}
			last.node, last.ways = p.node, last.ways[:0]
		}
		if n := len(last.ways); n == 0 || last.ways[n-1] != p.way { // a ring comes by twice
			last.ways = append(last.ways, p.way)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return add()
}

func roles(relations []Relation) (roles []string) {
	for _, r := range relations {
		for _, m := range r.Members {
			roles = append(roles, m.Role)
		}
	}
	return roles
}
