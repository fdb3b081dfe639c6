package offline

import (
	"context"
	"fmt"

	"github.com/pannier-maps/pannier/clients/guide/changes"
	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// Changes returns what the last update brought: what differs between the places,
// routes and notices of the installed version and of the one before. It returns
// fs.ErrNotExist when there was no update yet.
func (r *Region) Changes(ctx context.Context) (changes.List, error) {
	data, err := readState(ctx, r.read, stateChanges)
	if err != nil {
		return changes.List{}, err
	}
	l, err := changes.Decode(data)
	if err != nil {
		return l, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return l, nil
}

// Corridor returns the place that a selection is about, nil when it has no
// lines.
func Corridor(s cover.Selection) *changes.Place {
	if len(s.Lines) == 0 {
		return nil
	}
	return &changes.Place{Lines: s.Lines}
}

// compares reports whether a change of a cell says something about the region,
// and is not only the selection's.
func compares(c manifest.Change, installed, target *manifest.Manifest) bool {
	if c.Key().Layer != cell.Features {
		return false
	}
	_, was := installed.Find(c.Key())
	_, is := target.Find(c.Key())
	return was == !c.Added() && is == !c.Removed()
}

// keepOld notes the records of a cell that is about to change.
func (w *writer) keepOld(ctx context.Context, id cell.ID) error {
	rows, err := w.tx.QueryContext(ctx, `SELECT id, record FROM features WHERE cell = ?`, int64(id))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var record []byte
		if err := rows.Scan(&id, &record); err != nil {
			return err
		}
		if plain, err := unpackRecord(record); err == nil { // a damaged one is being replaced
			w.compared.Old(id, plain)
		}
	}
	return rows.Err()
}

// keepNew notes the records of a cell's new content.
func (w *writer) keepNew(rows []featureRow) {
	for _, f := range rows {
		if plain, err := unpackRecord(f.record); err == nil {
			w.compared.New(f.id, plain)
		}
	}
}

// storeChanges keeps what an update brings.
func (w *writer) storeChanges(ctx context.Context, from, to *head.Head, s cover.Selection) error {
	data, err := changes.NewList(from.Version, to.Version, w.compared.Changes(), Corridor(s)).Encode()
	if err != nil {
		return err
	}
	_, err = w.tx.ExecContext(ctx, `INSERT OR REPLACE INTO state VALUES (?, ?)`, stateChanges, data)
	return err
}
