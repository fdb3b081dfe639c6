package badgerstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A store's folder holds the Badger folder of one generation, named by a number:
// "1", and after each rewriting the next one. The highest counts. Badger folders
// are made as "new-…" and renamed once all that is in them is durable, so that
// there is never half a store. While the next one takes over there are two, with
// the same records; the lower one goes at the latest when the store is opened.
const unfinished = "new-"

// generations returns the highest generation in dir, 0 for none, and the names of
// what is to be removed when nobody else has the store open.
func generations(dir string) (newest uint64, leftovers []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, nil, err
	}
	for _, e := range entries {
		n, err := strconv.ParseUint(e.Name(), 10, 64)
		switch {
		case e.Name() == "MANIFEST":
			return 0, nil, fmt.Errorf("%s holds a store from before there were generations: move its files into a new folder %s and start again",
				dir, filepath.Join(dir, generation(1)))
		case err == nil && n > newest:
			if newest > 0 {
				leftovers = append(leftovers, generation(newest))
			}
			newest = n
		case err == nil, strings.HasPrefix(e.Name(), unfinished):
			leftovers = append(leftovers, e.Name())
		}
	}
	return newest, leftovers, nil
}

func generation(n uint64) string { return strconv.FormatUint(n, 10) }

// makeGeneration makes a generation in dir of what fill puts into a new folder.
func makeGeneration(dir string, n uint64, fill func(dir string) error) (err error) {
	path, err := os.MkdirTemp(dir, unfinished)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(path))
		}
	}()
	if err := fill(path); err != nil {
		return err
	}
	if err := syncAll(path); err != nil {
		return err
	}
	return os.Rename(path, filepath.Join(dir, generation(n)))
}

// syncAll makes the files of a folder and their names durable.
func syncAll(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := syncPath(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return syncPath(dir)
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("sync %s: %w", path, err)
	}
	return nil
}
