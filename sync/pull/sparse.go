package pull

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// span is a range of bytes.
type span struct{ start, end int64 }

func (s span) length() int64 { return s.end - s.start }

// piece is a file that holds an object's bytes from span.start on. It is named
// "x@START", grows while it is fetched, and is complete at every length.
type piece struct {
	path string
	span
}

// pieces lists what is staged of an object in pieces, in their order.
func (s stage) pieces(object string) ([]piece, error) {
	prefix := filepath.Base(s.file(object)) + "@"
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var found []piece
	for _, e := range entries {
		text, ok := strings.CutPrefix(e.Name(), prefix)
		start, err := strconv.ParseInt(text, 10, 64)
		if !ok || err != nil || start < 0 {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		found = append(found, piece{filepath.Join(s.dir, e.Name()), span{start, start + info.Size()}})
	}
	slices.SortFunc(found, func(a, b piece) int { return cmp.Compare(a.start, b.start) })
	return found, nil
}

// anyPieces reports whether an earlier pull or preview left pieces behind.
func (s stage) anyPieces() bool {
	left, _ := filepath.Glob(filepath.Join(strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s.dir), "*@*"))
	return len(left) > 0
}

// piece returns the file that holds the bytes before start, or that is to hold
// those from start on, and where it begins.
func (s stage) piece(object string, start int64) (piece, error) {
	pieces, err := s.pieces(object)
	for _, p := range pieces {
		if p.start <= start && start <= p.end {
			return p, nil
		}
	}
	return piece{s.file(object) + "@" + strconv.FormatInt(start, 10), span{start, start}}, err
}

// putStart stores an object's first bytes, unless more of them are there.
func (s stage) putStart(object string, data []byte) error {
	p, err := s.piece(object, 0)
	if err != nil || p.end >= int64(len(data)) {
		return err
	}
	return os.WriteFile(p.path, data, 0o600)
}

// missing returns the parts of wanted spans, which must be in rising order, that
// no piece holds.
func missing(wanted []span, pieces []piece) (gaps []span) {
	for _, w := range wanted {
		for _, p := range pieces {
			if p.end <= w.start || p.start >= w.end {
				continue
			}
			if p.start > w.start {
				gaps = append(gaps, span{w.start, p.start})
			}
			w.start = min(w.end, p.end)
		}
		if w.length() > 0 {
			gaps = append(gaps, w)
		}
	}
	return gaps
}

// requestBytes is about what asking for one more range costs on the wire.
const requestBytes = 400

// join merges spans that are closer than a request is worth. They must be in
// rising order.
func join(spans []span) (joined []span) {
	for _, s := range spans {
		if s.length() == 0 {
			continue
		}
		if n := len(joined); n > 0 && s.start-joined[n-1].end <= requestBytes {
			joined[n-1].end = max(joined[n-1].end, s.end)
		} else {
			joined = append(joined, s)
		}
	}
	return joined
}

// cost is what fetching spans takes on the wire.
func cost(spans []span) (n int64) {
	for _, s := range spans {
		n += s.length() + requestBytes
	}
	return n
}

// sparse reads an object from its pieces.
type sparse []piece

// ReadAt implements io.ReaderAt. What is not staged is io.ErrUnexpectedEOF.
func (s sparse) ReadAt(data []byte, offset int64) (n int, err error) {
	for _, p := range s {
		at := offset + int64(n)
		if n == len(data) || at < p.start || at >= p.end {
			continue
		}
		want := data[n:min(int64(len(data)), int64(n)+p.end-at)]
		if err := readFile(p.path, want, at-p.start); err != nil {
			return n, err
		}
		n += len(want)
	}
	if n < len(data) {
		return n, fmt.Errorf("%w: bytes %d to %d are not staged", io.ErrUnexpectedEOF, offset+int64(n), offset+int64(len(data)))
	}
	return n, nil
}

func readFile(path string, data []byte, offset int64) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.ReadAt(data, offset)
	return err
}
