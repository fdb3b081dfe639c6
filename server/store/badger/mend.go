package badgerstore

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// mend mends what would keep a Badger folder from opening. It leaves a folder
// alone that a process has open.
func mend(dir string, log *slog.Logger) error {
	if !locks {
		return nil
	}
	unlock, taken, err := lock(dir)
	if err != nil || taken {
		return err // Badger will say so
	}
	return errors.Join(removeEmpty(dir), repair(dir, log), unlock())
}

// removeEmpty removes log files of no length. Badger makes each file and then
// gives it its length, and empties it before it removes it; when the power is cut
// or the disk fills up between the two, the file that stays would keep the store
// from opening ("Create a new file", v4.9.6). There was never a record in it, or
// all are in tables.
func removeEmpty(dir string) error {
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
