package ingest

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source"
	"github.com/pannier-maps/pannier/tiles/source/osmpbf"
	"github.com/pannier-maps/pannier/tiles/source/osmxml"
)

const defaultMemory = 256 << 20

func (im *Importer) memory() int { return cmp.Or(im.Memory, defaultMemory) }

// extracts makes the region's map data of one or more extracts.
func (im *Importer) extracts(ctx context.Context, region string, files []string) (Result, error) {
	var parts []*osm.Base
	defer func() {
		for _, part := range parts {
			part.Close()
		}
	}()
	var names []string
	var path string
	for _, file := range files {
		var err error
		if path, err = im.temp(region, "base"); err != nil {
			return Result{}, err
		}
		defer os.Remove(path)
		if err := im.collect(ctx, file, path); err != nil {
			return Result{}, fmt.Errorf("%s: %w", file, err)
		}
		part, err := osm.OpenBase(path, 0)
		if err != nil {
			return Result{}, err
		}
		parts = append(parts, part)
		if nodes, ways, relations := part.Counts(); nodes+ways+relations == 0 {
			return Result{}, fmt.Errorf("%s: %w", file, ErrNothing)
		}
		names = append(names, filepath.Base(file))
	}
	if len(parts) > 1 {
		var err error
		if path, err = im.temp(region, "merged"); err != nil {
			return Result{}, err
		}
		defer os.Remove(path)
		if err := osm.Merge(ctx, parts, path, im.memory(), mergedHeader(parts)); err != nil {
			return Result{}, err
		}
	}
	return im.install(ctx, region, path, names, "")
}

// mergedHeader describes several extracts as one: the box around them, the
// oldest state, and no sequence, since they may follow different ones.
func mergedHeader(parts []*osm.Base) osm.Header {
	h := parts[0].Header()
	for _, p := range parts[1:] {
		o := p.Header()
		h.Bounds = around(h.Bounds, o.Bounds)
		h.Timestamp = min(h.Timestamp, o.Timestamp)
		if o.Sequence != h.Sequence || o.Source != h.Source {
			h.Sequence, h.Source = 0, ""
		}
	}
	return h
}

// around returns the box around two; an unknown box makes it unknown.
func around(a, b osm.Box) osm.Box {
	if a == (osm.Box{}) || b == (osm.Box{}) {
		return osm.Box{}
	}
	return osm.Box{
		Min: cell.Point{LonE7: min(a.Min.LonE7, b.Min.LonE7), LatE7: min(a.Min.LatE7, b.Min.LatE7)},
		Max: cell.Point{LonE7: max(a.Max.LonE7, b.Max.LonE7), LatE7: max(a.Max.LatE7, b.Max.LatE7)},
	}
}

// collect reads an extract into a base file.
func (im *Importer) collect(ctx context.Context, file, path string) error {
	f, done, err := im.open(file)
	if err != nil {
		return err
	}
	defer done()
	kind, err := source.Detect(file)
	if err != nil {
		return err
	}
	read := osmxml.Read
	if kind == source.OSMPBF {
		read = osmpbf.Read
	}
	err = osm.Collect(ctx, path, im.memory(), func(h osm.Handler) error {
		if err := read(ctx, f, h); err != nil {
			return err
		}
		return f.End()
	})
	if errors.Is(err, osmpbf.ErrCorrupt) {
		return fmt.Errorf("%w: the file was damaged or cut off on its way; fetch it again, nothing of it was imported", err)
	}
	return err
}

// changes applies a file of changes to the region's map data.
func (im *Importer) changes(ctx context.Context, region, file string) (Result, error) {
	b, ok, err := im.Catalog.Base(ctx, region)
	if err != nil {
		return Result{}, err
	}
	if !ok {
		return Result{}, fmt.Errorf("%s: %w: import an extract of OpenStreetMap (.osm.pbf) into %s first", file, ErrNoBase, region)
	}
	if b.Archive != nil {
		return Result{}, fmt.Errorf("%s: %w: the map of %s is the archive %s; import an extract of OpenStreetMap in its place first", file, ErrNoBase, region, strings.Join(b.Sources, ", "))
	}
	base, err := osm.OpenBase(filepath.Join(im.Folder, region, b.File), 0)
	if err != nil {
		return Result{}, err
	}
	defer base.Close()
	header := base.Header()
	sequence, err := follows(header, file)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", file, err)
	}
	changes, newest, err := im.readChanges(ctx, file)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", file, err)
	}
	header.Sequence, header.Timestamp = sequence, max(header.Timestamp, newest)
	path, err := im.temp(region, "changed")
	if err != nil {
		return Result{}, err
	}
	defer os.Remove(path)
	done, err := osm.Apply(ctx, base, changes, path, header)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", file, err)
	}
	if touched := done.Modified + done.Deleted + done.Missing; done.Missing*2 > touched {
		return Result{}, fmt.Errorf("%s: %w: %d of the %d objects that it changes are not in %s; is it for another area?",
			file, ErrNoBase, done.Missing, touched, region)
	}
	r, err := im.install(ctx, region, path, append(b.Sources, filepath.Base(file)), b.File)
	r.Created, r.Modified, r.Deleted, r.Skipped = done.Created, done.Modified, done.Deleted, done.Skipped
	return r, err
}

