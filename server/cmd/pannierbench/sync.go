package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// runSync measures updates of a real client from a real server, on the wire, and
// sets them beside what other programs take for the same content.
func runSync(ctx context.Context, args []string) (err error) {
	b := &bench{}
	flags := flag.NewFlagSet("pannierbench sync", flag.ContinueOnError)
	out := b.flags(flags, "out/bench-sync.json")
	only := flags.String("only", "", "measure only the rows whose name contains this")
	if err := flags.Parse(args); err != nil {
		return err
	}
	done, err := b.start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	if b.pannier, err = b.program(ctx, "./clients/cmd/pannier"); err != nil {
		return err
	}
	if b.goPMTiles, err = b.buildGoPMTiles(ctx); err != nil {
		return err
	}
	if err := b.makeEdits(ctx, filepath.Join(b.osm, autumnExtract)); err != nil {
		return err
	}
	for _, s := range b.scenarios() {
		if !strings.Contains(s.name, *only) {
			continue
		}
		if file := s.missing(); file != "" {
			b.absent("%s: there is no %s", s.name, file)
			continue
		}
		say("%s", s.name)
		row, err := b.sync(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		b.report.Syncs = append(b.report.Syncs, row)
	}
	b.report.Targets = targets(b.report.Syncs)
	if err := b.report.printSyncs(os.Stdout); err != nil {
		return err
	}
	return writeReport(*out, b.report)
}

// sync makes a scenario's versions and takes a device from one to the other.
func (b *bench) sync(ctx context.Context, s scenario) (row Sync, err error) {
	row = Sync{Name: s.name, Region: s.region, Class: s.class}
	d, done, err := b.fresh(ctx, s.region, s.languages)
	if err != nil {
		return row, err
	}
	defer done()
	dir, err := os.MkdirTemp(b.temp, "sync-*")
	if err != nil {
		return row, err
	}
	defer os.RemoveAll(dir)

	if _, err := d.load(ctx, s.region, append(s.options, s.before...)...); err != nil {
		return row, err
	}
	if _, _, err := d.publish(ctx, s.region); err != nil {
		return row, err
	}
	wire, stop, err := d.serve(ctx)
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	old := device{b.pannier, filepath.Join(dir, "old")}
	installed, err := old.pull(ctx, s.region, wire.url())
	if err != nil {
		return row, err
	}
	current := installed.Manifest
	if len(s.after) > 0 {
		if _, err := d.load(ctx, s.region, append(s.options, s.after...)...); err != nil {
			return row, err
		}
		p, u, err := d.publish(ctx, s.region)
		if err != nil {
			return row, err
		}
		row.Delta, row.Publish, row.Work, current = p.Delta, &u, p.Seconds, p.Manifest
	}

	fresh := device{b.pannier, filepath.Join(dir, "fresh")}
	wire.take()
	if _, err := fresh.pull(ctx, s.region, wire.url()); err != nil {
		return row, err
	}
	sent, received := wire.take()
	row.Full = sent + received
	updated, err := b.apply(ctx, &row, old, dir, wire, current)
	if err != nil {
		return row, err
	}
	all, _, err := d.site().manifests(ctx, s.region)
	if err != nil {
		return row, err
	}
	before, after := all[0], all[len(all)-1]
	if len(s.after) > 0 {
		if err := row.dissect(ctx, d.site(), before, after); err != nil {
			return row, err
		}
	}
	c := &contents{b, d.site(), before, after, old, updated, dir}
	return row, c.peers(ctx, &row)
}

// apply updates copies of a device, and returns the last one.
func (b *bench) apply(ctx context.Context, row *Sync, old device, dir string, wire *proxy, want string) (updated device, err error) {
	var runs []Usage
	for i := range b.runs {
		if updated, err = old.clone(filepath.Join(dir, fmt.Sprintf("device-%d", i))); err != nil {
			return updated, err
		}
		wire.take()
		p, u, err := updated.update(ctx, row.Region)
		if err != nil {
			return updated, err
		}
		sent, received := wire.take()
		if p.Manifest != want {
			return updated, fmt.Errorf("the device has manifest %s, published is %s", p.Manifest, want)
		}
		if i > 0 && sent+received != row.Wire() {
			b.absent("%s: run %d took %d bytes on the wire, run 1 took %d", row.Name, i+1, sent+received, row.Wire())
		}
		if sent+received >= row.Wire() {
			row.Sent, row.Received = sent, received
		}
		row.Requests, row.Cells = p.Requests, p.Changed
		runs = append(runs, u)
	}
	row.Apply = newStep("update", runs)
	return updated, updated.verify(ctx, row.Region)
}
