package compose

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// Photos gives the photos that features name by their hashes.
type Photos interface {
	// Shown returns how many bytes a photo has on phones; fs.ErrNotExist when
	// there is none that may be shown.
	Shown(ctx context.Context, hash string) (size int64, err error)
	// Published returns these bytes: the same ones for a hash, for ever.
	Published(ctx context.Context, hash string) ([]byte, error)
}

// How many photos go into a bundle: of a feature, the first ones; of a cell, the
// first of each feature before the second of any.
const (
	maxPhotos     = 6       // of a feature
	maxPhotoBytes = 8 << 20 // of a cell
)

// photoCells is a region's photos, sorted into the cells of the features that
// show them. To tell whether a cell is still the same its photos need not be
// read: a file in the cache remembers which photos made which cell.
type photoCells struct {
	photos Photos
	path   string
	cells  map[cell.ID]photoCell
	known  map[string]photoCell // by cell, as the file has it
}

type photoCell struct {
	Photos []string  `json:"photos"` // hashes, rising
	Hash   blob.Hash `json:"hash"`   // of the cell
}

// gatherPhotos chooses the photos of what providers gave.
func (c *Composer) gatherPhotos(ctx context.Context, region string, f *featureCells) (*photoCells, error) {
	p := &photoCells{photos: c.Photos, path: filepath.Join(c.Cache, region+".photos"), cells: make(map[cell.ID]photoCell)}
	if c.Photos == nil {
		return p, nil
	}
	for id, touched := range f.touched {
		chosen, err := p.choose(ctx, f, id, touched.photos)
		if err != nil {
			return nil, fmt.Errorf("region %s: photos: %w", region, err)
		}
		if len(chosen) > 0 {
			p.cells[id] = photoCell{Photos: chosen}
		}
	}
	slices.Sort(f.warnings) // cells came in any order
	if !c.Rebuild && !keptJSON(p.path, &p.known) {
		p.known = nil
	}
	return p, nil
}

// choose returns the photos of a cell, rising, of those that its features name.
func (p *photoCells) choose(ctx context.Context, f *featureCells, in cell.ID, named map[string][]string) (chosen []string, err error) {
	if len(named) == 0 {
		return nil, nil
	}
	features := slices.Sorted(maps.Keys(named))
	left, seen, over := int64(maxPhotoBytes), make(map[string]bool), 0
	for n := range maxPhotos {
		for _, id := range features {
			if n >= len(named[id]) || seen[named[id][n]] {
				continue
			}
			hash := named[id][n]
			seen[hash] = true
			size, err := p.photos.Shown(ctx, hash)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				f.warn("the photo %s of %s is not there, or nobody told its terms; %s goes without it", hash[:min(12, len(hash))], id, id)
			case err != nil:
				return nil, err
			case size > left:
				over++
			default:
				left -= size
				chosen = append(chosen, hash)
			}
		}
	}
	if over > 0 {
		f.warn("cell %s has more than %d MB of photos; %d of them are left out", in, maxPhotoBytes>>20, over)
	}
	slices.Sort(chosen)
	return chosen, nil
}

// photosOf returns the hashes of a feature's first photos that have one.
func photosOf(f *feature.Feature) (hashes []string) {
	for _, m := range f.Media {
		if m.Hash != "" && len(hashes) < maxPhotos {
			hashes = append(hashes, m.Hash)
		}
	}
	return hashes
}

// kept lists the cells that stay as they are in the version before.
func (p *photoCells) kept(last *manifest.Manifest) (entries []manifest.Entry) {
	if last == nil {
		return nil
	}
	for id, c := range p.cells {
		known, ok := p.known[id.String()]
		e, there := last.Find(cell.Key{Layer: cell.Media, ID: id})
		if ok && there && e.Hash == known.Hash && slices.Equal(known.Photos, c.Photos) {
			c.Hash = e.Hash
			p.cells[id] = c
			entries = append(entries, e)
		}
	}
	return entries
}

// emit gives away the other cells, and remembers what made which.
func (p *photoCells) emit(ctx context.Context, emit func(key cell.Key, raw []byte) error) error {
	made := 0
	for _, id := range slices.Sorted(maps.Keys(p.cells)) {
		c := p.cells[id]
		if c.Hash != (blob.Hash{}) {
			continue // kept
		}
		var raw []byte
		for _, hash := range c.Photos {
			data, err := p.photos.Published(ctx, hash)
			if err != nil {
				return fmt.Errorf("photo %s: %w; publish again to go without it", hash, err)
			}
			raw = cell.AppendItem(raw, cell.PhotoKey(hash), data)
		}
		c.Hash = blob.Sum(raw)
		p.cells[id] = c
		made++
		if err := emit(cell.Key{Layer: cell.Media, ID: id}, raw); err != nil {
			return err
		}
	}
	if made == 0 {
		return nil
	}
	return p.remember()
}

func (p *photoCells) remember() error {
	all := make(map[string]photoCell, len(p.cells))
	for id, c := range p.cells {
		all[id.String()] = c
	}
	return keepJSON(p.path, all)
}
