// Package pull brings a region's current version to a device and keeps it
// current.
//
// Everything is staged first and installed in one step (Installed.Apply), so
// that the installed version stays usable until the new one has been checked,
// whatever happens on the way. What is fetched is checked against a head that
// a key of the site's newest root signed: the head names the manifest, the
// manifest names each cell. Roots follow from the one that was pinned at the
// first pull. Deltas, history and servers are not trusted.
//
// One region must not be pulled twice at once into one device; different
// regions may.
package pull

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/sync/delta"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/root"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// ErrUnpinned is returned at the first pull of what the server does not have.
var ErrUnpinned = errors.New("region not found on the server")

// parallel is how many objects are fetched at once.
const parallel = 4

// Options of a pull.
type Options struct {
	// Stage is the folder for downloads. It is made if need be, kept when the
	// pull fails, and removed when it succeeds.
	Stage string
	// Selection, if set, is the part of the region to hold from now on: the pull
	// adds what is missing of it and removes what is not in it. Nil goes on to
	// where a pull that was cut off was going, else keeps what the device has,
	// which is everything at a first pull.
	Selection *cover.Selection
	// Root, if set, is the signed note of the root to begin with, as an app ships
	// it. Without it the server's first root is pinned at a first pull. For an
	// installed region it counts when it is newer than what is known.
	Root []byte
	// Seed, if set, is random bytes that this device chose once and keeps to itself.
	// They decide which new versions it is among the first to get; without them it
	// waits until everybody does.
	Seed []byte
	// Ready, if set, makes a first pull install layer by layer, features first and
	// media last, and is told after each but the last which layers can be used.
	Ready func(layers []cell.Layer)
	// Progress, if set, is told about bytes fetched ("download") and cells
	// installed ("install"). It may be called from several goroutines.
	Progress func(stage string, done, total int64)
	// Now is the clock for telling whether a head is fresh; nil is time.Now.
	Now func() time.Time
}

// Result tells what a pull did.
type Result struct {
	Head      *head.Head
	Cells     int             // cells of the version that are held
	AllCells  int             // cells of the version
	Selection cover.Selection // what is held
	Changed   int             // cells that were new, changed or removed
	Unchanged bool            // the installed version was current
	Stale     bool            // head or root has expired: freshness is unverified since the head was issued
	Pinned    bool            // it was the first pull, and the root came from the server itself
	Root      string          // fingerprint of the root that trust in the site begins with
	Received  int64           // bytes over the wire, headers included
	Sent      int64
	Requests  int64
}

// Pull makes the server's current version of a region the installed one: by
// delta when something older is installed, else in full.
func (c *Client) Pull(ctx context.Context, region string, installed Installed, opts Options) (Result, error) {
	if err := layout.CheckRegion(region); err != nil {
		return Result{}, err
	}
	p := &puller{client: c, region: region, installed: installed, opts: opts}
	result, err := p.run(ctx)
	result.Received, result.Sent, result.Requests = c.received.Load(), c.sent.Load(), c.requests.Load()
	return result, err
}

// puller is one pull under way.
type puller struct {
	client    *Client
	region    string
	installed Installed
	opts      Options
	stage     stage

	was      State
	chain    *root.Chain
	repinned bool               // the chain began anew
	wasHead  *head.Head         // nil at a first pull
	wasList  *manifest.Manifest // nil at a first pull
	wasHeld  *manifest.Manifest // of wasList, what the device holds
	want     cover.Selection    // what it is to hold
	preview  bool               // nothing is installed
	headNote []byte
	head     *head.Head
}

// begin reads what is installed and fetches the current head.
func (p *puller) begin(ctx context.Context) (err error) {
	if p.stage, err = openStage(p.opts.Stage); err != nil {
		return err
	}
	if err := p.load(ctx); err != nil {
		return err
	}
	if err := p.choose(); err != nil {
		return err
	}
	return p.fetchHead(ctx)
}

func (p *puller) run(ctx context.Context) (result Result, err error) {
	if err := p.begin(ctx); err != nil {
		return result, err
	}
	result.Head, result.Selection, result.Stale = p.head, p.want, p.stale()
	result.Root, result.Pinned = p.chain.Fingerprint(), p.wasHead == nil && p.opts.Root == nil
	if p.current() {
		result.Unchanged = p.head.Version == p.wasHead.Version
		result.Cells, result.AllCells = len(p.wasHeld.Entries), len(p.wasList.Entries)
		if !p.newer() {
			p.headNote = p.was.HeadNote
		}
		if bytes.Equal(p.headNote, p.was.HeadNote) && !p.repinned {
			return result, p.stage.clear()
		}
		if err := p.installed.Refresh(ctx, p.chain.Notes(), p.headNote); err != nil {
			return result, fmt.Errorf("install head: %w", err)
		}
		return result, p.stage.clear()
	}
	err = p.bring(ctx, &result)
	if p.stage.resumed && (errors.Is(err, blob.ErrCorrupt) || errors.Is(err, delta.ErrCorrupt)) {
		if err := p.stage.clear(); err != nil { // perhaps the power was cut: once more from nothing
			return result, err
		}
		if p.stage, err = openStage(p.opts.Stage); err != nil {
			return result, err
		}
		err = p.bring(ctx, &result)
	}
	if err != nil {
		return result, err
	}
	return result, p.stage.clear()
}

// bring installs the version that the head names.
func (p *puller) bring(ctx context.Context, result *Result) error {
	layered := p.wasHead == nil && p.opts.Ready != nil
	if err := p.stage.keepGoal(p.want, layered || !p.want.Equal(p.was.Selection)); err != nil {
		return err
	}
	plan, err := p.plan(ctx)
	if err != nil {
		return err
	}
	result.Cells, result.AllCells, result.Changed = len(plan.held.Entries), len(plan.to.Entries), len(plan.changes)
	if layered {
		if err := p.layerByLayer(ctx, plan); err != nil {
			return err
		}
	}
	return p.install(ctx, plan)
}

