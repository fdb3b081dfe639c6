package localstore

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"sync"
)

// maxFolders is how many folders are held open: enough for those of all blobs.
const maxFolders = 320

// folders opens files below a root. It holds folders open, so that a file takes
// one call of the system instead of one for each part of its name.
type folders struct {
	root *os.Root

	mu   sync.RWMutex
	held map[string]*os.Root
}

func (f *folders) open(name string) (*os.File, error) {
	dir, base := path.Split(name)
	f.mu.RLock()
	folder := f.held[dir]
	var file *os.File
	err := fs.ErrNotExist
	if folder != nil {
		file, err = folder.Open(base)
	}
	f.mu.RUnlock()
	if !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	// Also when the folder is held: somebody may have put another in its place.
	file, err = f.root.Open(name)
	if err == nil && dir != "" {
		f.hold(dir)
	}
	return file, err
}

// hold opens a folder for later. When that cannot be, nothing is lost but time.
func (f *folders) hold(dir string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.held[dir]
	if old == nil && len(f.held) >= maxFolders {
		return
	}
	folder, err := f.root.OpenRoot(path.Clean(dir))
	if err != nil {
		return
	}
	if old != nil {
		old.Close()
	}
	if f.held == nil {
		f.held = make(map[string]*os.Root)
	}
	f.held[dir] = folder
}

func (f *folders) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for _, folder := range f.held {
		errs = append(errs, folder.Close())
	}
	clear(f.held)
	return errors.Join(errs...)
}
