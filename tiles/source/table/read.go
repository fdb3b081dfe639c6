package table

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/openings"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// Rows are the rows of a table.
type Rows interface {
	// Next returns the next row and its line (a sheet's row number), and io.EOF
	// after the last. A *RowError concerns one row: the next call goes on.
	Next() (row []string, line int, err error)
}

// RowError says why one row cannot be read.
type RowError struct {
	Line    int
	Problem string
}

// Error returns the problem.
func (e *RowError) Error() string { return e.Problem }

// Preview is what a person is shown before a table is read.
type Preview struct {
	Mapping Mapping    `json:"mapping"`
	Sample  [][]string `json:"sample"` // the first rows, with the header
	About   string     `json:"about"`  // how the file is read: "UTF-8, semicolons", "sheet Places"
}

// SampleRows is how many rows Guess sees.
const SampleRows = 50

// Look reads the first rows and guesses what the columns hold.
func Look(rows Rows) (Preview, error) {
	var p Preview
	for len(p.Sample) <= SampleRows {
		row, _, err := rows.Next()
		var bad *RowError
		switch {
		case errors.As(err, &bad):
			continue
		case err == io.EOF:
			if len(p.Sample) == 0 {
				return p, fmt.Errorf("%w: the table is empty", records.ErrEmpty)
			}
			p.Mapping = Guess(p.Sample[0], p.Sample[1:])
			return p, nil
		case err != nil:
			return p, err
		}
		if !blank(row) {
			p.Sample = append(p.Sample, slices.Clone(row))
		}
	}
	p.Mapping = Guess(p.Sample[0], p.Sample[1:])
	return p, nil
}

// placed is a row with its position.
type placed struct {
	item    records.Item
	where   string
	id      string
	at      cell.Point
	decimal [2]float64
}

// Read reads the rows of a table by a mapping.
func Read(rows Rows, m Mapping, opts records.Options) (*records.File, error) {
	all := records.NewCollector(opts)
	if !m.Located() {
		return nil, noPosition(m)
	}
	var found []placed
	header := !m.Bare
	for n := 0; ; n++ {
		row, line, err := rows.Next()
		var bad *RowError
		switch {
		case err == io.EOF:
			return finish(all, found, m, opts)
		case errors.As(err, &bad):
			all.Reject(bad.Line, "", bad.Problem)
			continue
		case err != nil:
			return nil, err
		case blank(row):
			continue
		case header:
			header = false
			continue
		case len(found) == records.MaxItems:
			return nil, records.Errorf(line, "more than %d rows; divide the file", records.MaxItems)
		}
		r := reader{m: m, row: row, language: all.Language()}
		one, err := r.place()
		one.item.Line = line
		if err != nil {
			all.Reject(line, one.where, err.Error())
			continue
		}
		found = append(found, one)
	}
}

func blank(row []string) bool {
	return !slices.ContainsFunc(row, func(s string) bool { return strings.TrimSpace(s) != "" })
}

// noPosition says which columns there are, and what may be wrong.
func noPosition(m Mapping) error {
	var headers []string
	for _, c := range m.Columns {
		headers = append(headers, fmt.Sprintf("%.40q", c.Header))
	}
	text := strings.Join(headers[:min(len(headers), 20)], ", ")
	return records.Errorf(0, "no columns with a latitude and a longitude in degrees (WGS 84) were found; coordinates in metres of a national grid must be converted. The columns are %s", text)
}

// finish adds what was found, except positions that look swapped: those that lie
// far from most of the others, or outside the region, and would not if latitude
// and longitude changed places.
func finish(all *records.Collector, found []placed, m Mapping, opts records.Options) (*records.File, error) {
	lats, lons := make([]float64, len(found)), make([]float64, len(found))
	for i, one := range found {
		lats[i], lons[i] = one.decimal[0], one.decimal[1]
	}
	slices.Sort(lats)
	slices.Sort(lons)
	for _, one := range found {
		lat, lon := one.decimal[0], one.decimal[1]
		swapped := opts.Outside(lat, lon) && !opts.Outside(lon, lat)
		if n := len(found); n >= 3 && !opts.Bounded() {
			near := func(lat, lon float64) bool { return math.Abs(lat-lats[n/2]) < 3 && math.Abs(lon-lons[n/2]) < 3 }
			swapped = !near(lat, lon) && near(lon, lat)
		}
		if swapped {
			all.Reject(one.item.Line, one.where, fmt.Sprintf("latitude and longitude look swapped: %v, %v lies far from the other places", lat, lon))
			continue
		}
		if err := all.Add(one.item, one.where, one.id); err != nil {
			return nil, err
		}
	}
	if unread := m.Unread(); len(unread) > 0 {
		all.Note("columns that are not read: %s", feature.Clean(strings.Join(unread, ", "), feature.MaxValueChars))
	}
	file, err := all.Found("row with a place")
	if err == nil {
		slices.SortStableFunc(file.Rejected, func(a, b records.Rejected) int { return cmp.Compare(a.Line, b.Line) })
	}
	return file, err
}

