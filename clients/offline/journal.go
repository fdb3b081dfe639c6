package offline

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
)

// While it is being updated a region is in write-ahead mode, so that queries go
// on. At rest it is not: then it is one plain file, which opens anywhere, also
// on media that cannot be written. The first version goes into an empty file
// with a rollback journal, which stays small, where a write-ahead log would
// hold the whole region a second time.

// beginUpdate puts a region with an installed version in write-ahead mode.
func (r *Region) beginUpdate(ctx context.Context) error {
	_, err := readState(ctx, r.write, stateHead)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = r.write.ExecContext(ctx, `PRAGMA journal_mode=WAL`)
	return err
}

// endUpdate gives the log's space back. When a reader is still busy with the old
// version, the next update or Close does.
func (r *Region) endUpdate(ctx context.Context) {
	var busy, pages, moved int
	_ = r.write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &moved)
}

// rest leaves write-ahead mode, unless somebody else has the file open: then it
// stays as it is, which is just as safe.
func (r *Region) rest() {
	_, _ = r.write.Exec(`PRAGMA busy_timeout=0; PRAGMA journal_mode=DELETE`)
}

// giveBack takes out the pages that nothing uses any longer, when they are many,
// so that the file ends smaller after the transaction. A file that was made
// before format 2 keeps its size.
func giveBack(ctx context.Context, tx *sql.Tx) error {
	var free, pages int64
	if err := tx.QueryRowContext(ctx, `PRAGMA freelist_count`).Scan(&free); err != nil {
		return err
	}
	if err := tx.QueryRowContext(ctx, `PRAGMA page_count`).Scan(&pages); err != nil {
		return err
	}
	if free*8 < pages {
		return nil
	}
	rows, err := tx.QueryContext(ctx, `PRAGMA incremental_vacuum`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() { // each step moves a page
	}
	return rows.Err()
}
