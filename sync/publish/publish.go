// Package publish makes versions of a region out of cells.
//
// The order of writes is what keeps a site whole. Blobs, the manifest and the
// deltas are written first; they change nothing until a head names them. Then
// the version enters the ledger by compare-and-swap: that is the moment of
// publishing. Last, the objects that change (head, history, the list of
// regions) are written from the ledger. A process that dies on the way leaves
// either unused objects or a site that Repair brings up to its ledger.
package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// Errors that a caller acts on.
var (
	ErrConflict  = errors.New("another version was published at the same time")
	ErrNoVersion = errors.New("no such version")
	ErrCollected = errors.New("the version is no longer kept")
	ErrEmpty     = errors.New("the region has no content")
	ErrAhead     = errors.New("the site is ahead of the ledger")
	ErrNoKey     = errors.New("the newest root lets none of this server's keys sign")
)

// Objects is the site that a publisher writes.
type Objects interface {
	// Put writes an object that never changes, durably, before it returns.
	// Writing the same bytes again is no error.
	Put(ctx context.Context, name string, data []byte) error
	// Replace writes an object that changes, durably and atomically.
	Replace(ctx context.Context, name string, data []byte) error
	// Get reads an object; fs.ErrNotExist when absent.
	Get(ctx context.Context, name string) ([]byte, error)
}

// Ledger is the truth about what has been published.
type Ledger interface {
	// Regions lists the regions that may be published, in rising order.
	Regions(ctx context.Context) ([]Region, error)
	// Versions lists a region's versions, oldest first. Their numbers follow each
	// other; old ones may have been dropped (sync/gc), the newest never is.
	Versions(ctx context.Context, region string) ([]Version, error)
	// Roots lists the site's roots, oldest first: signed notes, each checked
	// against the one before.
	Roots(ctx context.Context) ([][]byte, error)
	// Append adds a version durably, unless the newest is no longer v.Number-1:
	// then it returns ErrConflict.
	Append(ctx context.Context, region string, v Version) error
	// Resign replaces the head of the newest version, or of the one before,
	// durably, unless neither is the head was any longer: then it returns ErrConflict.
	Resign(ctx context.Context, region string, was, head []byte) error
	// Offer changes the share of the newest version durably, unless that is no
	// longer the one with the number, or goes to everybody: then it returns
	// ErrConflict.
	Offer(ctx context.Context, region string, number uint64, share int) error
}

// Region is what a publisher needs to know of a region to sign and list it.
type Region struct {
	ID     string
	Name   string
	Secret string // key that heads are signed with, "" if there is none; never logged
}

// Version is one line of the ledger.
type Version struct {
	Number   uint64        `json:"number"`
	Head     []byte        `json:"head"` // signed note
	Manifest blob.Hash     `json:"manifest"`
	Raw      uint32        `json:"raw"` // of the manifest
	Created  time.Time     `json:"created"`
	Message  string        `json:"message,omitempty"`
	Author   string        `json:"author,omitempty"`
	Cells    int           `json:"cells"`
	Bytes    int64         `json:"bytes"` // a first download: manifest and all blobs
	Deltas   []VersionFrom `json:"deltas,omitempty"`
	// Restores is the number of the version whose content a rollback repeats.
	Restores uint64 `json:"restores,omitempty"`
	// Share is the percentage of devices that it is offered to, 1 to 99, while it
	// is rolled out; 0 is everybody. Only the newest version has one.
	Share int `json:"share,omitempty"`
}

// VersionFrom says what the way from an older version takes.
type VersionFrom struct {
	Number uint64 `json:"from"`
	Bytes  int64  `json:"bytes"`
}

// Content is what a version shall hold.
type Content struct {
	Meta manifest.Meta
	// Kept are cells taken over from an earlier version as they are; their
	// blobs must be on the site. In any order.
	Kept []manifest.Entry
	// Cells calls emit with each other cell's canonical bytes, in any order,
	// from one goroutine. Nil when there are none.
	Cells func(ctx context.Context, emit func(key cell.Key, raw []byte) error) error
}

