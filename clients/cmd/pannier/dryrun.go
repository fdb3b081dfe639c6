package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/progress"
)

// planned is what a dry run writes as JSON.
type planned struct {
	version
	Unchanged    bool           `json:"unchanged"`
	BytesToFetch int64          `json:"bytes_to_fetch"`
	Layers       []plannedLayer `json:"layers"`
}

type plannedLayer struct {
	Layer   string `json:"layer"`
	Changed int    `json:"changed_cells"`
	Removed int    `json:"removed_cells"`
	Bytes   int64  `json:"bytes_to_fetch"`
}

// dryRun tells what a pull would do.
func (a *app) dryRun(ctx context.Context, region string, from source) error {
	p, err := a.preview(ctx, region, from, nil)
	if err != nil {
		return fmt.Errorf("region %s: %w", region, err)
	}
	return a.tellPlan(region, p)
}

// preview finds out what a pull would do.
func (a *app) preview(ctx context.Context, region string, from source, see func(pull.CellChange) error) (result pull.Preview, err error) {
	installed := pull.Nothing
	r, err := a.openRegion(ctx, region)
	var absent *notInstalled
	switch {
	case err == nil && !from.fresh:
		defer func() { err = errors.Join(err, r.Close()) }()
		installed = r
	case err == nil:
		err = r.Close()
	case errors.As(err, &absent):
		err = nil
	}
	if err != nil {
		return result, err
	}
	if from.server == "" {
		s, err := installed.State(ctx)
		if errors.Is(err, fs.ErrNotExist) {
			return result, errNoServer
		}
		if err != nil {
			return result, err
		}
		from.server = s.Origin.Server
	}
	meter := a.meter(progress.Bytes)
	defer meter.Done()
	client := pull.NewClient(from.server)
	defer client.Close()
	opts := pull.Options{
		Stage: filepath.Join(a.dir, region+".stage"), Seed: a.readSeed(), Root: from.root, Selection: from.part,
		Progress: meter.Report,
	}
	return client.Preview(ctx, region, installed, opts, cell.Features, see)
}

// tellPlan writes what a pull would do.
func (a *app) tellPlan(region string, p pull.Preview) error {
	if a.json {
		return a.writeJSON(planOf(region, p))
	}
	if p.Unchanged {
		fmt.Fprintf(a.out, "%s is up to date: version %d.\n", region, p.Head.Version)
		return nil
	}
	fmt.Fprintf(a.out, "%s would be version %d, with %d of %d cells: %s to fetch.\n",
		region, p.Head.Version, p.Cells, p.AllCells, size(p.Bytes()))
	for _, l := range p.Layers {
		fmt.Fprintf(a.out, "  %-9s %s, %s", l.Layer, counted(l.Changed, "cell", "cells"), size(l.Bytes))
		if l.Removed > 0 {
			fmt.Fprintf(a.out, "; %s to remove", counted(l.Removed, "cell", "cells"))
		}
		fmt.Fprintln(a.out)
	}
	return nil
}

func planOf(region string, p pull.Preview) planned {
	out := planned{
		version: version{
			Region: region, Version: p.Head.Version, Manifest: p.Head.Manifest, Cells: p.Cells, AllCells: p.AllCells, Part: partOf(p.Selection),
			BytesReceived: p.Received, Requests: p.Requests, Stale: p.Stale,
		},
		Unchanged: p.Unchanged, BytesToFetch: p.Bytes(), Layers: []plannedLayer{},
	}
	for _, l := range p.Layers {
		out.Changed += l.Changed + l.Removed
		out.Layers = append(out.Layers, plannedLayer{l.Layer.String(), l.Changed, l.Removed, l.Bytes})
	}
	return out
}

// partOf is a selection as JSON shows it: absent when it is everything.
func partOf(s cover.Selection) *cover.Selection {
	if s.IsAll() {
		return nil
	}
	return &s
}
