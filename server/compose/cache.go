package compose

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// keepJSON writes a file of the cache, at once.
func keepJSON(path string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*-"+filepath.Base(path))
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		err = errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
	}
	return err
}

// keptJSON reads a file of the cache; one that cannot be read counts as none.
func keptJSON(path string, value any) (ok bool) {
	data, err := os.ReadFile(path)
	return err == nil && json.Unmarshal(data, value) == nil
}
