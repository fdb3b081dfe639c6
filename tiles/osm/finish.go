package osm

import (
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
	close(w.jobs)
	<-w.done
	w.index.header = w.header
	if (w.header.Bounds == Box{}) && w.bounds != nil {
		w.index.header.Bounds = *w.bounds
	}
	footer := w.index.encode()
	w.write(footer)
	w.fail(w.out.Flush())
	trailer := binary.LittleEndian.AppendUint64(nil, uint64(len(footer)))
	trailer = w.hash.Sum(trailer)
	trailer = binary.LittleEndian.AppendUint32(trailer, checksum(append(footer, trailer...)))
	trailer = append(trailer, endMagic...)
	_, err := w.file.Write(trailer)
	w.fail(err)
	if !w.temp {
		w.fail(w.file.Sync())
	}
	if err := w.failed.Load(); err != nil {
		w.remove()
		return fmt.Errorf("finish base: %w", *err)
	}
	w.zip.Close()
	err = w.file.Close()
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
	return errors.Join(w.file.Close(), os.Remove(w.file.Name()))
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
