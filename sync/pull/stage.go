package pull

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// stage is a folder in which downloads wait until they are installed. A file
// "x.part" grows while x is fetched; x is complete and checked. So a pull that
// was cut off at any byte goes on where it stopped, and what was checked once
// is never fetched again. Of a delta parts may be fetched by themselves; sparse.go
// has their files.
//
// Nothing here is synced, which would take longer than many a download. So after
// a power cut a file may hold anything: what an earlier pull left is checked
// again.
type stage struct {
	dir     string
	resumed bool // it held something when it was opened
}

func openStage(dir string) (stage, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return stage{}, fmt.Errorf("open staging folder: %w", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		return stage{}, fmt.Errorf("open staging folder: %w", err)
	}
	return stage{dir, len(left) > 0}, nil
}

// file maps an object's name to a file's: the last part of the name is unique
// enough within one region, with its kind before it.
func (s stage) file(object string) string {
	parts := strings.Split(object, "/")
	return filepath.Join(s.dir, strings.Join(parts[max(0, len(parts)-2):], "-"))
}

func (s stage) part(object string) string { return s.file(object) + ".part" }

// read returns a complete object, or fs.ErrNotExist.
func (s stage) read(object string) ([]byte, error) { return os.ReadFile(s.file(object)) }

// has reports whether an object is complete.
func (s stage) has(object string) bool {
	_, err := os.Stat(s.file(object))
	return err == nil
}

// partial returns how many bytes of an object are there.
func (s stage) partial(object string) int64 {
	info, err := os.Stat(s.part(object))
	if err != nil {
		return 0
	}
	return info.Size()
}

// complete declares a part checked.
func (s stage) complete(object string) error {
	return os.Rename(s.part(object), s.file(object))
}

// drop forgets an object that turned out to be wrong.
func (s stage) drop(object string) error {
	err := errors.Join(remove(s.part(object)), remove(s.file(object)))
	pieces, failed := s.pieces(object)
	for _, p := range pieces {
		failed = errors.Join(failed, remove(p.path))
	}
	return errors.Join(err, failed)
}

// clear removes the folder once its content is installed.
func (s stage) clear() error { return os.RemoveAll(s.dir) }

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
