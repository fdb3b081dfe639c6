package publish_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pannier-maps/pannier/sync/fsck"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/site"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

var errInjected = errors.New("injected fault")

// faults fails one call: before it does anything, or after all of it. All later
// calls fail too, as after a crash, if it is a crash.
type faults struct {
	calls  atomic.Int64
	at     int64 // which call, from 1; none when 0
	after  bool
	crash  bool
	failed atomic.Bool
}

func (f *faults) call(do func() error) error {
	n := f.calls.Add(1)
	hit := n == f.at
	if hit {
		f.failed.Store(true)
	}
	switch {
	case hit && f.after:
		return errors.Join(do(), errInjected)
	case hit, f.crash && f.at > 0 && n > f.at:
		return errInjected
	}
	return do()
}

type faultyObjects struct {
	publish.Objects
	*faults
}

func (o faultyObjects) Put(ctx context.Context, name string, data []byte) error {
	return o.call(func() error { return o.Objects.Put(ctx, name, data) })
}

func (o faultyObjects) Replace(ctx context.Context, name string, data []byte) error {
	return o.call(func() error { return o.Objects.Replace(ctx, name, data) })
}

func (o faultyObjects) Get(ctx context.Context, name string) (data []byte, err error) {
	err = o.call(func() error { data, err = o.Objects.Get(ctx, name); return err })
	return data, err
}

type faultyLedger struct {
	publish.Ledger
	*faults
}

func (l faultyLedger) Regions(ctx context.Context) (all []publish.Region, err error) {
	err = l.call(func() error { all, err = l.Ledger.Regions(ctx); return err })
	return all, err
}

func (l faultyLedger) Versions(ctx context.Context, region string) (all []publish.Version, err error) {
	err = l.call(func() error { all, err = l.Ledger.Versions(ctx, region); return err })
	return all, err
}

func (l faultyLedger) Append(ctx context.Context, region string, v publish.Version) error {
	return l.call(func() error { return l.Ledger.Append(ctx, region, v) })
}

type folder struct{ *sitetest.Objects }

func (f folder) List(_ context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, name := range f.Names() {
			if strings.HasPrefix(name, prefix) && !yield(name, nil) {
				return
			}
		}
	}
}

// content is what version n holds.
func content(n int) map[cell.Key][]byte {
	cells := make(map[cell.Key][]byte)
	for i := range uint32(3) {
		raw := bytes.Repeat([]byte(fmt.Sprint("cell ", i)), 200)
		if uint32(n)%3 == i {
			raw = fmt.Append(raw, "version ", n)
		}
		cells[cell.Key{Layer: cell.Features, ID: cell.New(11, i, 1)}] = raw
	}
	return cells
}

// TestEachCallFails fails each call of two publishes in turn.
func TestEachCallFails(t *testing.T) {
	for name, kind := range map[string]*faults{
		"before": {}, "after": {after: true}, "crash before": {crash: true}, "crash after": {crash: true, after: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := int64(1)
			for failCall(t, &faults{at: n, after: kind.after, crash: kind.crash}) {
				n++
			}
			if n < 20 {
				t.Errorf("only %d calls", n)
			}
			t.Logf("%d trials", n)
		})
	}
}

// failCall reports whether there was such a call.
func failCall(t *testing.T, f *faults) bool {
	ctx := context.Background()
	objects, ledger := sitetest.NewObjects(), sitetest.NewLedger(t, "test")
	p := &publish.Publisher{Objects: faultyObjects{objects, f}, Ledger: faultyLedger{ledger, f}}
	acknowledged := make(map[uint64]publish.Version)
	for v := range 2 {
		r, err := p.Publish(ctx, ledger.Region, sitetest.Content(content(v)), publish.Note{})
		if err == nil {
			acknowledged[r.Version.Number] = r.Version
		}
	}
	where := fmt.Sprintf("call %d", f.at)
	p = &publish.Publisher{Objects: objects, Ledger: ledger}
	if err := p.Repair(ctx); err != nil {
		t.Fatalf("%s: repair: %v", where, err)
	}
	checkServed(t, where, objects, acknowledged)
	r, err := p.Publish(ctx, ledger.Region, sitetest.Content(content(99)), publish.Note{})
	if err != nil {
		t.Fatalf("%s: the next publish: %v", where, err)
	}
	acknowledged[r.Version.Number] = r.Version
	checkServed(t, where, objects, acknowledged)
	return f.failed.Load()
}

// checkServed checks the site, and that it serves what was acknowledged.
func checkServed(t *testing.T, where string, objects *sitetest.Objects, acknowledged map[uint64]publish.Version) {
	t.Helper()
	ctx := context.Background()
	if len(objects.Names()) == 1 && len(acknowledged) == 0 {
		return // nothing but an empty list
	}
	report, err := fsck.Check(ctx, folder{objects}, fsck.Options{})
	if err != nil || len(report.Problems) > 0 {
		t.Fatalf("%s: fsck: %v, %v", where, report.Problems, err)
	}
	if len(acknowledged) == 0 {
		return
	}
	data, err := objects.Get(ctx, layout.History("test"))
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	h, err := site.ParseHistory(data)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	served := make(map[uint64]site.Version)
	for _, v := range h.Versions {
		served[v.Number] = v
	}
	for n, v := range acknowledged {
		if served[n].Manifest != v.Manifest {
			t.Fatalf("%s: version %d was acknowledged, but is not served", where, n)
		}
	}
	note, err := objects.Get(ctx, layout.Head("test"))
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	if top, err := head.Peek(note); err != nil || top.Version != h.Versions[len(h.Versions)-1].Number {
		t.Fatalf("%s: the head is %v, %v", where, top, err)
	}
}

// TestLateWriter lets one publisher write its head after another has published
// the next version.
func TestLateWriter(t *testing.T) {
	ctx := context.Background()
	objects, ledger := sitetest.NewObjects(), sitetest.NewLedger(t, "test")
	next := &publish.Publisher{Objects: objects, Ledger: ledger}
	late := &publish.Publisher{Objects: &delayed{Objects: objects, before: func() {
		if _, err := next.Publish(ctx, ledger.Region, sitetest.Content(content(2)), publish.Note{}); err != nil {
			t.Error(err)
		}
	}}, Ledger: ledger}
	r, err := late.Publish(ctx, ledger.Region, sitetest.Content(content(1)), publish.Note{})
	if err != nil {
		t.Fatal(err)
	}
	checkServed(t, "late writer", objects, map[uint64]publish.Version{1: r.Version})
	if versions, _ := ledger.Versions(ctx, "test"); len(versions) != 2 {
		t.Errorf("%d versions", len(versions))
	}
	if differing, err := next.Differing(ctx); len(differing) > 0 || err != nil {
		t.Errorf("the site differs from the ledger: %v, %v", differing, err)
	}
}

// delayed runs something before the head is replaced for the first time.
type delayed struct {
	publish.Objects
	before func()
}

func (d *delayed) Replace(ctx context.Context, name string, data []byte) error {
	if before := d.before; before != nil && strings.HasSuffix(name, "/head") {
		d.before = nil
		before()
	}
	return d.Objects.Replace(ctx, name, data)
}
