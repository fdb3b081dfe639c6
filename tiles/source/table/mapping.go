// Package table reads rows of a table, from a CSV file or a sheet, as places.
//
// A Mapping says what each column holds. Guess makes one of the header, in
// English, German, Slovenian, Croatian, Hungarian, French and Italian, and of the
// first rows; a person may look at it and change it before the rows are read.
//
// Coordinates are degrees (WGS 84): in two columns or in one, with a decimal
// point or comma, as degrees, minutes and seconds, with N, E, S, W before or after
// them, or as a WKT POINT. A row without a position, with one that is none, or
// with one that looks swapped is rejected, with the reason. Empty rows are
// skipped.
//
// Calls may run concurrently.
package table

import (
	"slices"
	"strings"
	"unicode"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// Field is what a column holds.
type Field string

// The fields. Name and Description may stand once for each language.
const (
	Ignored     Field = ""
	ID          Field = "id"
	Name        Field = "name"
	Description Field = "description"
	Category    Field = "category"
	Latitude    Field = "latitude"
	Longitude   Field = "longitude"
	Position    Field = "position" // latitude, then longitude, in one cell
	WKT         Field = "wkt"      // POINT (longitude latitude)
	Street      Field = "street"
	Number      Field = "number"
	Postcode    Field = "postcode"
	Place       Field = "place"
	Country     Field = "country"
	Phone       Field = "phone"
	Email       Field = "email"
	Website     Field = "website"
	Hours       Field = "opening_hours"
	Detail      Field = "detail"
)

// Fields returns all fields, for a menu.
func Fields() []Field {
	return []Field{Ignored, ID, Name, Description, Category, Latitude, Longitude, Position, WKT, Street, Number, Postcode, Place, Country, Phone, Email, Website, Hours, Detail}
}

// Column says what one column holds.
type Column struct {
	Header   string `json:"header"`             // as it stands in the file
	Field    Field  `json:"field,omitempty"`    //
	Language string `json:"language,omitempty"` // of a name or description
	Key      string `json:"key,omitempty"`      // of a detail
}

// Mapping says what the columns of a table hold, from left to right.
type Mapping struct {
	Columns []Column `json:"columns"`
	Bare    bool     `json:"bare,omitempty"` // there is no header: the first row is a place
}

// first returns the first column of a field, or -1.
func (m Mapping) first(f Field) int {
	return slices.IndexFunc(m.Columns, func(c Column) bool { return c.Field == f })
}

// Located reports whether the columns give positions.
func (m Mapping) Located() bool {
	return m.first(Position) >= 0 || m.first(WKT) >= 0 || m.first(Latitude) >= 0 && m.first(Longitude) >= 0
}

// Unread returns the headers of columns that are ignored.
func (m Mapping) Unread() (headers []string) {
	for _, c := range m.Columns {
		if c.Field == Ignored && c.Header != "" {
			headers = append(headers, c.Header)
		}
	}
	return headers
}

// Guess makes a mapping of a table's first row and some of the rows below it.
func Guess(header []string, sample [][]string) Mapping {
	var m Mapping
	if slices.ContainsFunc(header, isPosition) { // a place already
		m.Bare = true
		sample = slices.Concat([][]string{header}, sample)
		header = make([]string, len(header))
	}
	width := len(header)
	for _, row := range sample {
		width = max(width, len(row))
	}
	m.Columns = make([]Column, min(width, maxColumns))
	for i := range m.Columns {
		if i < len(header) {
			m.Columns[i] = read(feature.Clean(header[i], feature.MaxNameChars))
		}
	}
	for i, c := range m.Columns {
		known := slices.IndexFunc(m.Columns[:i], func(o Column) bool {
			return o.Field == c.Field && o.Language == c.Language && o.Key == c.Key
		})
		if known >= 0 || !fits(c.Field, cells(sample, i)) {
			m.Columns[i] = Column{Header: c.Header}
		}
	}
	if (m.first(Latitude) < 0) != (m.first(Longitude) < 0) { // a length, a width
		for i, c := range m.Columns {
			if c.Field == Latitude || c.Field == Longitude {
				m.Columns[i] = Column{Header: c.Header}
			}
		}
	}
	for i := 0; i < len(m.Columns) && !m.Located(); i++ {
		switch values := cells(sample, i); {
		case m.Columns[i].Field != Ignored || len(values) == 0:
		case fits(WKT, values):
			m.Columns[i].Field = WKT
		case slices.ContainsFunc(values, isPosition) && fits(Position, values):
			m.Columns[i].Field = Position
		}
	}
	if m.Bare && m.first(Name) < 0 && m.Located() {
		for i := range m.Columns {
			if m.Columns[i].Field == Ignored && slices.ContainsFunc(cells(sample, i), isWords) {
				m.Columns[i].Field = Name
				break
			}
		}
	}
	return m
}

const maxColumns = 1000

// cells returns what stands in a column of the sample.
func cells(sample [][]string, i int) (values []string) {
	for _, row := range sample {
		if i < len(row) && strings.TrimSpace(row[i]) != "" {
			values = append(values, row[i])
		}
	}
	return values
}

// fits reports whether the values of a column may be of a field. Words for a
// latitude or a longitude mean widths and lengths as well.
func fits(f Field, values []string) bool {
	if len(values) == 0 {
		return true
	}
	good := 0
	for _, v := range values {
		var err error
		switch f {
		case Latitude, Longitude:
			_, err = parseAngle(v)
		case Position:
			_, _, err = parsePair(v)
		case WKT:
			_, _, err = parseWKT(v)
		}
		if err == nil {
			good++
		}
	}
	return 2*good >= len(values)
}

func isPosition(s string) bool {
	if _, _, err := parseWKT(s); err == nil {
		return true
	}
	lat, lon, err := parsePair(s)
	return err == nil && lat.exact && lon.exact
}

func isWords(s string) bool { return strings.ContainsFunc(s, unicode.IsLetter) }

// read tells a column by its header.
func read(header string) Column {
	c := Column{Header: header}
	word, language := header, ""
	for _, sep := range []string{":", "_", "-", " ", "(", "["} { // name_de, Name (de)
		if i := strings.LastIndex(header, sep); i > 0 {
			l := strings.ToLower(strings.Trim(header[i+1:], " )]"))
			if len(l) == 2 && feature.ValidLanguage(l) && (words[fold(header[:i])] == Name || words[fold(header[:i])] == Description) {
				word, language = header[:i], l
				break
			}
		}
	}
	switch f := words[fold(word)]; {
	case f != Ignored:
		c.Field, c.Language = f, language
	case slices.Contains(taxonomy.Details(), strings.ToLower(header)):
		c.Field, c.Key = Detail, strings.ToLower(header)
	case heights[fold(word)]:
		c.Field, c.Key = Detail, "ele"
	}
	return c
}

// fold makes a header comparable: its letters and digits of ASCII, small and
// without marks.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return -1
	}, records.Fold(s))
}
