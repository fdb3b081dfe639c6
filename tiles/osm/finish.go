package osm

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Finish writes the rest and the index, makes it all durable and gives the file
// its name: contents first, then the name, then the folder.
func (w *Writer) Finish() error {
	w.fail(w.flush())
	w.fail(w.makeUses())
	w.fail(w.flush())
	close(w.jobs)
	<-w.done
	w.index.header = w.header
	if (w.header.Bounds == Box{}) && w.bounds != nil {
		w.index.header.Bounds = *w.bounds
	}
	footer := w.index.encode()
	id := sha256.Sum256(footer)
	trailer := binary.LittleEndian.AppendUint64(nil, uint64(len(footer)))
	trailer = append(append(trailer, id[:]...), endMagic...)
	w.write(footer)
	w.write(trailer)
	w.fail(w.out.Flush())
	if !w.temp {
		w.fail(w.file.Sync())
	}
	if err := w.failed.Load(); err != nil {
		w.remove()
		return fmt.Errorf("finish base: %w", *err)
	}
	w.zip.Close()
	err := w.file.Close()
	if w.pairs != nil {
		err = errors.Join(err, w.pairs.drop())
	}
	if err == nil {
		err = os.Rename(w.file.Name(), w.path)
	}
	if err == nil && !w.temp {
		err = syncFolder(filepath.Dir(w.path))
	}
	if err != nil {
		return fmt.Errorf("finish base: %w", err)
	}
	return nil
}

// Abort drops what was written so far.
func (w *Writer) Abort() error {
	close(w.jobs)
	<-w.done
	return w.remove()
}

func (w *Writer) remove() error {
	w.zip.Close()
	err := errors.Join(w.file.Close(), os.Remove(w.file.Name()))
	if w.pairs != nil {
		err = errors.Join(err, w.pairs.drop())
	}
	return err
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
