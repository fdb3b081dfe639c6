// Package source tells what a file of geography is, by its content.
//
// The readers of the formats are in the packages below it.
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
)

// Kind is a file format.
type Kind string

// The formats that Detect knows.
const (
	OSMPBF    Kind = "OSM PBF"
	OSMXML    Kind = "OSM XML"
	OSMChange Kind = "OSM change"
	GeoJSON   Kind = "GeoJSON"
	GPX       Kind = "GPX"
)

// Errors for what is no source.
var (
	ErrEmpty   = errors.New("the file is empty")
	ErrFolder  = errors.New("this is a folder, not a file")
	ErrUnknown = errors.New("unknown format, want OSM PBF, OSM XML, OSM change, GeoJSON or GPX, plain or packed with gzip or bzip2")
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
	for range maxLayers {
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
		default:
			return kindOf(head)
		}
		f.r = bufio.NewReaderSize(layer, 64<<10)
	}
	return "", fmt.Errorf("%w: packed more than %d times", ErrUnknown, maxLayers-1)
}

// kindOf tells the format from the first bytes of a file.
func kindOf(head []byte) (Kind, error) {
	// A PBF file starts with the length of a block's header, then its type.
	if len(head) > 15 && head[0] == 0 && head[1] == 0 && bytes.Equal(head[4:15], []byte("\x0a\x09OSMHeader")) {
		return OSMPBF, nil
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if bytes.HasPrefix(text, []byte("{")) {
		return kindOfJSON(text)
	}
	switch root(text) {
	case "osm":
		return OSMXML, nil
	case "osmChange":
		return OSMChange, nil
	case "gpx":
		return GPX, nil
	}
	return "", ErrUnknown
}

// kindOfJSON looks for the types of GeoJSON objects. A file whose first bytes name
// none, because a long member stands before it, is taken for GeoJSON as well: its
// reader will tell.
func kindOfJSON(text []byte) (Kind, error) {
	for _, name := range []string{"FeatureCollection", "Feature", "GeometryCollection", "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"} {
		if bytes.Contains(text, []byte(`"`+name+`"`)) {
			return GeoJSON, nil
		}
	}
	if len(text) > headSize-16 {
		return GeoJSON, nil
	}
	return "", ErrUnknown
}

// root returns the name of an XML document's first element, "" when there is none.
func root(text []byte) string {
	for {
		text = bytes.TrimLeft(text, " \t\r\n")
		var end string
		switch {
		case bytes.HasPrefix(text, []byte("<?")):
			end = "?>"
		case bytes.HasPrefix(text, []byte("<!--")):
			end = "-->"
		case bytes.HasPrefix(text, []byte("<")):
			name := text[1:]
			if i := bytes.IndexAny(name, " \t\r\n/>"); i >= 0 {
				name = name[:i]
			}
			return string(name)
		default:
			return ""
		}
		_, rest, ok := bytes.Cut(text, []byte(end))
		if !ok {
			return ""
		}
		text = rest
	}
}
