// Package shapefile reads the polygons of ESRI shapefiles, one after the other.
//
// A shapefile is several files of one name. Of those the .shp has the shapes and
// the .prj says in which projection: degrees of WGS 84 (EPSG:4326) or metres of Web
// Mercator (EPSG:3857). They lie beside each other, or together in a zip archive.
// Attributes (.dbf) and the index (.shx) are not read.
//
// Of polygons with heights or measures those are left out; null shapes are passed
// over. Memory is bounded by the largest polygon that is wanted, at most MaxRecord.
// Errors about content wrap ErrInvalid, and name the record and the byte where it
// begins. A File is for one goroutine.
//
// Source: ESRI Shapefile Technical Description, July 1998.
package shapefile

import (
	"archive/zip"
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/pannier-maps/pannier/tiles/source/zipped"
)

// ErrInvalid is wrapped by errors about a file's content.
var ErrInvalid = errors.New("not a shapefile that can be read")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrInvalid, fmt.Errorf(format, args...))
}

const (
	headSize      = 100
	maxProjection = 64 << 10 // bytes of a .prj
)

// IsShapes reports whether a file begins like a .shp.
func IsShapes(head []byte) bool {
	return len(head) >= headSize && binary.BigEndian.Uint32(head) == 9994 && binary.LittleEndian.Uint32(head[28:]) == 1000
}

// File is an open shapefile.
type File struct {
	Name       string // of the .shp, without folders
	Projection Projection
	// Watch, when set, is called before each record. Its error ends the reading.
	Watch func() error

	in     *bufio.Reader
	size   int64 // of the .shp, unpacked
	at     int64 // as far as it is read
	shapes uint32
	close  []io.Closer
}

// Open opens a .shp with the .prj beside it, or a zip archive with one of each.
// Errors name the file.
func Open(name string) (*File, error) {
	f := new(File)
	if err := f.open(name); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	return f, nil
}

// Close closes the file.
func (f *File) Close() error {
	var errs []error
	for _, c := range slices.Backward(f.close) {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// Progress returns how many bytes of the shapes were read, and how many there are.
func (f *File) Progress() (read, size int64) { return f.at, f.size }

func (f *File) open(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	f.close = append(f.close, file)
	info, err := file.Stat()
	if err != nil {
		return err
	}
	head := make([]byte, 4)
	if _, err := file.ReadAt(head, 0); err != nil {
		return invalid("it is too short for one")
	}
	var projection []byte
	if string(head) == "PK\x03\x04" {
		projection, err = f.unzip(file, info.Size())
	} else {
		f.Name, f.in, f.size = path.Base(info.Name()), bufio.NewReaderSize(file, 1<<20), info.Size()
		projection, err = beside(name)
	}
	if err == nil {
		f.Projection, err = parseProjection(string(projection))
	}
	if err != nil {
		return err
	}
	return f.readHead()
}

// beside reads the .prj beside a .shp.
func beside(name string) ([]byte, error) {
	stem := strings.TrimSuffix(name, path.Ext(name))
	for _, ending := range []string{".prj", ".PRJ"} {
		file, err := os.Open(stem + ending)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(io.LimitReader(file, maxProjection))
		return data, errors.Join(err, file.Close())
	}
	return nil, invalid("%s.prj is missing, which says in which projection it is", path.Base(stem))
}

// unzip opens the .shp in an archive and reads its .prj.
func (f *File) unzip(file *os.File, size int64) (projection []byte, err error) {
	archive, err := zipped.OpenAt(file, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	find := func(ending string) (all []*zip.File) {
		for _, entry := range archive.Files() {
			if strings.EqualFold(path.Ext(entry.Name), ending) {
				all = append(all, entry)
			}
		}
		return all
	}
	shapes := find(".shp")
	if len(shapes) != 1 {
		return nil, invalid("it has %d files .shp, want one; unpack it and import one of them", len(shapes))
	}
	stem := strings.TrimSuffix(shapes[0].Name, path.Ext(shapes[0].Name))
	projections := find(".prj")
	i := slices.IndexFunc(projections, func(e *zip.File) bool { return strings.TrimSuffix(e.Name, path.Ext(e.Name)) == stem })
	if i < 0 {
		return nil, invalid("%.80q is missing in it, which says in which projection it is", stem+".prj")
	}
	if projection, err = archive.Read(projections[i], maxProjection); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if shapes[0].Flags&1 != 0 {
		return nil, invalid("it is protected by a password")
	}
	unpacked, err := shapes[0].Open()
	if err != nil {
		return nil, invalid("%.80q cannot be unpacked: %w", shapes[0].Name, err)
	}
	f.close = append(f.close, unpacked)
	f.Name, f.in = path.Base(shapes[0].Name), bufio.NewReaderSize(unpacked, 1<<20)
	f.size = int64(min(shapes[0].UncompressedSize64, 1<<62))
	return projection, nil
}

// readHead reads the header, whose length of the file bounds what is read.
func (f *File) readHead() error {
	head := make([]byte, headSize)
	if _, err := io.ReadFull(f.in, head); err != nil || !IsShapes(head) {
		return invalid("its header is not that of a .shp")
	}
	f.at = headSize
	if size := 2 * int64(binary.BigEndian.Uint32(head[24:])); size != f.size {
		return invalid("it has %d bytes and says that it has %d: it was damaged or cut off on its way", f.size, size)
	}
	switch f.shapes = binary.LittleEndian.Uint32(head[32:]); f.shapes {
	case polygon, polygonZ, polygonM:
		return nil
	}
	return invalid("it has %s, not polygons", cmp.Or(kinds[f.shapes], fmt.Sprintf("shapes of type %d", f.shapes)))
}
