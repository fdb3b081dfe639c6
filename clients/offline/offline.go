// Package offline keeps a region on a device and answers from it without a
// network.
//
// A region is one SQLite file that is at the same time an MBTiles 1.3 file, so
// that other map programs open it too. Its tiles table holds the base map; more
// tables hold the features, a full-text index of their names, a spatial index
// of their boxes, and the signed head and manifest of the installed version. A
// device may hold a part of the region only (cover.Selection); it then has the
// manifest of the whole, and the cells that the part needs.
// FORMAT.md beside this file has the tables.
//
// The canonical bytes of every cell can be rebuilt from the rows. That is how an
// update is checked before it is committed, how Verify finds damage later, and
// what the next delta is applied to; no second copy is kept.
//
// A Region may be used by many goroutines at once, and queries go on, on the old
// version, while Apply runs. Only one process may write a region: hold its Lock.
// Positions are in degrees at the edges and in 1e-7 degrees inside; distances
// are metres.
package offline

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver
)

// Errors that a caller acts on. Queries of a region of which nothing is
// installed yet give fs.ErrNotExist.
var (
	ErrReadOnly = errors.New("the region is open for reading only")
	ErrDamaged  = errors.New("the installed region is damaged")
	ErrForeign  = errors.New("not a Pannier region file")
	ErrFull     = errors.New("no space left on the device; the installed version is unchanged")
)

// Region is one region's file.
type Region struct {
	path  string
	write *sql.DB // one connection; nil when open for reading only
	read  *sql.DB
}

// Open opens the region's file for installing and updating, and makes it when it
// is absent. The folder must exist.
func Open(path string) (*Region, error) {
	write, err := sql.Open("sqlite", dsn(path, "rwc",
		"busy_timeout(10000)", "page_size(4096)", "auto_vacuum(2)", "synchronous(EXTRA)",
		"cache_size(-16000)", "journal_size_limit(0)"))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	write.SetMaxOpenConns(1)
	r := &Region{path: path, write: write}
	if err := r.prepare(context.Background()); err != nil {
		write.Close()
		return nil, fmt.Errorf("open %s: %w", path, explain(err))
	}
	if r.read, err = openReader(path, "ro"); err != nil {
		write.Close()
		return nil, err
	}
	return r, nil
}

// OpenReadOnly opens an installed region for queries. A file on a medium that
// cannot be written, such as a locked SD card, opens too. It returns
// fs.ErrNotExist when there is no such file, or an empty one, which is all that a
// first pull can make on a full disk.
func OpenReadOnly(path string) (*Region, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 {
		return nil, fmt.Errorf("open %s: %w: it is empty", path, fs.ErrNotExist)
	}
	read, err := openReader(path, "ro")
	switch {
	case err == nil:
	case whole(path):
		read, err = openReader(path, "ro&immutable=1")
	default: // a writer was killed: take back what it had begun
		if r, failed := Open(path); failed == nil {
			r.Close()
			read, err = openReader(path, "ro")
		}
	}
	if err != nil {
		return nil, err
	}
	return &Region{path: path, read: read}, nil
}

// openReader opens a pool of reading connections and checks that they work.
func openReader(path, mode string) (*sql.DB, error) {
	read, err := sql.Open("sqlite", dsn(path, mode, "busy_timeout(10000)", "query_only(1)"))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	read.SetMaxOpenConns(4)
	if err := checkFormat(context.Background(), read); err != nil {
		read.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return read, nil
}

// whole reports whether the file can be read by itself: no writer has left a
// journal or a log that must be brought into it first.
func whole(path string) bool {
	for _, suffix := range []string{"-journal", "-wal"} {
		info, err := os.Stat(path + suffix)
		if !errors.Is(err, fs.ErrNotExist) && (err != nil || info.Size() > 0) {
			return false
		}
	}
	return true
}

// dsn returns the driver's name for a file.
func dsn(path, mode string, pragmas ...string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	slashed := filepath.ToSlash(path)
	if slashed[0] != '/' {
		slashed = "/" + slashed // a drive letter
	}
	s := "file://" + (&url.URL{Path: slashed}).EscapedPath() + "?_txlock=immediate&mode=" + mode
	for _, p := range pragmas {
		s += "&_pragma=" + url.QueryEscape(p)
	}
	return s
}

// Path returns the file's name.
func (r *Region) Path() string { return r.path }

// Close closes the file. What remains is one file that can be copied, unless
// another process has it open.
func (r *Region) Close() error {
	err := r.read.Close()
	if r.write != nil {
		r.rest()
		err = errors.Join(err, r.write.Close())
	}
	return err
}
