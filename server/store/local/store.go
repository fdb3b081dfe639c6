// Package localstore is the BlobStore in a folder. Each object is a file at its
// name, so any web server can serve the folder as it is.
//
// An object is written to a temporary file below ".tmp", synced, put in its
// place, and the folder is synced; so after a crash a name holds its whole
// bytes or nothing. Put uses a hard link for this, which fails when the name is
// taken: one winner, also among processes. What a crash leaves in ".tmp" is
// removed on opening once it is a day old.
//
// The file system must know hard links and must keep a folder entry once the
// folder was synced (ext4, XFS, Btrfs, ZFS, APFS do). Names are resolved inside
// the folder only (os.Root), symbolic links out of it fail.
//
// A Store is safe for concurrent use, also by several processes.
package localstore

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"syscall"
	"time"

	"github.com/pannier-maps/pannier/server/store"
)

const (
	tempDir = ".tmp"
	tempAge = 24 * time.Hour // older than any write still running
)

// Store is a store.BlobStore in a folder.
type Store struct {
	root  *os.Root
	write func(*os.File, []byte) (int, error) // (*os.File).Write, unless a test fills the disk
	known sync.Map                            // folders whose entry in their parent was synced
	dirs  folders                             // to open objects from
}

// Open opens or creates the store in dir and clears what a crash left in it.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create blob folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open blob folder: %w", err)
	}
	s := &Store{root: root, write: (*os.File).Write, dirs: folders{root: root}}
	if err := s.sweep(time.Now().Add(-tempAge)); err != nil {
		return nil, errors.Join(fmt.Errorf("clear %s: %w", tempDir, err), root.Close())
	}
	return s, nil
}

// Close releases the folder. Objects that are open stay readable.
func (s *Store) Close() error { return errors.Join(s.dirs.close(), s.root.Close()) }

// Put implements store.BlobStore.
func (s *Store) Put(ctx context.Context, name string, data []byte) error {
	if err := s.check(ctx, name); err != nil {
		return fmt.Errorf("put %q: %w", name, err)
	}
	err := s.compare(name, data)
	if errors.Is(err, fs.ErrNotExist) {
		err = s.place(name, data, s.root.Link)
		if errors.Is(err, fs.ErrExist) {
			err = s.compare(name, data) // another was faster
		}
	}
	if err == nil {
		err = s.syncDir(path.Dir(name))
	}
	if err != nil {
		return fmt.Errorf("put %q: %w", name, cause(err))
	}
	return nil
}

// Replace implements store.BlobStore.
func (s *Store) Replace(ctx context.Context, name string, data []byte) error {
	err := s.check(ctx, name)
	if err == nil {
		err = s.place(name, data, s.root.Rename)
	}
	if err == nil {
		err = s.syncDir(path.Dir(name))
	}
	if err != nil {
		return fmt.Errorf("replace %q: %w", name, cause(err))
	}
	return nil
}

// Open implements store.BlobStore. The object is an *os.File underneath.
func (s *Store) Open(ctx context.Context, name string) (store.Object, error) {
	if err := s.check(ctx, name); err != nil {
		return nil, fmt.Errorf("open %q: %w", name, err)
	}
	f, err := s.open(name)
	if err != nil {
		return nil, fmt.Errorf("open %q: %w", name, err)
	}
	return f, nil
}

// Delete implements store.BlobStore.
func (s *Store) Delete(ctx context.Context, name string) error {
	err := s.check(ctx, name)
	if err == nil {
		err = s.root.Remove(name)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
		return nil
	case err == nil:
		err = s.syncDir(path.Dir(name))
	}
	if err != nil {
		return fmt.Errorf("delete %q: %w", name, err)
	}
	return nil
}

func (s *Store) check(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return store.CheckName(name)
}

// compare returns nil when name holds data, ErrExists when it holds other
// bytes, fs.ErrNotExist when it is free.
func (s *Store) compare(name string, data []byte) error {
	f, err := s.open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if f.Size() != int64(len(data)) {
		return store.ErrExists
	}
	old, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	if !bytes.Equal(old, data) {
		return store.ErrExists
	}
	return nil
}

// place writes data to a temporary file, syncs it, and moves it to name.
func (s *Store) place(name string, data []byte, move func(from, to string) error) error {
	if err := s.makeDirs(path.Dir(name)); err != nil {
		return err
	}
	temp := tempDir + "/" + rand.Text()
	f, err := s.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = s.write(f, data)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = move(temp, name)
	}
	if removeErr := s.root.Remove(temp); err == nil && !errors.Is(removeErr, fs.ErrNotExist) {
		err = removeErr // a rename has taken it away already
	}
	return err
}

// cause gives an error for want of room its sentinel.
func cause(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	for _, clash := range []error{fs.ErrExist, fs.ErrNotExist, syscall.EISDIR, syscall.ENOTDIR, syscall.ENOTEMPTY} {
		if errors.Is(err, clash) { // an object where a folder should be, or the reverse
			return fmt.Errorf("%w: %w", store.ErrBadName, err)
		}
	}
	return err
}
