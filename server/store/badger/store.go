// Package badgerstore is the embedded MetaStore: Badger v4 in one folder, held
// by one process. It is the only package that knows Badger.
//
// The options are those that lost nothing in power-cut tests: every commit is
// synced, every block is checked at the start and when read, and values stay below the
// threshold of Badger's value log, whose sync errors would only be logged.
//
// An error that is not the caller's (a failed sync, a table that fails its
// checksum) must not be survived: what was acknowledged could be lost by
// carrying on. Any such error goes to Options.Fatal, which ends the process,
// and the next start recovers from what is durable.
//
// Two such errors Badger itself gets wrong (v4.9.6), both found by failing each
// call of a server in turn:
//
//   - When the file of a merged table cannot be made (EIO, too many open files),
//     the error is lost, and with it all records of the tables that were merged
//     (levels.go, "defer inflightBuilders.Done(err)"). So tables are not merged at
//     each Close, but only when there are many.
//   - When the sync of the MANIFEST fails while a table is being made, the table is
//     removed, which the MANIFEST may name by then. Open says "file does not exist
//     for table". No record is lost: the MANIFEST's last entry is one too many.
//
// A disk that fills up would be such an error, or SIGBUS, as Badger maps its
// files into memory. So opening and every Update need 64 MiB of free disk, else
// they give store.ErrFull; reading goes on. Quotas, and systems other than Linux
// and macOS, are not looked at.
//
// A Store is safe for concurrent use.
package badgerstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/pannier-maps/pannier/server/store"
)

// Options are what a Store is opened with. The zero value is good.
type Options struct {
	// Log receives what Badger has to say; slog.Default when nil.
	Log *slog.Logger
	// Fatal is told the first error that must not be survived, and should not
	// return. When nil, the process ends with code 1. When it does return, as
	// in a test, the store takes no more work.
	Fatal func(error)
}

// Store is a store.MetaStore in a folder.
type Store struct {
	db   *badger.DB
	stop *stopper
	room func() error // store.ErrFull when the disk is

	mu     sync.Mutex
	closed bool
	work   sync.WaitGroup // running transactions
}

// Open opens or creates the store in dir. It returns store.ErrLocked when
// another process has it open, store.ErrCorrupt when a table fails its checks,
// store.ErrFull when the disk is full.
func Open(dir string, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Fatal == nil {
		o.Fatal = func(error) { os.Exit(1) } // the stopper has logged why
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create store folder: %w", err)
	}
	if err := room(dir); err != nil {
		return nil, err
	}
	if err := removeEmpty(dir); err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	stop := &stopper{log: o.Log, fatal: o.Fatal}
	db, err := badger.Open(settings(dir, stop))
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, sentinel(err))
	}
	// Badger leaves out a table that it finds damaged, says so, and goes on.
	err = stop.arm()
	if err == nil {
		err = verify(db)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w: %w", dir, store.ErrCorrupt, err), db.Close())
	}
	return &Store{db: db, stop: stop, room: func() error { return room(dir) }}, nil
}

// verify reads every block once. Left to Badger (OnTableAndBlockRead), the same
// check ends the process with a nil dereference on a damaged block (v4.9.6,
// Table.VerifyChecksum), in a goroutine where nobody can tell the cause.
func verify(db *badger.DB) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a block fails its checksum: %v", r)
		}
	}()
	return db.VerifyChecksum()
}

func settings(dir string, log badger.Logger) badger.Options {
	return badger.DefaultOptions(dir).
		WithLogger(log).
		WithSyncWrites(true).
		WithValueThreshold(1 << 20). // over store.MaxValue: the value log stays empty
		WithValueLogFileSize(64 << 20).
		WithDetectConflicts(true).
		WithChecksumVerificationMode(options.OnBlockRead). // and each once in verify
		WithCompactL0OnClose(false).                       // see the package comment
		WithMemTableSize(16 << 20).
		WithBlockCacheSize(32 << 20).
		WithIndexCacheSize(32 << 20).
		WithMetricsEnabled(false)
}

// View implements store.MetaStore.
func (s *Store) View(ctx context.Context, fn func(store.Txn) error) error {
	if err := s.begin(); err != nil {
		return err
	}
	defer s.work.Done()
	if err := ctx.Err(); err != nil {
		return err
	}
	bt := s.db.NewTransaction(false)
	defer bt.Discard()
	return fn(&txn{bt: bt})
}

// Update implements store.MetaStore.
func (s *Store) Update(ctx context.Context, fn func(store.Txn) error) error {
	if err := s.begin(); err != nil {
		return err
	}
	defer s.work.Done()
	if err := s.room(); err != nil {
		return err
	}
	for wait := time.Millisecond; ; wait = min(2*wait, 64*time.Millisecond) {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := s.attempt(fn)
		if !errors.Is(err, badger.ErrConflict) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait/2 + rand.N(wait)):
		}
	}
}

// attempt runs fn once. Only a lost race returns badger.ErrConflict.
func (s *Store) attempt(fn func(store.Txn) error) error {
	bt := s.db.NewTransaction(true)
	defer bt.Discard()
	if err := fn(&txn{bt: bt, writable: true}); err != nil {
		return err
	}
	err := bt.Commit()
	if err == nil || errors.Is(err, badger.ErrConflict) {
		return err
	}
	err = fmt.Errorf("commit: %w", sentinel(err))
	s.stop.now(err)
	return err
}

// begin takes part in the work that Close waits for.
func (s *Store) begin() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.stop.stopped() {
		return store.ErrClosed
	}
	s.work.Add(1)
	return nil
}

// Close implements store.MetaStore. Closing twice is fine. On a full disk what
// is in memory is not made a table: the log has it, and the next Open reads
// that. Then the folder stays locked until the process ends.
func (s *Store) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	s.work.Wait()
	if !first {
		return nil
	}
	if s.room() != nil {
		return nil
	}
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// sentinel names the causes that Badger tells by text only.
func sentinel(err error) error {
	switch text := err.Error(); {
	case strings.Contains(text, "Another process is using this Badger database"):
		return store.ErrLocked // Badger's own text repeats the path, twice
	case strings.Contains(strings.ToLower(text), "checksum"):
		return fmt.Errorf("%w: %w", store.ErrCorrupt, err)
	}
	return err
}
