package dem

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/pannier-maps/pannier/tiles/source/zipped"
)

// maxUnpacked is the largest content of a packed file, in bytes.
const maxUnpacked = 128 << 20

// Formats, as people call them.
const (
	HGT     = "SRTM HGT"
	GeoTIFF = "GeoTIFF"
)

var (
	hgtFile  = regexp.MustCompile(`(?i)\.hgt(\.gz|\.zip)?$`)
	tiffFile = regexp.MustCompile(`(?i)\.tiff?$`)
)

// Detect returns the format of a height model, "" for any other file: an .hgt
// file is known by its name, since nothing in it tells, a GeoTIFF by its first
// bytes, an archive by what it holds. Errors name the file.
func Detect(name string) (string, error) {
	if hgtFile.MatchString(name) {
		return HGT, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var head [4]byte
	if _, err := io.ReadFull(f, head[:]); err != nil {
		return "", nil // too short for one, or a folder: others will say so
	}
	switch {
	case isTIFF(head[:]):
		return GeoTIFF, nil
	case string(head[:]) == "PK\x03\x04":
		info, err := f.Stat()
		if err != nil {
			return "", err
		}
		archive, err := zipped.OpenAt(f, info.Size())
		if err != nil {
			return "", nil // likewise
		}
		for _, entry := range archive.Files() {
			if format := formatOf(entry.Name); format != "" {
				return format, nil
			}
		}
	case head[0] == 0x1f && head[1] == 0x8b && tiffFile.MatchString(strings.TrimSuffix(strings.ToLower(name), ".gz")):
		return GeoTIFF, nil
	}
	return "", nil
}

func formatOf(name string) string {
	switch {
	case hgtFile.MatchString(name):
		return HGT
	case tiffFile.MatchString(name):
		return GeoTIFF
	}
	return ""
}

// Read reads a height model: an .hgt or GeoTIFF file, plain, packed with gzip, or
// alone in a zip archive. Errors name the file.
func Read(name string) (*Grid, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	g, err := read(f, filepath.Base(name))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return g, nil
}

func read(f *os.File, name string) (*Grid, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var head [4]byte
	if _, err := f.ReadAt(head[:], 0); err != nil {
		return nil, invalid("its beginning cannot be read: %w", err)
	}
	switch {
	case isTIFF(head[:]):
		return readTIFF(f, info.Size())
	case head[0] == 0x1f && head[1] == 0x8b:
		raw, err := unzip(f)
		if err != nil {
			return nil, err
		}
		return parse(strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".GZ"), raw)
	case string(head[:]) == "PK\x03\x04":
		return readArchive(f, info.Size())
	case info.Size() > maxUnpacked:
		return nil, invalid("%d bytes are more than an .hgt file has", info.Size())
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxUnpacked))
	if err != nil {
		return nil, err
	}
	return parse(name, raw)
}

// parse reads the content of a file.
func parse(name string, raw []byte) (*Grid, error) {
	if isTIFF(raw) {
		return readTIFF(bytes.NewReader(raw), int64(len(raw)))
	}
	return readHGT(name, raw)
}

func unzip(r io.Reader) ([]byte, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, invalid("header of gzip: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(z, maxUnpacked+1))
	switch {
	case err != nil:
		return nil, invalid("it cannot be unpacked: %w", err)
	case len(raw) > maxUnpacked:
		return nil, invalid("it unpacks to more than %d MiB; unpack it first", maxUnpacked>>20)
	}
	return raw, nil
}

func readArchive(r io.ReaderAt, size int64) (*Grid, error) {
	archive, err := zipped.OpenAt(r, size)
	if err != nil {
		return nil, err
	}
	var found []int
	for i, entry := range archive.Files() {
		if formatOf(entry.Name) != "" {
			found = append(found, i)
		}
	}
	if len(found) != 1 {
		return nil, invalid("the archive holds %d .hgt or .tif files, want 1; unpack it and import them", len(found))
	}
	entry := archive.Files()[found[0]]
	raw, err := archive.Read(entry, zipped.MaxEntry)
	if err != nil {
		return nil, err
	}
	return parse(entry.Name, raw)
}
