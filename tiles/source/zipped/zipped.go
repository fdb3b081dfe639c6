// Package zipped opens zip archives from outside within bounds: on the size of
// the archive and of its directory, on the number of entries, and on what they
// unpack to, each and together, counted as they are unpacked. What the archive
// says of itself is not trusted.
//
// Errors wrap feature.ErrInvalid. An Archive is for one goroutine.
package zipped

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/pannier-maps/pannier/tiles/source/records"
)

// Limits of an archive.
const (
	MaxEntries   = 50_000
	MaxDirectory = 8 << 20   // bytes of the list of entries
	MaxEntry     = 64 << 20  // bytes of an entry, unpacked
	MaxUnpacked  = 256 << 20 // bytes of all entries that are read
	MaxRatio     = 200       // of an entry of more than a MiB, to its packed size
)

// Archive is an open archive.
type Archive struct {
	files []*zip.File
	left  int64
}

// Open opens an archive.
func Open(raw []byte) (*Archive, error) {
	return OpenAt(bytes.NewReader(raw), int64(len(raw)))
}

// OpenAt opens an archive of a size. It reads the list of entries only.
func OpenAt(r io.ReaderAt, size int64) (*Archive, error) {
	if err := checkEnd(r, size); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, records.Errorf(0, "not a sound zip archive: %w", err)
	}
	if len(z.File) > MaxEntries {
		return nil, records.Errorf(0, "the archive has %d files, more than %d", len(z.File), MaxEntries)
	}
	a := &Archive{left: MaxUnpacked}
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, "/") && !strings.HasPrefix(f.Name, "__MACOSX/") {
			a.files = append(a.files, f)
		}
	}
	return a, nil
}

// checkEnd finds the list of entries as archive/zip will, before that reads it
// whole: an archive can say that it begins at any byte.
func checkEnd(r io.ReaderAt, total int64) error {
	const size = 22
	tail := make([]byte, min(total, size+1<<16))
	if _, err := r.ReadAt(tail, total-int64(len(tail))); err != nil && err != io.EOF {
		return fmt.Errorf("read: %w", err)
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	for i >= 0 && (i+size > len(tail) || i+size+int(binary.LittleEndian.Uint16(tail[i+20:])) > len(tail)) {
		i = bytes.LastIndex(tail[:i], []byte("PK\x05\x06"))
	}
	if i < 0 {
		return records.Errorf(0, "not a whole zip archive: its end is missing")
	}
	length, offset := int64(binary.LittleEndian.Uint32(tail[i+12:])), int64(binary.LittleEndian.Uint32(tail[i+16:]))
	if length == 0xffffffff || offset == 0xffffffff || binary.LittleEndian.Uint16(tail[i+10:]) == 0xffff {
		return records.Errorf(0, "the archive is of the kind for very large ones (zip64); divide it")
	}
	end := total - int64(len(tail)) + int64(i)
	if length > MaxDirectory || end-offset > MaxDirectory {
		return records.Errorf(0, "the archive's list of files takes more than %d MiB", MaxDirectory>>20)
	}
	return nil
}

// Files returns the archive's files, without folders, in its order.
func (a *Archive) Files() []*zip.File { return a.files }

// Read unpacks a file of the archive, of at most max bytes.
func (a *Archive) Read(f *zip.File, max int64) ([]byte, error) {
	fail := func(format string, args ...any) error {
		return &records.Error{Where: fmt.Sprintf("%.80q in the archive", f.Name), Err: fmt.Errorf(format, args...)}
	}
	if f.Flags&1 != 0 {
		return nil, fail("it is protected by a password")
	}
	max = min(max, a.left, MaxEntry)
	limit := int64(min(f.UncompressedSize64, uint64(max)))
	if packed := int64(f.CompressedSize64); packed < limit/MaxRatio {
		limit = min(limit, 1<<20+packed*MaxRatio)
	}
	if f.UncompressedSize64 > uint64(limit) {
		return nil, fail("it unpacks to %d KiB, more than is allowed for it (%d)", f.UncompressedSize64>>10, limit>>10)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fail("cannot be unpacked: %w", err)
	}
	defer r.Close()
	var out bytes.Buffer
	out.Grow(int(f.UncompressedSize64) + bytes.MinRead)
	n, err := out.ReadFrom(io.LimitReader(r, limit+1))
	a.left -= n
	switch {
	case err != nil:
		return nil, fail("cannot be unpacked: %w", err)
	case n > limit:
		return nil, fail("it unpacks to more than the archive says (%d KiB)", limit>>10)
	}
	return out.Bytes(), nil
}
