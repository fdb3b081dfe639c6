package badgerstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"
)

// repair takes back the MANIFEST's last entry when the table that it names is not
// there: the sync of that entry failed, so Badger removed the table, and the
// process ended. Its records are in the log it was made from, which goes only after
// that sync. Any other table that is missing is left for Badger to refuse.
//
// The MANIFEST is 8 bytes of magic and entries: length and CRC-32C, 4 bytes each,
// big-endian, and as many bytes. Since Badger never merges here, each entry after
// a folder is made adds one table, with a higher number than all before it.
func repair(dir string, log *slog.Logger) error {
	path := filepath.Join(dir, badger.ManifestFilename)
	all, err := replay(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	var missing, newest uint64
	count := 0
	for id := range all.Tables {
		newest = max(newest, id)
		_, err := os.Stat(table.NewFilename(id, dir))
		if errors.Is(err, fs.ErrNotExist) {
			missing, count = id, count+1
		} else if err != nil {
			return err
		}
	}
	logs, err := filepath.Glob(filepath.Join(dir, "*.mem"))
	if err != nil || count != 1 || missing != newest || all.Tables[missing].Level != 0 || len(logs) == 0 {
		return err
	}
	log.Warn("the last table was not finished; its records are read from the log", "table", table.NewFilename(missing, dir))
	return withoutLast(path, missing)
}

// withoutLast removes a MANIFEST's last entry, which must be that of a table.
func withoutLast(path string, id uint64) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	last, next := 0, 8
	for next+8 <= len(data) {
		length := int64(binary.BigEndian.Uint32(data[next:]))
		if length > int64(len(data)-next-8) {
			break
		}
		if length > 0 {
			last = next
		}
		next += 8 + int(length)
	}
	shorter := path + "-SHORTER"
	if err := os.WriteFile(shorter, data[:last], 0o600); err != nil {
		return err
	}
	rest, err := replay(shorter)
	if err == nil {
		if _, there := rest.Tables[id]; there {
			err = errors.New("its last entry is of another table than the one that is missing")
		}
	}
	if err != nil {
		return fmt.Errorf("repair %s: %w", path, errors.Join(err, os.Remove(shorter)))
	}
	if err := syncPath(shorter); err != nil {
		return err
	}
	if err := os.Rename(shorter, path); err != nil {
		return err
	}
	return syncPath(filepath.Dir(path))
}

func replay(path string) (badger.Manifest, error) {
	f, err := os.Open(path)
	if err != nil {
		return badger.Manifest{}, err
	}
	defer f.Close()
	m, _, err := badger.ReplayManifestFile(f, 0, badger.DefaultOptions("").WithLogger(nil))
	return m, err
}
