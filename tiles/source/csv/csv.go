// Package csv reads lists of places from text files of columns, as spreadsheet
// programs write them.
//
// The encoding (UTF-8 with or without a mark, UTF-16, Windows-1250 or 1252) and
// the separator (comma, semicolon, tab or bar) are told by the content, quoted
// cells may hold line breaks, and a first line "sep=;" is understood. What the
// columns hold is guessed, or said by a table.Mapping.
//
// Lines count from 1, those within quotes too. Calls may run concurrently; memory
// is bounded by records.MaxFileBytes.
package csv

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/table"
)

// Limits of a row. Beyond them a quotation mark was most likely left open, and
// the file is refused.
const (
	maxRowBytes = 1 << 20
	maxRowLines = 1000
)

// Look reads the first rows and guesses what the columns hold.
func Look(r io.Reader, opts records.Options) (table.Preview, error) {
	f, err := open(r, opts)
	if err != nil {
		return table.Preview{}, err
	}
	p, err := table.Look(f.rows())
	p.About = f.encoding + ", " + separators[f.comma]
	return p, err
}

// Read reads a file. A nil mapping is guessed.
func Read(r io.Reader, m *table.Mapping, opts records.Options) (*records.File, error) {
	f, err := open(r, opts)
	if err != nil {
		return nil, err
	}
	if m == nil {
		p, err := table.Look(f.rows())
		if err != nil {
			return nil, err
		}
		m = &p.Mapping
	}
	return table.Read(f.rows(), *m, opts)
}

// separators by their names.
var separators = map[rune]string{',': "commas", ';': "semicolons", '\t': "tabs", '|': "bars"}

// file is a file's text.
type file struct {
	text     []byte // UTF-8
	encoding string
	comma    rune
	skipped  int // lines before the text
}

func open(r io.Reader, opts records.Options) (*file, error) {
	raw, err := records.ReadAll(r, records.MaxFileBytes)
	if err != nil {
		return nil, err
	}
	text, encoding, err := decode(raw, opts.Language)
	if err != nil {
		return nil, err
	}
	f := &file{text: text, encoding: encoding}
	if first, rest, ok := bytes.Cut(text, []byte{'\n'}); ok && len(first) > 4 && len(first) < 10 && bytes.HasPrefix(first, []byte("sep=")) {
		f.comma, f.text, f.skipped = rune(first[4]), rest, 1
	}
	f.comma = cmp.Or(f.comma, separator(f.text))
	if separators[f.comma] == "" {
		return nil, records.Errorf(0, "not a table of columns: there is no comma, semicolon or tab between cells that is the same in each row")
	}
	return f, f.check()
}

// check refuses rows without an end before they are read into memory. Cells are
// quoted as encoding/csv takes them: a mark opens at a cell's beginning and
// closes before a separator or the end of a line.
func (f *file) check() error {
	text, comma := f.text, byte(f.comma)
	line, start, startLine, quoted, begin := 1, 0, 1, false, true
	for i := 0; i < len(text); i++ {
		b := text[i]
		next := byte('\n')
		if i+1 < len(text) {
			next = text[i+1]
		}
		switch {
		case b == '\n' && !quoted:
			line++
			start, startLine, begin = i+1, line, true
			continue
		case b == '\n':
			line++
		case b != '"':
		case quoted && next == '"':
			i++ // it stands for one in the text
		case quoted:
			quoted = next != comma && next != '\n' && next != '\r'
		default:
			quoted = begin
		}
		begin = !quoted && b == comma
		if i-start > maxRowBytes || line-startLine > maxRowLines {
			return records.Errorf(startLine+f.skipped, "the row does not end; is a quotation mark left open?")
		}
	}
	return nil
}

// Plausible reports whether a text, cut off at any byte, begins like a table:
// several rows of the same number of columns.
func Plausible(head []byte) bool {
	text, _, err := decode(head, "")
	if err != nil || len(text) == 0 {
		return false
	}
	if i := bytes.LastIndexByte(text, '\n'); i > 0 && len(head) > 2000 {
		text = text[:i]
	}
	for _, r := range string(text) {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' {
			return false
		}
	}
	if bytes.HasPrefix(text, []byte("sep=")) {
		return true
	}
	comma := separator(text)
	if comma == 0 {
		return false
	}
	first, err := reader(bytes.NewReader(text), comma).Read()
	words := 0
	for _, cell := range first {
		words += len(strings.Fields(cell))
	}
	return err == nil && words <= 3*len(first) // else it is prose
}

// separator tells the separator of columns: the one that divides most rows into
// the same number of cells, two or more; 0 when there is none.
func separator(text []byte) (best rune) {
	score := 0
	for _, comma := range []rune{';', '\t', ',', '|'} {
		r := reader(bytes.NewReader(text[:min(len(text), 64<<10)]), comma)
		counts := map[int]int{}
		rows := 0
		for rows < 30 {
			row, err := r.Read()
			if err != nil {
				break
			}
			if len(row) > 1 || strings.TrimSpace(row[0]) != "" {
				rows++
				counts[len(row)]++
			}
		}
		for width, n := range counts {
			if width < 2 || rows < 2 || 2*n < rows {
				continue
			}
			if s := n*1000/rows + min(width, 100); s > score {
				best, score = comma, s
			}
		}
	}
	return best
}

func reader(r io.Reader, comma rune) *csv.Reader {
	c := csv.NewReader(r)
	c.Comma, c.FieldsPerRecord, c.LazyQuotes, c.ReuseRecord = comma, -1, true, true
	return c
}

// rows are a file's rows, from its beginning.
type rows struct {
	c       *csv.Reader
	skipped int
}

func (f *file) rows() *rows {
	return &rows{c: reader(bytes.NewReader(f.text), f.comma), skipped: f.skipped}
}

// Next implements table.Rows.
func (r *rows) Next() ([]string, int, error) {
	row, err := r.c.Read()
	var bad *csv.ParseError
	switch {
	case errors.As(err, &bad):
		return nil, 0, &table.RowError{Line: bad.StartLine + r.skipped, Problem: bad.Err.Error()}
	case err != nil:
		return nil, 0, err
	}
	line, _ := r.c.FieldPos(0)
	return row, line + r.skipped, nil
}
