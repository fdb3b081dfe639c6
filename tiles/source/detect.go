// Package source tells what a file of geography is, by its content, and reads
// those that providers send as features.
//
// The readers of the formats are in the packages below it; FORMATS.md lists what
// each reads.
package source

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"

	"github.com/pannier-maps/pannier/tiles/source/shapefile"
)

// Kind is a file format.
type Kind string

// The formats that Detect knows.
const (
	OSMPBF    Kind = "OSM PBF"
	OSMXML    Kind = "OSM XML"
	OSMChange Kind = "OSM change"
	Overpass  Kind = "Overpass JSON"

	// Archives of map tiles, which tiles/archive reads.
	PMTiles Kind = "PMTiles"
	MBTiles Kind = "MBTiles"

	// Shapefile, a .shp or a zip archive with one, is read by tiles/water.
	Shapefile Kind = "shapefile"

	// Those that Read reads.
	GeoJSON         Kind = "GeoJSON"
	GPX             Kind = "GPX"
	KML             Kind = "KML"
	KMZ             Kind = "KMZ"
	FIT             Kind = "FIT"
	TCX             Kind = "TCX"
	CSV             Kind = "CSV"
	XLSX            Kind = "XLSX"
	DATAtourisme    Kind = "DATAtourisme"
	DATAtourismeZip Kind = "DATAtourisme archive"
	OpenDataHub     Kind = "Open Data Hub"
	SchemaOrg       Kind = "schema.org"
	WebPage         Kind = "web page"
)

// Errors for what is no source.
var (
	ErrEmpty   = errors.New("the file is empty")
	ErrFolder  = errors.New("this is a folder, not a file")
	ErrUnknown = errors.New("unknown format, want GPX, KML, KMZ, FIT, TCX, GeoJSON, CSV, XLSX, DATAtourisme, Open Data Hub or schema.org, or OSM PBF, XML or change, PMTiles, MBTiles or shapefile; plain or packed with gzip or bzip2")
)

const (
	headSize  = 4096 // bytes looked at
	maxLayers = 3    // of compression
	maxTail   = 1 << 20
)

// Detect returns the format of a file. Errors name the file.
func Detect(path string) (Kind, error) {
	f, kind, err := Open(path)
	if err != nil {
		return "", err
	}
	return kind, f.Close()
}

// File is an open file, read without its compression. Read and Close are for one
// goroutine, Progress for any.
type File struct {
	r    *bufio.Reader
	file *os.File
	size int64
	done atomic.Int64
}

// Open opens a file and tells its format. Errors name the file.
func Open(path string) (*File, Kind, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, "", err // it names the file
	}
	f := &File{file: file}
	kind, err := f.detect()
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return f, kind, nil
}

// Read reads the uncompressed content.
func (f *File) Read(p []byte) (int, error) { return f.r.Read(p) }

// End reads what follows a document, whose reader may have stopped at its last
// byte: only at the end of the file are the checksums of its packing checked.
func (f *File) End() error {
	n, err := io.Copy(io.Discard, io.LimitReader(f.r, maxTail+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the end of the file is missing: %w", err)
	case err != nil:
		return fmt.Errorf("end of the file: %w", err)
	case n > maxTail:
		return fmt.Errorf("more than %d KiB follow the end of the content", maxTail>>10)
	}
	return nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// Progress returns how many bytes of the file, as it lies on disk, were read, and
// its size.
func (f *File) Progress() (read, size int64) { return f.done.Load(), f.size }

// counter counts what is read from the disk.
type counter struct{ f *File }

func (c counter) Read(p []byte) (int, error) {
	n, err := c.f.file.Read(p)
	c.f.done.Add(int64(n))
	return n, err
}

func (f *File) detect() (Kind, error) {
	info, err := f.file.Stat()
	if err != nil {
		return "", err
	}
	if info.IsDir() {
		return "", ErrFolder
	}
	f.size = info.Size()
	f.r = bufio.NewReaderSize(counter{f}, 64<<10)
	for packed := range maxLayers {
		head, err := f.r.Peek(headSize)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return "", fmt.Errorf("the file ends too early: %w", err)
		}
		if err != nil && err != io.EOF {
			return "", err
		}
		if len(head) == 0 {
			return "", ErrEmpty
		}
		var layer io.Reader
		switch {
		case bytes.HasPrefix(head, []byte{0x1f, 0x8b, 8}):
			if layer, err = gzip.NewReader(f.r); err != nil {
				return "", fmt.Errorf("header of gzip: %w", err)
			}
		case bytes.HasPrefix(head, []byte("BZh")):
			layer = bzip2.NewReader(f.r)
		case bytes.HasPrefix(head, []byte("PK\x03\x04")):
			if packed > 0 {
				return "", fmt.Errorf("%w: a zip archive within another packing", ErrUnknown)
			}
			return kindOfZip(f.file, f.size)
		case shapefile.IsShapes(head):
			if packed > 0 {
				return "", fmt.Errorf("%w: a shapefile within another packing; unpack it first, with the .prj beside it", ErrUnknown)
			}
			return Shapefile, nil
		case kindOfArchive(head) != "":
			if packed > 0 {
				return "", fmt.Errorf("%w: an archive of map tiles within another packing; unpack it first", ErrUnknown)
			}
			return kindOfArchive(head), nil
		default:
			return kindOf(head)
		}
		f.r = bufio.NewReaderSize(layer, 64<<10)
	}
	return "", fmt.Errorf("%w: packed more than %d times", ErrUnknown, maxLayers-1)
}
