// Package mbtiles reads and writes MBTiles 1.3: one SQLite database that holds a
// map's tiles.
//
// What WriteFile makes is deduplicated and clustered: different contents lie in
// the order of the tiles, each once, and the same tiles give the same bytes in any
// order. Tiles are Mapbox Vector Tiles, compressed by gzip.
//
// A file may come from anybody, and SQLite runs what its views say: an Archive
// opens it read-only, refuses views that do more than join tables, waits for no row
// longer than RowTime, and reads no text or tile beyond the limits below. Damage is
// archive.ErrCorrupt, what the package does not know is archive.ErrUnsupported. An
// Archive serves one goroutine at a time. FORMAT.md beside this file says what of the
// specification (https://github.com/mapbox/mbtiles-spec/blob/master/1.3/spec.md) is
// used.
package mbtiles

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	engine "modernc.org/sqlite/lib"

	"github.com/pannier-maps/pannier/tiles/archive"
)

// Limits of what is read.
const (
	MaxMetadataBytes = 4 << 20 // the metadata, names and values
	maxMetadataRows  = 1000
	cacheKiB         = 8 << 10
)

// RowTime is how long SQLite may look for the next row.
const RowTime = 30 * time.Second

// applicationID says that a database is an MBTiles file: "MPBX".
const applicationID = 0x4d504258

// Archive is an open file.
type Archive struct {
	db       *sql.DB
	conn     *sql.Conn
	metadata map[string]string
	rowTime  time.Duration
}

// Open opens the file at path; Close ends it.
func Open(path string) (*Archive, error) {
	a, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return a, nil
}

func open(path string) (*Archive, error) {
	if err := atRest(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn(path, "mode=ro", "immutable=1", "_defensive=1"))
	if err != nil {
		return nil, err
	}
	a := &Archive{db: db, metadata: make(map[string]string), rowTime: RowTime}
	ctx := context.Background()
	if a.conn, err = db.Conn(ctx); err == nil {
		err = guard(ctx, a.conn)
	}
	if err == nil {
		err = a.look()
	}
	if err != nil {
		a.Close()
		return nil, damaged(err)
	}
	return a, nil
}

// Close closes the file.
func (a *Archive) Close() error {
	var errs []error
	if a.conn != nil {
		errs = append(errs, a.conn.Close())
	}
	return errors.Join(append(errs, a.db.Close())...)
}

// atRest refuses a file that is not whole by itself, because a program still
// writes it or was killed.
func atRest(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: not a file", archive.ErrUnsupported)
	}
	for _, suffix := range []string{"-wal", "-journal"} {
		if info, err := os.Stat(path + suffix); err == nil && info.Size() > 0 {
			return fmt.Errorf("%w: %s lies beside it: close the program that writes the file, or open it once with sqlite3", archive.ErrUnsupported, filepath.Base(path)+suffix)
		}
	}
	return uncut(path, info.Size())
}

// magic begins every database.
const magic = "SQLite format 3\x00"

// uncut refuses a file that is shorter than it says (SQLite would not mind before
// it looks there): https://www.sqlite.org/fileformat.html#the_database_header.
func uncut(path string, size int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, 100)
	if _, err := io.ReadFull(f, head); err != nil || string(head[:len(magic)]) != magic {
		return fmt.Errorf("%w: not a database of SQLite 3", archive.ErrCorrupt)
	}
	page := int64(binary.BigEndian.Uint16(head[16:]))
	if page == 1 {
		page = 1 << 16
	}
	pages := int64(binary.BigEndian.Uint32(head[28:]))
	current := bytes.Equal(head[24:28], head[92:96]) // else an old SQLite left the number of pages as it was
	if current && size < page*pages {
		return fmt.Errorf("%w: %d bytes, cut off from %d", archive.ErrCorrupt, size, page*pages)
	}
	return nil
}

// guard takes from a connection what a hostile file could use.
func guard(ctx context.Context, conn *sql.Conn) error {
	pragmas := fmt.Sprintf("PRAGMA trusted_schema=0; PRAGMA cell_size_check=1; PRAGMA query_only=1; PRAGMA mmap_size=0; PRAGMA cache_size=-%d", cacheKiB)
	if _, err := conn.ExecContext(ctx, pragmas); err != nil {
		return err
	}
	for limit, most := range map[int]int{
		engine.SQLITE_LIMIT_LENGTH:          archive.MaxTileBytes + 1<<10,
		engine.SQLITE_LIMIT_SQL_LENGTH:      1 << 16,
		engine.SQLITE_LIMIT_COLUMN:          100,
		engine.SQLITE_LIMIT_EXPR_DEPTH:      100,
		engine.SQLITE_LIMIT_COMPOUND_SELECT: 10,
		engine.SQLITE_LIMIT_VDBE_OP:         10_000,
		engine.SQLITE_LIMIT_ATTACHED:        0,
	} {
		if _, err := sqlite.Limit(conn, limit, most); err != nil {
			return err
		}
	}
	return nil
}

// dsn returns the driver's name for a file.
func dsn(path string, options ...string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	slashed := filepath.ToSlash(path)
	if slashed[0] != '/' {
		slashed = "/" + slashed // a drive letter
	}
	s := "file://" + (&url.URL{Path: slashed}).EscapedPath() + "?"
	for i, o := range options {
		if i > 0 {
			s += "&"
		}
		s += o
	}
	return s
}

// damaged says what an error of SQLite means.
func damaged(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case engine.SQLITE_IOERR, engine.SQLITE_NOMEM, engine.SQLITE_FULL, engine.SQLITE_CANTOPEN, engine.SQLITE_PERM:
		return err
	}
	return fmt.Errorf("%w: %w", archive.ErrCorrupt, err)
}
