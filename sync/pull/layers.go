package pull

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// order is in which order a first pull installs layers: what one looks up, what
// leads, what shows the way, how steep it is, what is nice to have.
var order = [][]cell.Layer{{cell.Features}, {cell.Graph}, {cell.Tiles, cell.Assets}, {cell.Relief}, {cell.Media}}

// layerByLayer installs all but the last of a plan's layers, each in a
// transaction of its own. While that lasts the device's selection is a smaller
// one than the goal that lies in the stage.
func (p *puller) layerByLayer(ctx context.Context, pl *plan) error {
	goal := p.want
	defer func() { p.want = goal }()
	present := make(map[cell.Layer]bool)
	for _, e := range pl.held.Entries {
		present[e.Key.Layer] = true
	}
	var held []cell.Layer
	for _, layers := range order {
		next := slices.Clone(held)
		for _, l := range layers {
			if present[l] {
				next = append(next, l)
			}
		}
		if len(next) == len(held) {
			continue
		}
		if len(next) == len(present) { // the last ones come with the rest
			break
		}
		held = next
		p.want.Layers = slices.Sorted(slices.Values(held))
		step := p.finish(&plan{encoded: pl.encoded, to: pl.to})
		if err := p.install(ctx, step); err != nil {
			return err
		}
		p.was.HeadNote, p.was.Manifest, p.was.Selection = p.headNote, pl.encoded, p.want
		p.wasHead, p.wasList, p.wasHeld = p.head, pl.to, step.held
		p.opts.Ready(slices.Clone(p.want.Layers))
	}
	p.want = goal
	p.finish(pl)
	return nil
}

const goalFile = "goal.json"

// keepGoal remembers what the device is to hold when the pull is done, so that
// one that was cut off is gone on with by whoever pulls next. There is none to
// remember when it is what the device holds all the while. Other than what else
// is staged it is synced: nobody could tell it from the network.
func (s stage) keepGoal(goal cover.Selection, differs bool) error {
	path := filepath.Join(s.dir, goalFile)
	if !differs {
		return remove(path)
	}
	data, err := goal.Encode()
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	dir, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	dir.Sync() // some systems cannot
	return dir.Close()
}

// goal returns what a pull that was cut off wanted the device to hold; nil when
// there was none. What cannot be read, as after a power cut, is no goal.
func (s stage) goal() (*cover.Selection, error) {
	data, err := os.ReadFile(filepath.Join(s.dir, goalFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	goal, err := cover.Parse(data)
	if err != nil {
		return nil, nil
	}
	return &goal, nil
}
