package offline

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"io/fs"
)

const (
	applicationID = 0x4d504258 // "MPBX", MBTiles
	formatVersion = 2          // PRAGMA user_version
)

// tables makes an empty region. FORMAT.md explains the columns.
const tables = `
CREATE TABLE metadata (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tiles (zoom_level INTEGER NOT NULL, tile_column INTEGER NOT NULL, tile_row INTEGER NOT NULL, tile_data BLOB NOT NULL);
CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row);
CREATE TABLE state (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE features (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	cell INTEGER NOT NULL,
	kind TEXT NOT NULL,
	category TEXT NOT NULL,
	lon INTEGER NOT NULL,
	lat INTEGER NOT NULL,
	record BLOB NOT NULL
);
CREATE INDEX features_cell ON features (cell);
CREATE VIRTUAL TABLE bounds USING rtree_i32(n, west, east, south, north);
CREATE VIRTUAL TABLE search USING fts5(name, category, place, content='', contentless_delete=1, tokenize='ascii');
CREATE TABLE cells (layer INTEGER NOT NULL, cell INTEGER NOT NULL, data BLOB NOT NULL);
CREATE UNIQUE INDEX cell_index ON cells (layer, cell);
`

// prepare makes the tables of a new file.
func (r *Region) prepare(ctx context.Context) error {
	objects, err := countObjects(ctx, r.write)
	if err != nil {
		return err
	}
	if objects == 0 {
		tx, err := r.write.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		head := fmt.Sprintf("PRAGMA application_id=%d; PRAGMA user_version=%d;", applicationID, formatVersion)
		if _, err := tx.ExecContext(ctx, head+tables); err != nil {
			return err
		}
		return tx.Commit()
	}
	return checkFormat(ctx, r.write)
}

func countObjects(ctx context.Context, db queryer) (n int, err error) {
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&n)
	return n, explain(err)
}

// checkFormat tells our files from others. One in which nothing was made, because
// the first write failed, is fs.ErrNotExist.
func checkFormat(ctx context.Context, db queryer) error {
	var id, version int
	if err := db.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&id); err != nil {
		return explain(err)
	}
	if err := db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return explain(err)
	}
	switch {
	case id == 0 && version == 0:
		objects, err := countObjects(ctx, db)
		if err == nil && objects == 0 {
			err = fmt.Errorf("%w: it is empty", fs.ErrNotExist)
		}
		return cmp.Or(err, ErrForeign)
	case id != applicationID || version == 0:
		return ErrForeign
	case version > formatVersion:
		return fmt.Errorf("%w: its format is %d, this program knows %d; use a newer one", ErrForeign, version, formatVersion)
	}
	return nil
}

// queryer is what a database and a transaction have in common.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}
