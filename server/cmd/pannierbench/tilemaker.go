package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/pannier-maps/pannier/tiles/source"
)

// rival is tilemaker at work on an extract. It draws the OpenMapTiles profile that
// it ships with, less the layers from shapefiles (oceans and the like), which are
// no part of it.
type rival struct {
	b               *bench
	extract         extract
	config, process string
	output          string
	runs            []Usage
}

// rival returns nil where there is none: tilemaker reads PBF only.
func (b *bench) rival(e extract) (*rival, error) {
	if !b.installed("tilemaker") {
		return nil, nil
	}
	if kind, err := source.Detect(e.file); err != nil || kind != source.OSMPBF {
		return nil, err
	}
	config, process, err := b.profile()
	if err != nil {
		b.absent("tilemaker: its OpenMapTiles profile cannot be used: %v", err)
		return nil, nil
	}
	return &rival{b: b, extract: e, config: config, process: process, output: filepath.Join(b.temp, "tilemaker.mbtiles")}, nil
}

// run measures one run. It reports false when tilemaker failed.
func (r *rival) run(ctx context.Context) (bool, error) {
	if err := os.Remove(r.output); err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	_, u, err := measure(ctx, "tilemaker", "--input", r.extract.file, "--output", r.output, "--config", r.config, "--process", r.process)
	if err != nil {
		if ctx.Err() != nil {
			return false, err
		}
		r.b.absent("tilemaker: failed on %s: %v", r.extract.region, err)
		return false, nil
	}
	r.runs = append(r.runs, u)
	return true, nil
}

// finish adds what the runs took, and what they made.
func (r *rival) finish(ctx context.Context, build *Build) error {
	defer os.Remove(r.output)
	info, err := os.Stat(r.output)
	if err != nil {
		return err
	}
	build.Steps = append(build.Steps, newStep("tilemaker", r.runs))
	dir, ok, err := r.b.tilemakerFolder(ctx, r.extract)
	if err != nil || !ok {
		return err
	}
	defer os.RemoveAll(dir)
	theirs, err := countTiles(ctx, folderTiles(ctx, dir))
	if err != nil {
		return err
	}
	theirs.Program, theirs.File = "tilemaker", info.Size()
	build.Archives = append(build.Archives, theirs)
	return nil
}

// profile writes the shipped profile without its shapefile layers.
func (b *bench) profile() (config, process string, err error) {
	program, err := exec.LookPath("tilemaker")
	if err != nil {
		return "", "", err
	}
	examples := filepath.Join(filepath.Dir(program), "..", "share", "doc", "tilemaker", "examples")
	data, err := os.ReadFile(filepath.Join(examples, "config-openmaptiles.json"))
	if err != nil {
		return "", "", err
	}
	var profile struct {
		Layers   map[string]map[string]any `json:"layers"`
		Settings json.RawMessage           `json:"settings"`
	}
	if err := json.Unmarshal(data, &profile); err != nil {
		return "", "", fmt.Errorf("read its configuration: %w", err)
	}
	for name, layer := range profile.Layers {
		if layer["source"] != nil {
			delete(profile.Layers, name)
		}
	}
	// A layer must stand behind the one that it writes to. The order of names
	// sees to that: "poi" comes before "poi_detail".
	if data, err = json.Marshal(profile); err != nil {
		return "", "", err
	}
	config = filepath.Join(b.temp, "tilemaker.json")
	return config, filepath.Join(examples, "process-openmaptiles.lua"), os.WriteFile(config, data, 0o600)
}