// reader reads one row.
type reader struct {
	m        Mapping
	row      []string
	language string
}

func (r *reader) get(f Field) string { return r.cell(r.m.first(f)) }

func (r *reader) cell(i int) string {
	if i < 0 || i >= len(r.row) {
		return ""
	}
	return strings.TrimSpace(r.row[i])
}

func (r *reader) place() (one placed, err error) {
	f := &one.item.Feature
	for i, c := range r.m.Columns {
		language := cmp.Or(c.Language, r.language)
		switch s := r.cell(i); {
		case s == "":
		case c.Field == Name && f.Names[language] == "":
			f.Names = with(f.Names, language, feature.Clean(strings.Join(strings.Fields(s), " "), feature.MaxNameChars))
		case c.Field == Description && f.Descriptions[language] == "":
			f.Descriptions = with(f.Descriptions, language, records.PlainText(s))
		case c.Field == Detail:
			records.Detail(f, cmp.Or(c.Key, c.Header), s)
		}
	}
	if name := f.Name(r.language); name != "" {
		one.where = fmt.Sprintf("%.60q", name)
	}
	if err := r.position(&one); err != nil {
		return one, err
	}
	one.id = feature.Clean(r.get(ID), feature.MaxIDBytes)
	f.Geometry = feature.At(one.at)
	if word := r.get(Category); word != "" {
		if f.Category = taxonomy.OfWord(word); f.Category == "" {
			one.item.Warnings = append(one.item.Warnings, fmt.Sprintf("the category %.60q is not known", word))
		}
	}
	country := strings.ToUpper(r.get(Country))
	if len(country) != 2 {
		country = ""
	}
	records.SetAddress(f, feature.Address{Street: r.get(Street), Number: r.get(Number), Postcode: r.get(Postcode), Place: r.get(Place), Country: country})
	contact := feature.Contact{Phone: r.get(Phone), Email: r.get(Email), Website: feature.Link(r.get(Website))}
	if contact.Email != "" && !strings.Contains(contact.Email, "@") {
		one.item.Warnings = append(one.item.Warnings, fmt.Sprintf("%.60q is no e-mail address", contact.Email))
		contact.Email = ""
	}
	if s := r.get(Website); s != "" && contact.Website == "" {
		one.item.Warnings = append(one.item.Warnings, fmt.Sprintf("%.60q is no link", s))
	}
	records.SetContact(f, contact)
	if s := feature.Clean(strings.Join(strings.Fields(r.get(Hours)), " "), feature.MaxValueChars); openings.Written(s) {
		f.OpeningHours = s
	} else if s != "" {
		records.Detail(f, "opening_hours:text", s)
		one.item.Warnings = append(one.item.Warnings, fmt.Sprintf("the opening hours %.60q are not in the form of OpenStreetMap (Mo-Fr 08:00-18:00); they are kept as a text", s))
	}
	return one, nil
}

func with(texts map[string]string, language, s string) map[string]string {
	if s == "" {
		return texts
	}
	if texts == nil {
		texts = map[string]string{}
	}
	texts[language] = s
	return texts
}

// position reads where a place lies.
func (r *reader) position(one *placed) error {
	var lat, lon angle
	var err error
	wkt, pair := r.get(WKT), r.get(Position)
	north, east := r.get(Latitude), r.get(Longitude)
	switch {
	case north != "" || east != "":
		if north == "" {
			return errors.New("the latitude is missing")
		}
		if east == "" {
			return errors.New("the longitude is missing")
		}
		if lat, err = parseAngle(north); err != nil {
			return fmt.Errorf("latitude: %w", err)
		}
		if lon, err = parseAngle(east); err != nil {
			return fmt.Errorf("longitude: %w", err)
		}
		if lonLetter(lat.letter) {
			return errors.New("latitude and longitude look swapped: the letters say so")
		}
	case pair != "":
		lat, lon, err = parsePair(pair)
	case wkt != "":
		lat, lon, err = parseWKT(wkt)
	default:
		return errors.New("there is no position")
	}
	if err != nil {
		return err
	}
	latitude, longitude, err := place(lat, lon)
	if err != nil {
		return err
	}
	return one.set(latitude, longitude)
}

func (one *placed) set(latitude, longitude float64) error {
	at, problem := feature.PointAt(longitude, latitude)
	switch {
	case problem != "" && math.Abs(latitude) <= 180 && math.Abs(longitude) <= 90:
		return fmt.Errorf("%s: latitude and longitude look swapped", problem)
	case problem != "" && (math.Abs(latitude) > 1000 || math.Abs(longitude) > 1000):
		return fmt.Errorf("%s: this looks like metres of a national grid; give degrees (WGS 84)", problem)
	case problem != "":
		return errors.New(problem)
	case at == cell.Point{}:
		return errors.New("0, 0 is no place: the position is missing")
	}
	one.at, one.decimal = at, [2]float64{latitude, longitude}
	return nil
}