// newer reports whether the fetched head says more than the installed one: a
// later version with the same content, or a later signature of the same version.
func (p *puller) newer() bool {
	return p.head.Version > p.wasHead.Version || p.head.Epoch > p.wasHead.Epoch || p.head.Issued.After(p.wasHead.Issued)
}

// load reads what is installed, or finds out whom to trust for a first pull.
func (p *puller) load(ctx context.Context) (err error) {
	p.was, err = p.installed.State(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return p.pin(ctx)
	}
	if err != nil {
		return fmt.Errorf("read installed version: %w", err)
	}
	if p.was.Origin.Server == "" && !p.client.file { // it came from a bundle file
		p.was.Origin.Server = p.client.server
	}
	if p.chain, err = root.OpenChain(p.was.Origin.Roots); err != nil {
		return fmt.Errorf("installed roots: %w", err)
	}
	if p.wasHead, err = p.chain.OpenHead(p.was.HeadNote, p.region); err != nil {
		return fmt.Errorf("installed head: %w", err)
	}
	if p.wasList, err = manifest.Decode(p.was.Manifest); err != nil {
		return fmt.Errorf("installed manifest: %w", err)
	}
	return p.repin()
}

// fetchHead gets the current head: with the delta that leads to it when the
// server offers that, else alone.
func (p *puller) fetchHead(ctx context.Context) error {
	var tag string
	if p.wasHead != nil {
		tag = `"` + blob.Sum(p.was.HeadNote).Short() + `"`
		done, err := p.fetchUpdate(ctx, tag)
		if done || err != nil {
			return err
		}
	}
	name := layout.Head(p.region)
	note, next, err := p.client.get(ctx, name, head.MaxBytes, tag)
	if errors.Is(err, errNotModified) {
		note, err = p.was.HeadNote, nil
	}
	if errors.Is(err, ErrNotFound) && p.wasHead == nil {
		return p.unpinned()
	}
	if err != nil {
		return err
	}
	return p.accept(ctx, name, note, next)
}

// fetchUpdate asks for head and delta in one answer. done is false when the
// server has no such answer, or none that leads to a head: a static site, one
// that forgot our version, one whose copy of an object is damaged; or when the
// device's cells are damaged, on which a short answer builds.
func (p *puller) fetchUpdate(ctx context.Context, tag string) (done bool, err error) {
	name := layout.Update(p.region, p.wasHead.Manifest)
	var first int64 // bytes of the answer that are wanted, 0 for all
	if p.brief() {
		name, first = layout.UpdatePart(p.region, p.wasHead.Manifest), firstBytes
	}
	body, next, err := p.client.getStart(ctx, name, first, maxUpdate, tag)
	switch {
	case errors.Is(err, errNotModified):
		return true, p.accept(ctx, name, p.was.HeadNote, next)
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrServer), errors.Is(err, ErrPortal): // a static site may answer with its page
		return false, nil
	case err != nil:
		return false, err
	}
	note, way, err := p.readUpdate(ctx, body)
	if err != nil {
		return false, ctx.Err()
	}
	if err := p.accept(ctx, name, note, next); err != nil {
		if body[0] == delta.ShortUpdate && errors.Is(err, head.ErrSignature) {
			return false, nil // it was made of cells, and some were spoilt on the way
		}
		return false, err
	}
	if len(way) > 0 && bytes.Equal(p.headNote, note) {
		return true, p.stage.putStart(layout.Delta(p.region, p.wasHead.Manifest, p.head.Manifest), way)
	}
	return true, nil
}

// readUpdate takes an update apart into the head's note and the delta, or its
// beginning. Neither has been checked.
func (p *puller) readUpdate(ctx context.Context, body []byte) (note, way []byte, err error) {
	if len(body) == 0 {
		return nil, nil, fmt.Errorf("%w: empty update", delta.ErrCorrupt)
	}
	switch form, body := body[0], body[1:]; form {
	case delta.LongUpdate:
		return delta.ReadPart(p.was.HeadNote, body, head.MaxBytes)
	case delta.ShortUpdate:
		way, to, rest, err := delta.Lengthen(body, p.wasList, func(key cell.Key) ([]byte, error) { return p.intact(ctx, key) })
		if err != nil {
			return nil, nil, err
		}
		list, err := to.Encode()
		if err != nil {
			return nil, nil, err
		}
		note, rest, err := head.ReadNext(p.was.HeadNote, rest, blob.Sum(list), uint32(len(list)))
		if err == nil && len(rest) > 0 {
			err = fmt.Errorf("%w: %d bytes follow the update", delta.ErrCorrupt, len(rest))
		}
		return note, way, err
	default:
		return nil, nil, fmt.Errorf("%w: update of form %d", delta.ErrTooNew, form)
	}
}

// intact returns an installed cell, if it is what its manifest says.
func (p *puller) intact(ctx context.Context, key cell.Key) ([]byte, error) {
	raw, err := p.installed.Cell(ctx, key)
	if e, ok := p.wasList.Find(key); err == nil && (!ok || blob.Sum(raw) != e.Hash) {
		err = errors.New("its content has another hash")
	}
	return raw, err
}

// maxUpdate bounds an update: a head and a delta that fits one answer.
const maxUpdate = head.MaxBytes + 1<<20

func (p *puller) report(stage string, done, total int64) {
	if p.opts.Progress != nil {
		p.opts.Progress(stage, done, total)
	}
}
