package offline

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pannier-maps/pannier/clients/guide/changes"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/tiles/archive"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// Apply makes next the installed version in one transaction, or changes nothing.
//
// What has to change follows from the two manifests and from the selections of
// what is held: next.Changed must yield every cell that differs, and may yield
// others of the new version, which are then written again. After a cell's rows are written it is rebuilt from them,
// and must have the hash that the manifest names.
func (r *Region) Apply(ctx context.Context, next pull.Version) error {
	if r.write == nil {
		return ErrReadOnly
	}
	h, err := head.Peek(next.HeadNote)
	if err != nil {
		return err
	}
	if err := r.beginUpdate(ctx); err != nil {
		return explain(err)
	}
	if err := r.apply(ctx, next, h); err != nil {
		return explain(err)
	}
	r.endUpdate(ctx)
	return nil
}

func (r *Region) apply(ctx context.Context, next pull.Version, h *head.Head) error {
	if got := blob.Sum(next.Manifest); got != h.Manifest {
		return fmt.Errorf("the manifest is %s, the head names %s", got, h.Manifest)
	}
	target, err := manifest.Decode(next.Manifest)
	if err != nil {
		return err
	}
	if target.Meta.Region != h.Region() {
		return fmt.Errorf("%w: the manifest is of %q, the head of %q", head.ErrOrigin, target.Meta.Region, h.Region())
	}
	tx, err := r.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	installed, err := loadInstalled(ctx, tx)
	if err != nil {
		return err
	}
	held := next.Selection.Cover().Of(target)
	w := &writer{tx: tx, vectors: archive.Layers{}}
	if installed.head != nil && installed.head.Manifest != h.Manifest {
		w.news = func(c manifest.Change) bool { return compares(c, installed.whole, target) }
	}
	_, wasArchive, err := basemap(ctx, tx)
	if err != nil {
		return err
	}
	if err := w.replace(ctx, manifest.Diff(installed.held, held), held, next); err != nil {
		return err
	}
	if err := storeState(ctx, tx, next.State); err != nil {
		return err
	}
	if err := w.describe(ctx, target, h.Version, wasArchive); err != nil {
		return err
	}
	if w.news != nil {
		if err := w.storeChanges(ctx, installed.head, h, next.Selection); err != nil {
			return err
		}
	}
	if installed.head == nil {
		if _, err := tx.ExecContext(ctx, `INSERT INTO search(search) VALUES ('optimize')`); err != nil {
			return err
		}
	}
	if err := giveBack(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}

// version is what is installed; all is nil when nothing is.
type version struct {
	head        *head.Head
	whole, held *manifest.Manifest
}

func loadInstalled(ctx context.Context, tx *sql.Tx) (v version, err error) {
	s, err := loadState(ctx, tx)
	if errors.Is(err, fs.ErrNotExist) {
		return v, nil
	}
	if err != nil {
		return v, err
	}
	if v.head, err = head.Peek(s.HeadNote); err != nil {
		return v, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if v.whole, err = loadManifest(ctx, tx); err != nil {
		return v, err
	}
	v.held = s.Selection.Cover().Of(v.whole)
	return v, nil
}

// writer changes rows within one transaction.
type writer struct {
	tx       *sql.Tx
	vectors  archive.Layers               // of the tiles that were written
	news     func(c manifest.Change) bool // whether a cell's change is told to people; nil: none is
	compared changes.Comparison
}

// replace takes out what differs and puts in what next yields. Everything goes
// out first, because a feature may move from one cell to another.
func (w *writer) replace(ctx context.Context, cells []manifest.Change, target *manifest.Manifest, next pull.Version) error {
	var want []cell.Key
	told := make(map[cell.Key]bool) // cells whose change is news
	for _, c := range cells {
		told[c.Key()] = w.news != nil && w.news(c)
		if told[c.Key()] && !c.Added() {
			if err := w.keepOld(ctx, c.Key().ID); err != nil {
				return fmt.Errorf("read cell %s: %w", c.Key(), err)
			}
		}
		if !c.Added() {
			if err := w.remove(ctx, c.Old.Key); err != nil {
				return fmt.Errorf("remove cell %s: %w", c.Old.Key, err)
			}
		}
		if !c.Removed() {
			want = append(want, c.New.Key)
		}
	}
	for p, err := range packAll(ctx, next.Changed) {
		if err != nil {
			return err
		}
		entry, ok := target.Find(p.key)
		switch {
		case !ok:
			return fmt.Errorf("cell %s is not part of the version", p.key)
		case len(want) > 0 && want[0] == p.key:
			want = want[1:]
		case len(want) > 0 && want[0].Compare(p.key) < 0:
			return fmt.Errorf("cell %s is missing", want[0])
		default: // unchanged, but to be written again
			if err := w.remove(ctx, p.key); err != nil {
				return fmt.Errorf("remove cell %s: %w", p.key, err)
			}
		}
		if told[p.key] {
			w.keepNew(p.features)
		}
		if err := w.put(ctx, p); err != nil {
			return fmt.Errorf("store cell %s: %w", p.key, err)
		}
		if err := check(ctx, w.tx, entry); err != nil {
			return err
		}
	}
	if len(want) > 0 {
		return fmt.Errorf("cell %s is missing", want[0])
	}
	return nil
}

// put stores a cell.
func (w *writer) put(ctx context.Context, p *packed) error {
	switch p.key.Layer {
	case cell.Tiles:
		w.vectors.Merge(p.vectors)
		return putTiles(ctx, w.tx, p.tiles)
	case cell.Features:
		return putFeatures(ctx, w.tx, p.key.ID, p.features)
	}
	return putBytes(ctx, w.tx, p.key, p.data)
}

// remove takes a cell out.
func (w *writer) remove(ctx context.Context, key cell.Key) error {
	switch key.Layer {
	case cell.Tiles:
		return removeTiles(ctx, w.tx, key.ID)
	case cell.Features:
		return removeFeatures(ctx, w.tx, key.ID)
	}
	return removeBytes(ctx, w.tx, key)
}
