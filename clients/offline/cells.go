package offline

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// Cell returns the canonical bytes of an installed cell, rebuilt from its rows;
// fs.ErrNotExist when there is none. The caller checks the hash.
func (r *Region) Cell(ctx context.Context, key cell.Key) ([]byte, error) {
	raw, n, err := loadCell(ctx, r.read, key)
	if err != nil {
		return nil, fmt.Errorf("cell %s: %w", key, explain(err))
	}
	if n == 0 {
		return nil, fmt.Errorf("cell %s: %w", key, fs.ErrNotExist)
	}
	return raw, nil
}

// loadCell rebuilds a cell and counts its rows.
func loadCell(ctx context.Context, db queryer, key cell.Key) (raw []byte, rows int, err error) {
	switch key.Layer {
	case cell.Tiles:
		return tilesCell(ctx, db, key.ID)
	case cell.Features:
		return featuresCell(ctx, db, key.ID)
	}
	var data []byte
	err = db.QueryRowContext(ctx, `SELECT data FROM cells WHERE layer = ? AND cell = ?`, key.Layer, int64(key.ID)).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	raw, err = unpackBytes(data)
	return raw, 1, err
}

// check rebuilds a cell from its rows and compares it with its name.
func check(ctx context.Context, db queryer, e manifest.Entry) error {
	_, err := checked(ctx, db, e)
	return err
}

// checked returns a cell that has the content its entry names.
func checked(ctx context.Context, db queryer, e manifest.Entry) ([]byte, error) {
	raw, _, err := loadCell(ctx, db, e.Key)
	if err != nil {
		return nil, fmt.Errorf("cell %s: %w", e.Key, explain(err))
	}
	if got := blob.Sum(raw); got != e.Hash {
		return nil, fmt.Errorf("%w: cell %s holds %s, expected %s", ErrDamaged, e.Key, got.Short(), e.Hash.Short())
	}
	return raw, nil
}

// items yields the items of a layer, cell by cell, each cell checked, all from
// one version.
func (r *Region) items(ctx context.Context, layer cell.Layer) iter.Seq2[cell.Item, error] {
	return func(yield func(cell.Item, error) bool) {
		tx, err := r.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			yield(cell.Item{}, explain(err))
			return
		}
		defer tx.Rollback()
		m, err := loadHeld(ctx, tx)
		if err != nil {
			yield(cell.Item{}, err)
			return
		}
		for _, e := range m.Entries {
			if e.Key.Layer != layer {
				continue
			}
			raw, err := checked(ctx, tx, e)
			if err != nil {
				yield(cell.Item{}, err)
				return
			}
			for item, err := range cell.Items(raw) {
				if !yield(item, err) || err != nil {
					return
				}
			}
		}
	}
}

// putBytes stores a cell of a layer that has no table of its own yet, so that
// its bytes still verify and later deltas apply.
func putBytes(ctx context.Context, tx *sql.Tx, key cell.Key, data []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO cells VALUES (?, ?, ?)`, key.Layer, int64(key.ID), data)
	return err
}

func removeBytes(ctx context.Context, tx *sql.Tx, key cell.Key) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM cells WHERE layer = ? AND cell = ?`, key.Layer, int64(key.ID))
	return err
}
