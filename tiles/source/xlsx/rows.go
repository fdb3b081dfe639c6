package xlsx

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"

	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/xmlread"
)

// rows are a sheet's rows, from its beginning.
type rows struct {
	b     *book
	r     *xmlread.Reader
	in    bool // in sheetData
	line  int
	cells int
}

func (b *book) rows(s sheet) (*rows, error) {
	r, err := b.part(s.part)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, records.Errorf(0, "the workbook lacks its sheet %.80q", s.name)
	}
	if err := r.Root("worksheet", "XLSX"); err != nil {
		return nil, err
	}
	return &rows{b: b, r: r}, nil
}

// errRow ends a walk through elements for a time: a row was read.
var errRow = errors.New("row")

// Next implements table.Rows. A line is a row's number in the sheet.
func (r *rows) Next() (row []string, line int, err error) {
	if !r.in {
		err = r.r.Children(func(e xml.StartElement) error {
			if e.Name.Local == "sheetData" {
				return errRow
			}
			return r.r.Skip()
		})
		if err == nil {
			return nil, 0, io.EOF
		}
		if err != errRow {
			return nil, 0, err
		}
		r.in = true
	}
	err = r.r.Children(func(e xml.StartElement) error {
		if e.Name.Local != "row" {
			return r.r.Skip()
		}
		r.line++
		if n, err := strconv.Atoi(xmlread.Attribute(e, "r")); err == nil && n > 0 {
			r.line = n
		}
		if row, err = r.row(); err != nil {
			return err
		}
		return errRow
	})
	switch err {
	case nil:
		return nil, 0, io.EOF
	case errRow:
		return row, r.line, nil
	}
	return nil, 0, err
}

// row reads a row to its end.
func (r *rows) row() (row []string, err error) {
	err = r.r.Children(func(e xml.StartElement) error {
		if e.Name.Local != "c" {
			return r.r.Skip()
		}
		if r.cells++; r.cells > MaxCells {
			return records.Errorf(0, "more than %d cells in the sheet; divide it", MaxCells)
		}
		i := column(xmlread.Attribute(e, "r"))
		if i < 0 {
			i = len(row)
		}
		value, err := r.value(xmlread.Attribute(e, "t"))
		if err != nil || i >= MaxColumns || value == "" {
			return err
		}
		for len(row) <= i {
			row = append(row, "")
		}
		row[i] = value
		return nil
	})
	return row, err
}

// value reads a cell to its end; kind is its type.
func (r *rows) value(kind string) (value string, err error) {
	err = r.r.Children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "v":
			return r.r.Text(&value)
		case "is":
			value, err = runs(r.r)
			return err
		}
		return r.r.Skip()
	})
	switch kind {
	case "s":
		i, err := strconv.Atoi(value)
		if err != nil || i < 0 || i >= len(r.b.texts) {
			return "", nil
		}
		return r.b.texts[i], nil
	case "b":
		return map[string]string{"1": "yes", "0": "no"}[value], nil
	case "e": // #N/A
		return "", nil
	case "", "n":
		return number(value), nil
	}
	return value, err
}

// number writes a number as people do: programs store 46.1 as
// 46.100000000000001, and 1000000 as 1E6.
func number(s string) string {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	short := strconv.FormatFloat(f, 'g', 15, 64)
	f, _ = strconv.ParseFloat(short, 64) // it was just written
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// column returns the index of a cell's column, by its name such as "AB12", or -1.
func column(name string) int {
	n := 0
	for i, b := range []byte(name) {
		if b < 'A' || b > 'Z' {
			if i == 0 {
				return -1
			}
			break
		}
		if n = n*26 + int(b-'A'+1); n > 16384 {
			return 16384
		}
	}
	return n - 1
}
