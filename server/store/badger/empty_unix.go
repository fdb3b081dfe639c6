//go:build linux || darwin

package badgerstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// removeEmpty removes log files of no length. Badger makes each file and then
// gives it its length, and empties it before it removes it; when the power is cut
// or the disk fills up between the two, the file that stays would keep the store
// from opening ("Create a new file", v4.9.6). There was never a record in it, or
// all are in tables. It leaves a folder alone that a process has open: it holds
// Badger's own lock meanwhile.
func removeEmpty(dir string) error {
	lock, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return nil // Badger will say so
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if kind := filepath.Ext(e.Name()); kind != ".mem" && kind != ".vlog" {
			continue
		}
		info, err := e.Info()
		if err == nil && info.Size() == 0 {
			err = os.Remove(filepath.Join(dir, e.Name()))
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("remove empty log: %w", err))
		}
	}
	return errors.Join(errs...)
}
