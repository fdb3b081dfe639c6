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

// tilemaker adds what tilemaker takes for the same extract: it reads PBF only,
// and draws the OpenMapTiles profile that it ships with, less the layers from
// shapefiles (oceans and the like), which are no part of it.
func (b *bench) tilemaker(ctx context.Context, e extract, build *Build) error {
	if !b.installed("tilemaker") {
		return nil
	}
	if kind, err := source.Detect(e.file); err != nil || kind != source.OSMPBF {
		return err
	}
	config, process, err := b.profile()
	if err != nil {
		b.absent("tilemaker: its OpenMapTiles profile cannot be used: %v", err)
		return nil
	}
	output := filepath.Join(b.temp, "tilemaker.mbtiles")
	defer os.Remove(output)
	var runs []Usage
	for i := range b.runs {
		say("%s: tilemaker, run %d of %d", e.region, i+1, b.runs)
		if err := os.Remove(output); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		_, u, err := measure(ctx, "tilemaker", "--input", e.file, "--output", output, "--config", config, "--process", process)
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			b.absent("tilemaker: failed on %s: %v", e.region, err)
			return nil
		}
		runs = append(runs, u)
	}
	info, err := os.Stat(output)
	if err != nil {
		return err
	}
	build.Steps = append(build.Steps, newStep("tilemaker", runs))
	dir, ok, err := b.tilemakerFolder(ctx, e)
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
