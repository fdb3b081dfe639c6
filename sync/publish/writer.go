package publish

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// writer packs and stores cells on all cores.
type writer struct {
	ctx     context.Context
	group   *errgroup.Group
	objects Objects
	known   map[blob.Hash]manifest.Entry // content that the site has
	packers chan *blob.Packer            // as many as may work; nil until they do

	mu      sync.Mutex
	entries []manifest.Entry
	seen    map[cell.Key]bool
}

func newWriter(ctx context.Context, objects Objects, known map[blob.Hash]manifest.Entry) *writer {
	group, ctx := errgroup.WithContext(ctx)
	n := (runtime.GOMAXPROCS(0) + 1) / 2 // packers take much memory, and packing is the smaller part of the work
	group.SetLimit(n)
	packers := make(chan *blob.Packer, n)
	for range n {
		packers <- nil
	}
	return &writer{
		ctx: ctx, group: group, objects: objects, known: known, packers: packers,
		seen: make(map[cell.Key]bool),
	}
}

// add stores one cell. The bytes must not change afterwards.
func (w *writer) add(key cell.Key, raw []byte) error {
	if err := w.ctx.Err(); err != nil {
		return context.Cause(w.ctx)
	}
	if len(raw) == 0 || len(raw) > blob.MaxRaw {
		return fmt.Errorf("cell %s: %d bytes, allowed are 1 to %d", key, len(raw), blob.MaxRaw)
	}
	if w.seen[key] {
		return fmt.Errorf("cell %s: given twice", key)
	}
	w.seen[key] = true
	w.group.Go(func() error {
		e := manifest.Entry{Key: key, Hash: blob.Sum(raw), Raw: uint32(len(raw))}
		if old, ok := w.known[e.Hash]; ok {
			e.Stored = old.Stored
		} else {
			n, err := w.store(e.Hash, raw)
			if err != nil {
				return fmt.Errorf("cell %s: %w", key, err)
			}
			e.Stored = uint32(n)
		}
		w.mu.Lock()
		w.entries = append(w.entries, e)
		w.mu.Unlock()
		return nil
	})
	return nil
}

// wait waits for what was added. Nothing can be added after it.
func (w *writer) wait() error {
	err := w.group.Wait()
	for range cap(w.packers) {
		if p := <-w.packers; p != nil {
			p.Close()
		}
	}
	return err
}

func (w *writer) pack(raw []byte) ([]byte, error) {
	p := <-w.packers
	if p == nil {
		p = blob.NewPacker()
	}
	defer func() { w.packers <- p }()
	return p.Pack(raw)
}

// store packs and writes a blob and returns its stored length. A blob that the
// site has already, perhaps packed by an older release, stays as it is.
func (w *writer) store(name blob.Hash, raw []byte) (int, error) {
	stored, err := w.pack(raw)
	if err != nil {
		return 0, err
	}
	object := layout.Blob(name)
	putErr := w.objects.Put(w.ctx, object, stored)
	if putErr == nil {
		return len(stored), nil
	}
	there, err := w.objects.Get(w.ctx, object)
	if err != nil {
		return 0, putErr
	}
	if _, err := blob.Open(there, len(raw), name); err != nil {
		return 0, fmt.Errorf("%s on the site: %w", object, err)
	}
	return len(there), nil
}
