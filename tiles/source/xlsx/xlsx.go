// Package xlsx reads lists of places from workbooks of Excel and LibreOffice
// (Office Open XML, ECMA-376): the first sheet that is not hidden and has
// coordinates, or else the first that is not empty.
//
// Cells are read as they are stored, numbers without their format and formulas by
// their last result. Formats, charts, macros and links are not looked at. The
// reader is our own: the common library for these files, excelize, took 3 GB for
// a workbook of 98 kB whose table of texts has many empty ones.
//
// Calls may run concurrently. Memory is bounded by records.MaxFileBytes,
// zipped.MaxEntry, MaxTexts and MaxCells.
package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/table"
	"github.com/pannier-maps/pannier/tiles/source/xmlread"
	"github.com/pannier-maps/pannier/tiles/source/zipped"
)

// Limits of a workbook.
const (
	MaxSheets  = 100
	MaxTexts   = 1_000_000 // that cells share
	MaxCells   = 5_000_000 // of a sheet
	MaxColumns = 1_000     // further ones are not read
)

// Look reads the first rows and guesses what the columns hold.
func Look(r io.Reader) (table.Preview, error) {
	b, err := open(r)
	if err != nil {
		return table.Preview{}, err
	}
	_, p, err := b.choose()
	return p, err
}

// Read reads a workbook. A nil mapping is guessed.
func Read(r io.Reader, m *table.Mapping, opts records.Options) (*records.File, error) {
	b, err := open(r)
	if err != nil {
		return nil, err
	}
	s, p, err := b.choose()
	if err != nil {
		return nil, err
	}
	if m == nil {
		m = &p.Mapping
	}
	rows, err := b.rows(s)
	if err != nil {
		return nil, err
	}
	file, err := table.Read(rows, *m, opts)
	if err == nil && len(b.sheets) > 1 {
		file.Notes = append(file.Notes, fmt.Sprintf("of %d sheets, only %.80q was read", len(b.sheets), s.name))
	}
	return file, err
}

// book is an open workbook.
type book struct {
	archive *zipped.Archive
	parts   map[string]*zip.File
	sheets  []sheet
	texts   []string
}

// sheet is a sheet's name and its part of the archive.
type sheet struct {
	name, part string
	hidden     bool
}

func open(r io.Reader) (*book, error) {
	raw, err := records.ReadAll(r, records.MaxFileBytes)
	if err != nil {
		return nil, err
	}
	archive, err := zipped.Open(raw)
	if err != nil {
		return nil, err
	}
	b := &book{archive: archive, parts: map[string]*zip.File{}}
	for _, f := range archive.Files() {
		b.parts[strings.ToLower(strings.TrimPrefix(f.Name, "/"))] = f
	}
	if err := b.contents(); err != nil {
		return nil, err
	}
	return b, b.readTexts()
}

// part opens a part of the workbook; a missing one is nil.
func (b *book) part(name string) (*xmlread.Reader, error) {
	f := b.parts[strings.ToLower(name)]
	if f == nil {
		return nil, nil
	}
	text, err := b.archive.Read(f, zipped.MaxEntry)
	if err != nil {
		return nil, err
	}
	return xmlread.New(bytes.NewReader(text)), nil
}

// contents lists the sheets.
func (b *book) contents() error {
	const folder = "xl"
	targets := map[string]string{}
	links, err := b.part(folder + "/_rels/workbook.xml.rels")
	if err == nil && links != nil {
		if err = links.Root("Relationships", "XLSX"); err == nil {
			err = links.Children(func(e xml.StartElement) error {
				target := xmlread.Attribute(e, "Target")
				if strings.HasPrefix(target, "/") {
					target = target[1:]
				} else {
					target = path.Join(folder, target)
				}
				targets[xmlread.Attribute(e, "Id")] = target
				return links.Skip()
			})
		}
	}
	if err != nil {
		return err
	}
	r, err := b.part(folder + "/workbook.xml")
	if err != nil {
		return err
	}
	if r == nil {
		return records.Errorf(0, "not an XLSX workbook: the archive has no xl/workbook.xml (old .xls and .xlsb files must be saved as .xlsx)")
	}
	if err := r.Root("workbook", "XLSX"); err != nil {
		return err
	}
	return r.Children(func(e xml.StartElement) error {
		if e.Name.Local != "sheets" {
			return r.Skip()
		}
		return r.Children(func(e xml.StartElement) error {
			state := xmlread.Attribute(e, "state")
			one := sheet{xmlread.Attribute(e, "name"), "", state == "hidden" || state == "veryHidden"}
			for _, a := range e.Attr {
				if a.Name.Local == "id" && a.Name.Space != "" {
					one.part = targets[a.Value]
				}
			}
			if len(b.sheets) < MaxSheets && b.parts[strings.ToLower(one.part)] != nil {
				b.sheets = append(b.sheets, one)
			}
			return r.Skip()
		})
	})
}

// readTexts reads the table of texts that cells share.
func (b *book) readTexts() error {
	r, err := b.part("xl/sharedStrings.xml")
	if r == nil || err != nil {
		return err
	}
	if err := r.Root("sst", "XLSX"); err != nil {
		return err
	}
	return r.Children(func(e xml.StartElement) error {
		if len(b.texts) == MaxTexts {
			return records.Errorf(0, "more than %d texts in the workbook; divide it", MaxTexts)
		}
		text, err := runs(r)
		b.texts = append(b.texts, text)
		return err
	})
}

// runs reads a text of one or more runs, without phonetic hints.
func runs(r *xmlread.Reader) (string, error) {
	var all strings.Builder
	err := r.Children(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "t":
			var s string
			err := r.Text(&s)
			all.WriteString(s)
			return err
		case "r":
			s, err := runs(r)
			all.WriteString(s)
			return err
		}
		return r.Skip()
	})
	return all.String(), err
}

// choose returns the sheet to read.
func (b *book) choose() (best sheet, p table.Preview, err error) {
	found := false
	for _, s := range b.sheets {
		if s.hidden {
			continue
		}
		rows, err := b.rows(s)
		if err != nil {
			return best, p, err
		}
		look, err := table.Look(rows)
		if err != nil && !errors.Is(err, records.ErrEmpty) {
			return best, p, err
		}
		if err != nil || found && !look.Mapping.Located() {
			continue // empty, or no better
		}
		best, p, found = s, look, true
		p.About = fmt.Sprintf("sheet %.80q", s.name)
		if look.Mapping.Located() {
			break
		}
	}
	if !found {
		return best, p, fmt.Errorf("%w: the workbook has no sheet with rows", records.ErrEmpty)
	}
	return best, p, nil
}
