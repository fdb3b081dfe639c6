// Package bundle holds objects of a site in one file, to be handed on from phone
// to phone or on a card.
//
// A bundle is read like a server (Bundle is an http.RoundTripper), by the same
// code and with the same checks as the network: trust is in the signatures, not
// in the way. FORMAT.md beside this file describes the bytes.
//
// A Bundle is safe for concurrent use.
package bundle

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

const magic = "PNBD\x01"

// Limits of a bundle.
const (
	MaxName    = 512
	MaxObjects = 1 << 20
	maxObject  = 1 << 30
)

// Errors of reading.
var (
	ErrCorrupt = errors.New("corrupt bundle file")
	ErrTooNew  = errors.New("bundle file needs a newer reader")
)

// Writer writes a bundle.
type Writer struct {
	w    *bufio.Writer
	seen map[string]bool
	err  error
}

// NewWriter begins a bundle.
func NewWriter(w io.Writer) *Writer {
	b := &Writer{w: bufio.NewWriterSize(w, 1<<16), seen: make(map[string]bool)}
	_, b.err = b.w.WriteString(magic)
	return b
}

// Add writes an object under its name on a site.
func (b *Writer) Add(name string, data []byte) error {
	switch {
	case b.err != nil:
		return b.err
	case !validName(name) || len(data) > maxObject || len(b.seen) == MaxObjects:
		return fmt.Errorf("add %q to bundle: over a limit", name)
	case b.seen[name]:
		return fmt.Errorf("add %q to bundle: it is there already", name)
	}
	b.seen[name] = true
	header := binary.AppendUvarint(nil, uint64(len(name)))
	header = append(header, name...)
	header = binary.AppendUvarint(header, uint64(len(data)))
	_, err := b.w.Write(header)
	if err == nil {
		_, err = b.w.Write(data)
	}
	if err != nil {
		b.err = fmt.Errorf("write bundle: %w", err)
	}
	return b.err
}

// Close ends the bundle. It does not close what lies below.
func (b *Writer) Close() error {
	if b.err != nil {
		return b.err
	}
	b.w.WriteByte(0) // a name of no bytes
	return b.w.Flush()
}

// validName reports whether a name can be an object's.
func validName(name string) bool {
	return len(name) <= MaxName && strings.HasPrefix(name, "v1/") && fs.ValidPath(name)
}

// Bundle is an open bundle.
type Bundle struct {
	file    io.ReaderAt
	close   func() error
	objects map[string]span
}

type span struct{ at, length int64 }

// Open opens a bundle file. It reads the names, not the objects.
func Open(path string) (*Bundle, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	var b *Bundle
	if err == nil {
		b, err = New(f, info.Size())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	b.close = f.Close
	return b, nil
}

// New reads the names of a bundle of size bytes.
func New(r io.ReaderAt, size int64) (*Bundle, error) {
	b := &Bundle{file: r, close: func() error { return nil }, objects: make(map[string]span)}
	var at int64
	start := make([]byte, len(magic))
	if n, err := r.ReadAt(start, 0); n < len(start) {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if !bytes.Equal(start, []byte(magic)) {
		if string(start[:4]) == magic[:4] {
			return nil, fmt.Errorf("%w: format %d", ErrTooNew, start[4])
		}
		return nil, fmt.Errorf("%w: it does not start with %q", ErrCorrupt, magic)
	}
	at += int64(len(magic))
	var window [binary.MaxVarintLen64 + MaxName + binary.MaxVarintLen64]byte
	for {
		n, err := r.ReadAt(window[:min(int64(len(window)), max(size-at, 0))], at)
		if err != nil && err != io.EOF {
			return nil, err
		}
		head := window[:n]
		length, w := binary.Uvarint(head)
		if w == 1 && length == 0 {
			if at+1 != size {
				return nil, fmt.Errorf("%w: bytes after its end, at byte %d", ErrCorrupt, at+1)
			}
			return b, nil
		}
		if w <= 0 || length > MaxName || length > uint64(len(head)-w) {
			return nil, fmt.Errorf("%w: bad name at byte %d", ErrCorrupt, at)
		}
		name := string(head[w : w+int(length)])
		bytes, v := binary.Uvarint(head[w+int(length):])
		at += int64(w) + int64(length) + int64(v)
		if _, twice := b.objects[name]; v <= 0 || bytes > maxObject || int64(bytes) > size-at || !validName(name) || twice || len(b.objects) == MaxObjects {
			return nil, fmt.Errorf("%w: bad object %q before byte %d", ErrCorrupt, name, at)
		}
		b.objects[name] = span{at, int64(bytes)}
		at += int64(bytes)
	}
}

// Close closes the file.
func (b *Bundle) Close() error { return b.close() }

// Names lists the objects in rising order.
func (b *Bundle) Names() []string { return slices.Sorted(maps.Keys(b.objects)) }

// RoundTrip answers a request for an object as a static web server does, ranges
// included, whatever the host. It implements http.RoundTripper.
func (b *Bundle) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	answer := &recorder{header: make(http.Header), status: http.StatusOK}
	where, ok := b.objects[strings.TrimPrefix(r.URL.Path, "/")]
	switch {
	case !ok:
		answer.status = http.StatusNotFound
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		answer.status = http.StatusMethodNotAllowed
	default:
		answer.header.Set("Content-Type", "application/octet-stream")
		http.ServeContent(answer, r, "", time.Time{}, io.NewSectionReader(b.file, where.at, where.length))
	}
	return &http.Response{
		Status: http.StatusText(answer.status), StatusCode: answer.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.header, Body: io.NopCloser(&answer.body), ContentLength: int64(answer.body.Len()), Request: r,
	}, nil
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }
