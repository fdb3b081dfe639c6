package offline

import (
	"context"
	"database/sql"
	"fmt"
	"iter"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// featureRow is a feature as it is stored.
type featureRow struct {
	id        string
	kind      feature.Kind
	category  string
	anchor    cell.Point
	southWest cell.Point
	northEast cell.Point
	words     words
	record    []byte // canonical JSON, packed
}

// packFeatures reads the canonical bytes of a features cell.
func packFeatures(raw []byte) ([]featureRow, error) {
	var rows []featureRow
	for item, err := range cell.Items(raw) {
		if err != nil {
			return nil, err
		}
		f, err := feature.Parse(item.Value)
		if err != nil {
			return nil, fmt.Errorf("feature %q: %w", item.Key, err)
		}
		if f.ID != string(item.Key) {
			return nil, fmt.Errorf("%w: feature %q under the key %q", cell.ErrCorrupt, f.ID, item.Key)
		}
		row := featureRow{
			id: f.ID, kind: f.Kind, category: f.Category, anchor: f.Anchor(),
			words: wordsOf(f), record: packRecord(item.Value),
		}
		row.southWest, row.northEast = f.Bounds()
		rows = append(rows, row)
	}
	return rows, nil
}

func putFeatures(ctx context.Context, tx *sql.Tx, id cell.ID, rows []featureRow) error {
	var inserts [3]*sql.Stmt
	for i, query := range []string{
		`INSERT INTO features (id, cell, kind, category, lon, lat, record) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		`INSERT INTO bounds VALUES (?, ?, ?, ?, ?)`,
		`INSERT INTO search (rowid, name, category, place) VALUES (?, ?, ?, ?)`,
	} {
		stmt, err := tx.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		defer stmt.Close()
		inserts[i] = stmt
	}
	for _, f := range rows {
		result, err := inserts[0].ExecContext(ctx, f.id, int64(id), string(f.kind), f.category,
			f.anchor.LonE7, f.anchor.LatE7, f.record)
		if err != nil {
			return fmt.Errorf("feature %s: %w", f.id, err)
		}
		n, err := result.LastInsertId()
		if err != nil {
			return err
		}
		if _, err := inserts[1].ExecContext(ctx, n, f.southWest.LonE7, f.northEast.LonE7, f.southWest.LatE7, f.northEast.LatE7); err != nil {
			return fmt.Errorf("feature %s: %w", f.id, err)
		}
		if _, err := inserts[2].ExecContext(ctx, n, f.words.name, f.words.category, f.words.place); err != nil {
			return fmt.Errorf("feature %s: %w", f.id, err)
		}
	}
	return nil
}

func removeFeatures(ctx context.Context, tx *sql.Tx, id cell.ID) error {
	for _, query := range []string{
		`DELETE FROM bounds WHERE n IN (SELECT n FROM features WHERE cell = ?)`,
		`DELETE FROM search WHERE rowid IN (SELECT n FROM features WHERE cell = ?)`,
		`DELETE FROM features WHERE cell = ?`,
	} {
		if _, err := tx.ExecContext(ctx, query, int64(id)); err != nil {
			return err
		}
	}
	return nil
}

// featuresCell rebuilds the canonical bytes of a features cell.
func featuresCell(ctx context.Context, db queryer, id cell.ID) (raw []byte, n int, err error) {
	rows, err := db.QueryContext(ctx, `SELECT id, record FROM features WHERE cell = ? ORDER BY id`, int64(id))
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, record sql.RawBytes
		if err := rows.Scan(&id, &record); err != nil {
			return nil, 0, err
		}
		plain, err := unpackRecord(record)
		if err != nil {
			return nil, 0, fmt.Errorf("feature %q: %w", id, err)
		}
		raw = cell.AppendItem(raw, id, plain)
		n++
	}
	return raw, n, rows.Err()
}

// Feature returns the feature with the ID, fs.ErrNotExist when there is none.
func (r *Region) Feature(ctx context.Context, id string) (*feature.Feature, error) {
	var record []byte
	err := r.read.QueryRowContext(ctx, `SELECT record FROM features WHERE id = ?`, id).Scan(&record)
	if err != nil {
		return nil, absent(err, fmt.Sprintf("feature %q", id))
	}
	return parse(id, record)
}

// Features yields all features, cell by cell, each cell checked.
func (r *Region) Features(ctx context.Context) iter.Seq2[*feature.Feature, error] {
	return func(yield func(*feature.Feature, error) bool) {
		for item, err := range r.items(ctx, cell.Features) {
			var f *feature.Feature
			if err == nil {
				f, err = parseRecord(string(item.Key), item.Value)
			}
			if !yield(f, err) || err != nil {
				return
			}
		}
	}
}
