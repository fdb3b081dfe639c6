package badgerstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"

	"github.com/pannier-maps/pannier/server/store"
)

// tables returns how many tables were made since the last rewriting, and how many
// there must be for the next: as many as most, and no less than what would hold
// the records then, so that each is not copied more often than it is worth. Those
// of the rewriting lie in the lowest level.
func (s *Store) tables() (made, enough int) {
	levels := s.db.Levels()
	return levels[0].NumTables, max(s.most, int(levels[len(levels)-1].Size/tableSize))
}

// due reports whether to rewrite now.
func (s *Store) due() bool {
	made, enough := s.tables()
	return made >= max(enough, s.again)
}

// rewrite copies all records into the next generation and goes on with that. The
// caller has s.mu, and no transaction runs. Until the next generation has its name
// nothing is lost by an error: then the store goes on as it was, and tries again
// when there are as many tables again. From there on an error must be the end of
// this Store: the next Open takes the next generation.
func (s *Store) rewrite() error {
	made, enough := s.tables()
	s.again = made + enough
	next := s.generation + 1
	path := filepath.Join(s.dir, generation(next))
	err := s.roomForCopy()
	if err == nil {
		err = makeGeneration(s.dir, next, func(dir string) error { return copyTo(dir, s.db) })
	}
	if _, there := os.Lstat(path); err != nil && !errors.Is(there, fs.ErrNotExist) {
		return err // it may have its name all the same
	}
	if err != nil {
		s.stop.log.Warn("store is not rewritten; it grows until that succeeds", "dir", s.dir, "err", err)
		return nil
	}
	if err := syncPath(s.dir); err != nil {
		return err
	}
	old := s.db
	if s.db, err = badger.Open(settings(path, s.stop)); err != nil {
		s.db = old
		return err
	}
	if err := old.Close(); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(s.dir, generation(s.generation))); err != nil {
		s.stop.log.Warn("the store as it was before it was rewritten is not removed", "dir", s.dir, "err", err)
	}
	s.generation, s.again = next, 0
	return nil
}

// roomForCopy returns store.ErrFull unless the disk takes the store once more.
func (s *Store) roomForCopy() error {
	var size uint64
	for _, level := range s.db.Levels() {
		size += uint64(level.Size)
	}
	if free, ok := freeBytes(s.dir); ok && free < 2*reserve+size {
		return fmt.Errorf("%w: a copy takes %.0f MiB", store.ErrFull, float64(size)/(1<<20))
	}
	return nil
}

// quiet collects the errors of a folder in the making.
func quiet() *stopper { return &stopper{log: slog.New(slog.DiscardHandler)} }

// create makes an empty Badger folder.
func create(dir string) error {
	stop := quiet()
	db, err := badger.Open(settings(dir, stop))
	if err == nil {
		err = db.Close()
	}
	return errors.Join(err, stop.err())
}

// copyTo makes a Badger folder of the newest records of another, and reads it back.
func copyTo(dir string, from *badger.DB) error {
	stop := quiet()
	db, err := badger.Open(settings(dir, stop))
	if err != nil {
		return err
	}
	writer := db.NewStreamWriter()
	if err = writer.Prepare(); err == nil {
		stream := from.NewStream()
		stream.NumGo, stream.MaxSize, stream.Send = 1, 8<<20, writer.Write
		stream.SendDoneMarkers(true)
		if err = stream.Orchestrate(context.Background()); err == nil {
			err = writer.Flush()
		}
	}
	if err != nil {
		writer.Cancel()
	}
	if err := errors.Join(err, db.Close(), stop.err()); err != nil {
		return err
	}
	if db, err = badger.Open(settings(dir, stop)); err != nil {
		return err
	}
	if err = verify(db); err == nil {
		err = equal(from, db)
	}
	return errors.Join(err, db.Close(), stop.err())
}

// equal returns an error unless two stores hold the same records.
func equal(a, b *badger.DB) error {
	ta, tb := a.NewTransaction(false), b.NewTransaction(false)
	defer ta.Discard()
	defer tb.Discard()
	ia, ib := ta.NewIterator(badger.DefaultIteratorOptions), tb.NewIterator(badger.DefaultIteratorOptions)
	defer ia.Close()
	defer ib.Close()
	var va, vb []byte
	ia.Rewind()
	ib.Rewind()
	for ia.Valid() && ib.Valid() {
		x, y := ia.Item(), ib.Item()
		var errs [2]error
		va, errs[0] = x.ValueCopy(va)
		vb, errs[1] = y.ValueCopy(vb)
		if err := errors.Join(errs[:]...); err != nil {
			return err
		}
		if !bytes.Equal(x.Key(), y.Key()) || !bytes.Equal(va, vb) || x.Version() != y.Version() {
			return fmt.Errorf("the copy differs at key %q: %w", x.Key(), store.ErrCorrupt)
		}
		ia.Next()
		ib.Next()
	}
	if ia.Valid() || ib.Valid() {
		return fmt.Errorf("the copy has more records or fewer: %w", store.ErrCorrupt)
	}
	return nil
}