// Note is what a person says about a version.
type Note struct {
	Message, Author string
	// Share is the percentage of devices that get the version at first; 0 and 100
	// are everybody.
	Share int

	restores uint64 // set by Rollback
}

// Publisher makes versions. It may be used concurrently; of two that publish
// one region at once, one gets ErrConflict.
type Publisher struct {
	Objects Objects
	Ledger  Ledger
	// Life is how long a head counts as fresh; 0 is 30 days.
	Life time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Progress, if set, is told how many cells and deltas are done.
	Progress func(stage string, done, total int64)
}

// Result tells what a publish did.
type Result struct {
	Version   Version
	Unchanged bool // no new version: the content is what was published last
}

// Publish makes the next version of a region, or none if nothing changed.
func (p *Publisher) Publish(ctx context.Context, region Region, content Content, note Note) (Result, error) {
	versions, err := p.Ledger.Versions(ctx, region.ID)
	if err != nil {
		return Result{}, fmt.Errorf("read ledger: %w", err)
	}
	if err := checkShare(versions, note); err != nil {
		return Result{}, fmt.Errorf("publish %s: %w", region.ID, err)
	}
	if err := p.mayPublish(ctx, region, versions); err != nil {
		return Result{}, err
	}
	next, err := p.write(ctx, region.ID, content, versions)
	if err != nil {
		return Result{}, err
	}
	raw, err := next.Encode()
	if err != nil {
		return Result{}, err
	}
	name := blob.Sum(raw)
	if n := len(versions); n > 0 && versions[n-1].Manifest == name {
		// The head may have been lost between ledger and site.
		return Result{versions[n-1], true}, p.writeMutable(ctx, region.ID)
	}
	stored, err := blob.Pack(raw)
	if err != nil {
		return Result{}, err
	}
	if err := p.Objects.Put(ctx, layout.Manifest(region.ID, name), stored); err != nil {
		return Result{}, fmt.Errorf("write manifest: %w", err)
	}
	v := Version{
		Number: newest(versions) + 1, Manifest: name, Raw: uint32(len(raw)), Created: p.now(),
		Message: note.Message, Author: note.Author, Restores: note.restores, Share: staged(note.Share),
		Cells: len(next.Entries), Bytes: next.StoredBytes() + int64(len(stored)),
	}
	if v.Deltas, err = p.writeDeltas(ctx, region.ID, versions, v, next); err != nil {
		return Result{}, err
	}
	h := head.Head{
		Version: v.Number, Issued: v.Created, Manifest: v.Manifest, ManifestRaw: v.Raw, ManifestStored: uint32(len(stored)),
	}
	if n := len(versions); n > 0 {
		h.Previous = blob.Sum(versions[n-1].Head)
	}
	if v.Head, err = p.sign(ctx, region, h); err != nil {
		return Result{}, err
	}
	if err := p.Objects.Put(ctx, layout.PastHead(region.ID, blob.Sum(v.Head).Short()), v.Head); err != nil {
		return Result{}, fmt.Errorf("write head: %w", err)
	}
	if err := p.Ledger.Append(ctx, region.ID, v); err != nil {
		return Result{}, fmt.Errorf("publish %s: %w", region.ID, err)
	}
	return Result{Version: v}, p.writeMutable(ctx, region.ID)
}

// Check returns ErrNoKey when riders would refuse the region's next version. Ask
// before the work of making its content.
func (p *Publisher) Check(ctx context.Context, region Region) error {
	versions, err := p.Ledger.Versions(ctx, region.ID)
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	return p.mayPublish(ctx, region, versions)
}

func (p *Publisher) mayPublish(ctx context.Context, region Region, versions []Version) error {
	_, err := p.sign(ctx, region, head.Head{Version: newest(versions) + 1, Issued: p.now()})
	return err
}