func (im *Importer) readChanges(ctx context.Context, file string) (changes []osm.Change, newest int64, err error) {
	f, done, err := im.open(file)
	if err != nil {
		return nil, 0, err
	}
	defer done()
	left := im.memory()
	err = osmxml.ReadChanges(ctx, f, func(c osm.Change) error {
		if left -= c.Weight(); left < 0 {
			return fmt.Errorf("%w: %d changes and more need over %d MiB of memory; allow more, or import a newer extract instead",
				ErrTooLarge, len(changes), im.memory()>>20)
		}
		changes = append(changes, c)
		switch {
		case c.Node != nil:
			newest = max(newest, c.Node.Meta.Timestamp)
		case c.Way != nil:
			newest = max(newest, c.Way.Meta.Timestamp)
		case c.Relation != nil:
			newest = max(newest, c.Relation.Meta.Timestamp)
		}
		return nil
	})
	if err == nil {
		err = f.End()
	}
	return changes, newest, err
}

// numbered finds the replication sequence number in the name of a file of
// changes, such as "liechtenstein-002435.osc.gz" or "435.osc.gz" in a folder 002.
var numbered = regexp.MustCompile(`(?:^|\D)(\d{6,9})\.osc(?:\.|$)`)

// follows returns the sequence number of a file of changes, and ErrNoBase when
// files before it are missing. A name without a number is taken on trust: 0.
func follows(base osm.Header, file string) (int64, error) {
	m := numbered.FindStringSubmatch(filepath.Base(file))
	if m == nil || base.Sequence == 0 {
		return 0, nil
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return 0, nil
	}
	switch {
	case n == base.Sequence+2:
		return 0, fmt.Errorf("%w: the region is at number %d, so number %d must be imported first", ErrNoBase, base.Sequence, n-1)
	case n > base.Sequence+2:
		return 0, fmt.Errorf("%w: the region is at number %d, so numbers %d to %d must be imported first", ErrNoBase, base.Sequence, base.Sequence+1, n-1)
	}
	return max(n, base.Sequence), nil
}

// install makes a base file the region's. Of, if it is not "", is the file that it
// was made of, which must be the region's still.
func (im *Importer) install(ctx context.Context, region, path string, names []string, of string) (Result, error) {
	base, err := osm.OpenBase(path, 0)
	if err != nil {
		return Result{}, err
	}
	id := base.ID()
	nodes, ways, relations := base.Counts()
	if err := base.Close(); err != nil {
		return Result{}, err
	}
	next := catalog.Base{File: hex.EncodeToString(id[:16]) + ".osm", Sources: names}
	was, err := im.installBase(ctx, region, path, next, of)
	return Result{Elements: nodes + ways + relations}.replaced(was, next), err
}

// placing is held while a file comes into a region's folder and the catalog learns
// of it: until then it looks like one that nobody uses.
var placing sync.Mutex

// installBase makes a file the base of the region's map, in one step, and returns
// the base before. Of is that of install.
func (im *Importer) installBase(ctx context.Context, region, path string, next catalog.Base, of string) (was catalog.Base, err error) {
	placing.Lock()
	defer placing.Unlock()
	if was, _, err = im.Catalog.Base(ctx, region); err != nil {
		return was, err
	}
	next.Imported = time.Now().UTC().Truncate(time.Second)
	if err := rename(path, filepath.Join(im.Folder, region, next.File)); err != nil {
		return was, err
	}
	if err := im.Catalog.SetBase(ctx, region, cmp.Or(of, was.File), next); err != nil {
		if next.File != was.File {
			os.Remove(filepath.Join(im.Folder, region, next.File)) // best effort, as below
		}
		return was, err
	}
	if was.File != "" && was.File != next.File {
		// Best effort: a file that stays behind harms nobody.
		os.Remove(filepath.Join(im.Folder, region, was.File))
	}
	return was, nil
}

// rename moves a file whose content is durable, and makes the move durable.
func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
