package offline

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/root"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// maxDamage bounds how many faults Verify lists.
const maxDamage = 20

// Verify checks the installed version from the signature down: the roots, the
// head's signature, the manifest, every cell that is to be held as rebuilt from its rows, what was derived
// from it, that there are no other rows, and the file's own structure. It calls
// progress after each cell, with the cells done and the cells in all; progress
// may be nil. What it finds is one error that wraps ErrDamaged and lists the
// places.
func (r *Region) Verify(ctx context.Context, progress func(done, total int)) error {
	tx, err := r.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("verify: %w", explain(err))
	}
	defer tx.Rollback()
	v := verifier{tx: tx, rows: make(map[cell.Layer]int)}
	m, err := v.state(ctx)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	for i, e := range m.Entries {
		v.cell(ctx, e)
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("verify: %w", err)
		}
		if progress != nil {
			progress(i+1, len(m.Entries))
		}
	}
	v.strays(ctx)
	v.structure(ctx)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	return errors.Join(v.damage...)
}

type verifier struct {
	tx     *sql.Tx
	rows   map[cell.Layer]int // found in cells
	damage []error
}

func (v *verifier) found(err error) {
	if err == nil || len(v.damage) == maxDamage {
		return
	}
	if !errors.Is(err, ErrDamaged) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	v.damage = append(v.damage, err)
}

// state checks head and manifest, and returns what of it is to be held; without
// them there is nothing to compare with.
func (v *verifier) state(ctx context.Context) (*manifest.Manifest, error) {
	s, err := loadState(ctx, v.tx)
	if err != nil {
		return nil, err
	}
	m, err := loadManifest(ctx, v.tx)
	if err != nil {
		return nil, err
	}
	chain, err := root.OpenChain(s.Origin.Roots)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	h, err := chain.OpenHead(s.HeadNote, m.Meta.Region)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if got := blob.Sum(s.Manifest); got != h.Manifest {
		return nil, fmt.Errorf("%w: the manifest is %s, the head names %s", ErrDamaged, got.Short(), h.Manifest.Short())
	}
	return s.Selection.Cover().Of(m), nil
}

func (v *verifier) cell(ctx context.Context, e manifest.Entry) {
	raw, n, err := loadCell(ctx, v.tx, e.Key)
	v.rows[e.Key.Layer] += n
	if err == nil {
		if got := blob.Sum(raw); got != e.Hash {
			err = fmt.Errorf("it holds %s, expected %s", got.Short(), e.Hash.Short())
		} else if e.Key.Layer == cell.Features {
			err = derived(ctx, v.tx, e.Key.ID, raw)
		}
	}
	if err != nil {
		v.found(fmt.Errorf("%w: cell %s: %w", ErrDamaged, e.Key, explain(err)))
	}
}

// derived checks the columns that are made from the records.
func derived(ctx context.Context, db queryer, id cell.ID, raw []byte) error {
	want, err := packFeatures(raw)
	if err != nil {
		return err
	}
	rows, err := db.QueryContext(ctx, `SELECT kind, category, lon, lat, west, south, east, north
		FROM features JOIN bounds USING (n) WHERE cell = ? ORDER BY id`, int64(id))
	if err != nil {
		return err
	}
	defer rows.Close()
	n := 0
	for ; rows.Next() && n < len(want); n++ {
		f, got := want[n], featureRow{}
		err := rows.Scan(&got.kind, &got.category, &got.anchor.LonE7, &got.anchor.LatE7,
			&got.southWest.LonE7, &got.southWest.LatE7, &got.northEast.LonE7, &got.northEast.LatE7)
		if err != nil {
			return err
		}
		if got.kind != f.kind || got.category != f.category || got.anchor != f.anchor ||
			got.southWest != f.southWest || got.northEast != f.northEast {
			return fmt.Errorf("the index of feature %s is wrong", f.id)
		}
	}
	if n != len(want) {
		return fmt.Errorf("%d features are not in the index", len(want)-n)
	}
	return rows.Err()
}

// strays looks for rows that belong to no cell.
func (v *verifier) strays(ctx context.Context) {
	for _, t := range []struct {
		table string
		known int
	}{
		{"tiles", v.rows[cell.Tiles]},
		{"features", v.rows[cell.Features]},
		{"bounds", v.rows[cell.Features]},
		{"cells", v.rows[cell.Graph] + v.rows[cell.Media] + v.rows[cell.Assets] + v.rows[cell.Relief]},
	} {
		var n int
		if err := v.tx.QueryRowContext(ctx, `SELECT count(*) FROM `+t.table).Scan(&n); err != nil {
			v.found(explain(err))
		} else if n != t.known {
			v.found(fmt.Errorf("%w: table %s has %d rows, %d belong to the version", ErrDamaged, t.table, n, t.known))
		}
	}
}

// structure lets SQLite check the file.
func (v *verifier) structure(ctx context.Context) {
	// FTS5 looks whether another connection has changed its table when a query
	// begins, but not when integrity_check does.
	var n int
	if err := v.tx.QueryRowContext(ctx, `SELECT count(*) FROM search WHERE search MATCH '"?"'`).Scan(&n); err != nil {
		v.found(explain(err))
	}
	rows, err := v.tx.QueryContext(ctx, `PRAGMA integrity_check(10)`)
	if err != nil {
		v.found(explain(err))
		return
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			v.found(explain(err))
			return
		}
		if line != "ok" {
			v.found(fmt.Errorf("%w: %s", ErrDamaged, line))
		}
	}
	v.found(explain(rows.Err()))
}
