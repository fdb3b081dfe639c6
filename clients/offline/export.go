package offline

import (
	"context"
	"database/sql"
	"fmt"
)

// ExportMBTiles writes the base map alone as an MBTiles 1.3 file. The file at
// path must not exist; after an error it may be there in part.
func (r *Region) ExportMBTiles(ctx context.Context, path string) error {
	out, err := sql.Open("sqlite", dsn(path, "rwc", "page_size(4096)", "journal_mode(OFF)", "synchronous(OFF)"))
	if err != nil {
		return fmt.Errorf("export %s: %w", path, err)
	}
	out.SetMaxOpenConns(1)
	defer out.Close()
	if err := r.copyMBTiles(ctx, out); err != nil {
		return fmt.Errorf("export %s: %w", path, explain(err))
	}
	return out.Close()
}

func (r *Region) copyMBTiles(ctx context.Context, out *sql.DB) error {
	from, err := r.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer from.Rollback()
	if _, err := readState(ctx, from, stateHead); err != nil {
		return err
	}
	to, err := out.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer to.Rollback()
	_, err = to.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id=%d;
		CREATE TABLE metadata (name TEXT, value TEXT);
		CREATE UNIQUE INDEX name ON metadata (name);
		CREATE TABLE tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB);
		CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row);`, applicationID))
	if err != nil {
		return err
	}
	if err := copyMetadata(ctx, from, to); err != nil {
		return err
	}
	insert, err := to.PrepareContext(ctx, `INSERT INTO tiles VALUES (?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for t, err := range selectTiles(ctx, from, `SELECT * FROM tiles ORDER BY zoom_level, tile_column, tile_row`) {
		if err != nil {
			return err
		}
		if _, err := insert.ExecContext(ctx, t.id.Zoom(), t.id.X(), tmsRow(t.id), t.data); err != nil {
			return err
		}
	}
	return to.Commit()
}

func copyMetadata(ctx context.Context, from, to *sql.Tx) error {
	rows, err := from.QueryContext(ctx, `SELECT name, value FROM metadata`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return err
		}
		if _, err := to.ExecContext(ctx, `INSERT INTO metadata VALUES (?, ?)`, name, value); err != nil {
			return err
		}
	}
	return rows.Err()
}
