package compose

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/relief/pyramid"
)

// reliefVersion goes into the fingerprint of relief. Raise it when the same model
// gives other tiles.
const reliefVersion = 1

// reliefCells is a region's heights as tiles. They are drawn anew when the height
// model or the region's box is another: a file in the cache remembers what was
// made of which. A nil one, of a region whose model does not reach it, has none.
type reliefCells struct {
	survey *survey
	box    pyramid.Box
	path   string
	print  string // of what goes into them
	known  madeRelief
	there  bool // all of known are in the version before
}

// madeRelief is the cells that were made last.
type madeRelief struct {
	Fingerprint string               `json:"fingerprint"`
	Cells       map[string]blob.Hash `json:"cells"` // by their squares
}

// relief finds out what there is to draw.
func (c *Composer) relief(region string, s *survey, bounds [4]int32) *reliefCells {
	box := pyramid.Box{Min: cell.Point{LonE7: bounds[0], LatE7: bounds[1]}, Max: cell.Point{LonE7: bounds[2], LatE7: bounds[3]}}
	if s == nil || !pyramid.Within(s.model, box) {
		return nil
	}
	data, err := json.Marshal([]any{reliefVersion, s.files, bounds})
	if err != nil {
		panic(err) // plain data cannot fail
	}
	sum := sha256.Sum256(data)
	r := &reliefCells{survey: s, box: box, path: filepath.Join(c.Cache, region+".relief"), print: hex.EncodeToString(sum[:])}
	if !c.Rebuild && !keptJSON(r.path, &r.known) {
		r.known = madeRelief{}
	}
	return r
}

// reader returns the oldest reader version that knows what there is.
func (r *reliefCells) reader() int {
	if r == nil {
		return 1
	}
	return manifest.MinReader(cell.Relief)
}

// kept lists the cells, if all stay as they are in the version before.
func (r *reliefCells) kept(last *manifest.Manifest) (entries []manifest.Entry) {
	if r == nil || last == nil || r.known.Fingerprint != r.print {
		return nil
	}
	for square, hash := range r.known.Cells {
		id, err := cell.Parse(square)
		if err != nil {
			return nil
		}
		e, ok := last.Find(cell.Key{Layer: cell.Relief, ID: id})
		if !ok || e.Hash != hash {
			return nil
		}
		entries = append(entries, e)
	}
	r.there = true
	return entries
}

// emit draws the cells and gives them away, unless they are kept.
func (r *reliefCells) emit(ctx context.Context, progress func(stage string, done, total int64), emit func(key cell.Key, raw []byte) error) error {
	if r == nil || r.there {
		return nil
	}
	made := madeRelief{r.print, make(map[string]blob.Hash)}
	var tell func(done, total int64)
	if progress != nil {
		tell = func(done, total int64) { progress("relief", done, total) }
	}
	err := pyramid.Tiles(ctx, r.survey.model, r.box, tell, func(id cell.ID, raw []byte) error {
		made.Cells[id.String()] = blob.Sum(raw)
		return emit(cell.Key{Layer: cell.Relief, ID: id}, raw)
	})
	if err != nil {
		return fmt.Errorf("relief: %w", err)
	}
	return keepJSON(r.path, made)
}
