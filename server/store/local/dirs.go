package localstore

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"
)

// file is an object: an *os.File, so that the kernel can send it.
type file struct {
	*os.File
	info fs.FileInfo
}

func (f *file) Size() int64        { return f.info.Size() }
func (f *file) ModTime() time.Time { return f.info.ModTime() }

// open opens a regular file. Anything else is not an object.
func (s *Store) open(name string) (*file, error) {
	f, err := s.dirs.open(name)
	if errors.Is(err, syscall.ENOTDIR) {
		return nil, fs.ErrNotExist // a part of the name is an object
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	if !info.Mode().IsRegular() {
		f.Close()
		return nil, fs.ErrNotExist
	}
	return &file{f, info}, nil
}

// makeDirs makes dir and its parents, each durably entered in its own parent.
func (s *Store) makeDirs(dir string) error {
	if dir == "." {
		return nil
	}
	if _, ok := s.known.Load(dir); ok {
		return nil
	}
	parent := path.Dir(dir)
	if err := s.makeDirs(parent); err != nil {
		return err
	}
	if err := s.root.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// Also when it was there: whoever made it may have crashed before this.
	if err := s.syncDir(parent); err != nil {
		return err
	}
	s.known.Store(dir, true)
	return nil
}

func (s *Store) syncDir(dir string) error {
	f, err := s.root.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// sweep makes the folder of temporary files and removes those last changed
// before the given time. Younger ones may belong to another process.
func (s *Store) sweep(before time.Time) error {
	if err := s.root.Mkdir(tempDir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	entries, err := fs.ReadDir(s.root.FS(), tempDir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if info.ModTime().Before(before) {
			if err := s.root.Remove(tempDir + "/" + e.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}
