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
// call of a server in turn, and both kept from doing harm:
//
//   - When the file of a merged table cannot be made (EIO, too many open files),
//     the error is lost, and with it all records of the tables that were merged
//     (levels.go, "defer inflightBuilders.Done(err)"). So Badger never merges
//     here. When there are many tables the Store copies all records into a new
//     Badger folder, reads them back, and goes on with that (folder.go, rewrite.go):
//     at opening, or when no transaction runs.
//   - When the sync of the MANIFEST fails while a table is being made, the table is
//     removed, which the MANIFEST may name by then, and Badger would not open
//     again. Open takes that entry back (manifest.go): the log has the records.
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
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/pannier-maps/pannier/server/store"
)

// tableSize is how many bytes of records a table has at most, before compression.
const tableSize = 16 << 20

// Options are what a Store is opened with. The zero value is good.
type Options struct {
	// Log receives what Badger has to say; slog.Default when nil.
	Log *slog.Logger
	// Fatal is told the first error that must not be survived, and should not
	// return. When nil, the process ends with code 1. When it does return, as
	// in a test, the store takes no more work.
	Fatal func(error)
	// Tables is how many tables (16 MiB of records, or what one process wrote)
	// gather at least before the store is rewritten; 16 when 0.
	Tables int
}

// Store is a store.MetaStore in a folder.
type Store struct {
	dir  string
	free func() error // gives up the folder's lock
	most int          // tables that may gather
	stop *stopper
	room func() error // store.ErrFull when the disk is

	mu         sync.Mutex
	idle       *sync.Cond // running is 0
	running    int        // transactions
	wrote      bool       // one of them, since it was last idle
	closed     bool
	db         *badger.DB // changes only while nothing runs
	generation uint64
	again      int // tables at which to try to rewrite it once more
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
	if o.Tables == 0 {
		o.Tables = 16
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create store folder: %w", err)
	}
	if err := room(dir); err != nil {
		return nil, err
	}
	// Badger locks one generation; this, also the moment between two.
	free, taken, err := lock(dir)
	if taken {
		err = errors.Join(store.ErrLocked, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	s := &Store{
		dir: dir, free: free, most: o.Tables, room: func() error { return room(dir) },
		stop: &stopper{log: o.Log, fatal: o.Fatal},
	}
	s.idle = sync.NewCond(&s.mu)
	if err := s.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", dir, err), free())
	}
	return s, nil
}

// open opens the newest generation, or the first, and rewrites it when it is time.
func (s *Store) open() error {
	newest, _, err := generations(s.dir)
	if err != nil {
		return err
	}
	if newest == 0 {
		newest = 1
		if err := makeGeneration(s.dir, newest, create); err != nil {
			return err
		}
	}
	path := filepath.Join(s.dir, generation(newest))
	if err := mend(path, s.stop.log); err != nil {
		return err
	}
	if s.db, err = badger.Open(settings(path, s.stop)); err != nil {
		return sentinel(err)
	}
	s.generation = newest
	if err := s.settle(); err != nil {
		return errors.Join(err, s.db.Close())
	}
	return nil
}

// settle does what must be done before the first transaction.
func (s *Store) settle() error {
	// Badger leaves out a table that it finds damaged, says so, and goes on.
	if err := errors.Join(s.stop.err(), verify(s.db)); err != nil {
		return fmt.Errorf("%w: %w", store.ErrCorrupt, err)
	}
	newest, leftovers, err := generations(s.dir)
	if err == nil && newest != s.generation {
		err = store.ErrLocked // another process has just rewritten it
	}
	if err == nil {
		err = syncPath(s.dir)
	}
	for _, name := range leftovers {
		if err == nil {
			err = os.RemoveAll(filepath.Join(s.dir, name))
		}
	}
	if err == nil && s.due() {
		err = s.rewrite()
	}
	if err == nil {
		err = s.stop.arm()
	}
	return err
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
		WithNumCompactors(0).                              // see the package comment
		WithCompactL0OnClose(false).
		WithNumLevelZeroTables(math.MaxInt32 - 1).
		WithNumLevelZeroTablesStall(math.MaxInt32).
		WithBaseTableSize(128 << 10). // 4 MiB in the lowest level
		WithMemTableSize(tableSize).
		WithBlockCacheSize(32 << 20).
		WithIndexCacheSize(32 << 20).
		WithMetricsEnabled(false)
}

// View implements store.MetaStore.
func (s *Store) View(ctx context.Context, fn func(store.Txn) error) error {
	if err := s.begin(); err != nil {
		return err
	}
	defer s.end(false)
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
	defer s.end(true)
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
	if s.closed || s.stop.err() != nil {
		return store.ErrClosed
	}
	s.running++
	return nil
}

// end leaves it again. The last to leave rewrites the store when it is time; who
// comes meanwhile waits.
func (s *Store) end(wrote bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	s.wrote = s.wrote || wrote
	if s.running > 0 {
		return
	}
	if s.wrote && !s.closed && s.stop.err() == nil && s.due() {
		if err := s.rewrite(); err != nil {
			s.stop.now(fmt.Errorf("rewrite store: %w", err))
		}
	}
	s.wrote = false
	s.idle.Broadcast()
}

// Close implements store.MetaStore. Closing twice is fine. On a full disk what
// is in memory is not made a table: the log has it, and the next Open reads
// that. Then the folder stays locked until the process ends.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.closed
	s.closed = true
	for s.running > 0 {
		s.idle.Wait()
	}
	if !first || s.room() != nil {
		return nil
	}
	if err := errors.Join(s.db.Close(), s.free()); err != nil {
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