// Rollback publishes an earlier version's content again, as a new version.
func (p *Publisher) Rollback(ctx context.Context, region Region, number uint64, note Note) (Result, error) {
	versions, err := p.Ledger.Versions(ctx, region.ID)
	if err != nil {
		return Result{}, fmt.Errorf("read ledger: %w", err)
	}
	v, err := find(versions, number)
	if err != nil {
		return Result{}, fmt.Errorf("roll %s back: %w", region.ID, err)
	}
	m, err := ReadManifest(ctx, p.Objects, region.ID, v.Manifest, v.Raw)
	if err != nil {
		return Result{}, err
	}
	note.restores = number
	return p.Publish(ctx, region, Content{Meta: m.Meta, Kept: m.Entries}, note)
}

// newest returns the number of the newest version, 0 when there is none.
func newest(versions []Version) uint64 {
	if len(versions) == 0 {
		return 0
	}
	return versions[len(versions)-1].Number
}

// find returns a version by its number.
func find(versions []Version, number uint64) (Version, error) {
	last := newest(versions)
	switch {
	case last == 0:
		return Version{}, fmt.Errorf("%w: nothing has been published yet", ErrNoVersion)
	case number == 0 || number > last:
		return Version{}, fmt.Errorf("%w: there are versions %d to %d, not %d", ErrNoVersion, versions[0].Number, last, number)
	case number < versions[0].Number:
		return Version{}, fmt.Errorf("%w: versions %d to %d are kept, %d was collected", ErrCollected, versions[0].Number, last, number)
	}
	return versions[number-versions[0].Number], nil
}

// write stores the content's blobs and returns the manifest that lists them.
func (p *Publisher) write(ctx context.Context, region string, content Content, versions []Version) (*manifest.Manifest, error) {
	m := &manifest.Manifest{Meta: content.Meta, Entries: slices.Clone(content.Kept)}
	known := make(map[blob.Hash]manifest.Entry)
	if n := len(versions); n > 0 {
		last, err := ReadManifest(ctx, p.Objects, region, versions[n-1].Manifest, versions[n-1].Raw)
		if err != nil {
			return nil, fmt.Errorf("version %d: %w", versions[n-1].Number, err)
		}
		for _, e := range last.Entries {
			known[e.Hash] = e // its stored length stays, whatever the packer would do today
		}
	}
	w := newWriter(ctx, p.Objects, known)
	if content.Cells != nil {
		var done atomic.Int64
		err := content.Cells(ctx, func(key cell.Key, raw []byte) error {
			p.report("cells", done.Add(1), 0)
			return w.add(key, raw)
		})
		if cause := w.wait(); cause != nil {
			err = cause // what Cells stumbled over
		}
		if err != nil {
			return nil, err
		}
		m.Entries = append(m.Entries, w.entries...)
	}
	slices.SortFunc(m.Entries, func(a, b manifest.Entry) int { return a.Key.Compare(b.Key) })
	if len(m.Entries) == 0 {
		return nil, fmt.Errorf("%w: import something first", ErrEmpty)
	}
	return m, nil
}

func (p *Publisher) now() time.Time {
	if p.Now != nil {
		return p.Now().UTC().Truncate(time.Second)
	}
	return time.Now().UTC().Truncate(time.Second)
}

func (p *Publisher) report(stage string, done, total int64) {
	if p.Progress != nil {
		p.Progress(stage, done, total)
	}
}

// ReadManifest reads and checks a region's manifest from a site.
func ReadManifest(ctx context.Context, objects interface {
	Get(ctx context.Context, name string) ([]byte, error)
}, region string, name blob.Hash, raw uint32) (*manifest.Manifest, error) {
	object := layout.Manifest(region, name)
	stored, err := objects.Get(ctx, object)
	if err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	data, err := blob.Open(stored, int(raw), name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", object, err)
	}
	m, err := manifest.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", object, err)
	}
	return m, nil
}
