package offline

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// ErrLocked is returned while another process installs the same region.
var ErrLocked = errors.New("another pannier is working on this region")

// Lock is held by the one process that downloads and installs a region. It ends
// with the process, however that ends.
type Lock struct {
	db *sql.DB
	tx *sql.Tx
}

// TakeLock takes the lock of the file at path, or returns ErrLocked at once. The
// lock is a transaction of an empty SQLite database, which works alike on every
// system that SQLite knows and leaves nothing behind when a process is killed.
func TakeLock(path string) (*Lock, error) {
	db, err := sql.Open("sqlite", dsn(path, "rwc", "busy_timeout(0)"))
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		db.Close()
		if isBusy(err) {
			return nil, ErrLocked
		}
		return nil, fmt.Errorf("lock %s: %w", path, explain(err))
	}
	return &Lock{db, tx}, nil
}

// Release gives the lock back.
func (l *Lock) Release() error { return errors.Join(l.tx.Rollback(), l.db.Close()) }
