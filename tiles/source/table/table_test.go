package table

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/source/records"
)

// lines are rows in memory.
type lines struct {
	rows [][]string
	at   int
}

func (l *lines) Next() ([]string, int, error) {
	if l.at == len(l.rows) {
		return nil, 0, io.EOF
	}
	l.at++
	return l.rows[l.at-1], l.at, nil
}

// rows divides a text into rows and, at bars, cells.
func rows(text string) (all [][]string) {
	for line := range strings.Lines(text) {
		all = append(all, strings.Split(strings.TrimRight(line, "\n"), "|"))
	}
	return all
}

func describe(m Mapping) string {
	var parts []string
	for _, c := range m.Columns {
		part := string(c.Field)
		if c.Language+c.Key != "" {
			part += ":" + c.Language + c.Key
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " ")
}

func TestGuess(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"Name|Latitude|Longitude|Staff\nA|46.5|16.1|x", "name latitude longitude "},
		{"Naziv|Naslov|Zemljepisna širina|Zemljepisna dolžina|Spletna stran\nA|b|46,5|16,1|x", "name street latitude longitude website"},
		{"Ime|Geografska širina|Geografska dužina|Poštanski broj|Mjesto\nA|46,5|16,1|40000|b", "name latitude longitude postcode place"},
		{"Bezeichnung|Breitengrad|Längengrad|Straße|Öffnungszeiten\nA|46,5|16,1|b|", "name latitude longitude street opening_hours"},
		{"Név|Szélesség|Hosszúság|Cím|Nyitvatartás\nA|46,5|16,1|b|", "name latitude longitude street opening_hours"},
		{"Nom|Coordonnées GPS|Téléphone|Horaires d'ouverture\nA|46.5, 16.1|1|", "name position phone opening_hours"},
		{"Nome|Latitudine|Longitudine|Indirizzo|CAP|Comune\nA|46,5|16,1|b|1|c", "name latitude longitude street postcode place"},
		{"id|name_de|name_sl|description (en)|WKT|wheelchair|ele\n1|A|B|c|POINT (16.1 46.5)|yes|200", "id name:de name:sl description:en wkt detail:wheelchair detail:ele"},
		{"Name|Länge|Breite\nA|12,5 km|3 m", "name  "},                         // a length and a width
		{"Name|dolžina|GPS\nA|12,5|46.5,16.1", "name  position"},               // a length, and a position
		{"Name|wo\nA|46° 33' 12\" N, 16° 5' E\nB|46.5, 16.2", "name position"}, // by its content
		{"A|46.5|16.1\nB|46.6|16.2", "  "},                                     // no header and no way to tell which is which
		{"A|46.5, 16.1\nB|46.6, 16.2", "name position"},                        // no header
		{"Name|Name|lat|lon\nA|B|1|2", "name  latitude longitude"},             // the first counts
	} {
		all := rows(test.text)
		if got := describe(Guess(all[0], all[1:])); got != test.want {
			t.Errorf("%s\ngot  %q\nwant %q", test.text, got, test.want)
		}
	}
}

func TestAngles(t *testing.T) {
	for _, test := range []struct {
		text     string
		lat, lon float64
	}{
		{"46.55, 16.1", 46.55, 16.1}, {"46,55; 16,1", 46.55, 16.1}, {"46,55, 16,1", 46.55, 16.1}, {"46,55 16,1", 46.55, 16.1},
		{"46.55,16.1", 46.55, 16.1}, {"46,55,16,1", 46.55, 16.1}, {"-46.55 -16.1", -46.55, -16.1}, {"(46.55, 16.1)", 46.55, 16.1},
		{"46.55 N, 16.1 E", 46.55, 16.1}, {"N46.55 W16.1", 46.55, -16.1}, {"46.55S 16.1W", -46.55, -16.1}, {"E 16.1, N 46.55", 46.55, 16.1},
		{"46° 33' 0\" N, 16° 6' 0\" E", 46.55, 16.1}, {"46°33′N 16°6′E", 46.55, 16.1}, {"46° 33.0' N; 16° 6,0' E", 46.55, 16.1}, {"N 46° 33.000 E 16° 06.000", 46.55, 16.1},
		{"46,55 S; 16,1 V", 46.55, 16.1}, {"46,55 J; 16,1 Z", -46.55, -16.1}, // Slovenian
	} {
		a, b, err := parsePair(test.text)
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		lat, lon, err := place(a, b)
		if err != nil || math.Abs(lat-test.lat) > 1e-9 || math.Abs(lon-test.lon) > 1e-9 {
			t.Errorf("%s: %v %v, %v", test.text, lat, lon, err)
		}
	}
	for _, text := range []string{"", "46,55", "46.55", "here", "46.55, 16.1, 200, 3", "46° 75' N, 16° E", "1 2 3", "12/2024"} {
		a, b, err := parsePair(text)
		if err == nil && text != "12/2024" {
			t.Errorf("%q was read as %v %v", text, a, b)
		}
	}
}

func TestRead(t *testing.T) {
	const header = "ID|Naziv|Širina|Dolžina|Vrsta|E-pošta|Spletna stran|Delovni čas|Opombe|Država\n"
	all := rows(header +
		"1|Pri mlinu|46,55|16,10|Restavracija|a@example.org|example.org|Mo-Fr 08:00-16:00|dobra\thrana|SI\n" +
		"2|Čarda|46,56 N|16,11 E|Hram|x|x y|po dogovoru||\n" +
		"|||||||||\n" +
		"3|Swapped|16,12|46,57||||||\n" +
		"4|Grid|163669|594442||||||\n" +
		"5|Far|146,5|16,1||||||\n" +
		"6|Nowhere||||||||\n" +
		"7|Half|46,5|||||||\n" +
		"8|Word|north|16,1||||||\n" +
		"9|Null|0|0||||||\n" +
		"1|Twice|46,58|16,13||||||\n" +
		"10|East|46,5|16,1 O||||||\n")
	m := Guess(all[0], all[1:])
	if got, want := describe(m), "id name latitude longitude category email website opening_hours description country"; got != want {
		t.Fatalf("mapping %q, want %q", got, want)
	}
	file, err := Read(&lines{rows: all}, m, records.Options{Source: "mura", Provider: "Mura", Licence: "CC0-1.0", Language: "sl"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range file.Items {
		raw, err := item.Feature.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d %s %q", item.Line, raw, item.Warnings))
	}
	for _, r := range file.Rejected {
		got = append(got, r.String())
	}
	const provenance = `"provenance":{"licence":"CC0-1.0","provider":"Mura","source_id":`
	want := []string{
		`2 {"address":{"country":"SI"},"category":"food.restaurant","collection":"mura","contact":{"email":"a@example.org","website":"https://example.org"},"descriptions":{"sl":"dobra\thrana"},"geometry":{"coordinates":[16.1,46.55],"type":"Point"},"id":"mura/1","kind":"poi","names":{"sl":"Pri mlinu"},"opening_hours":"Mo-Fr 08:00-16:00",` + provenance + `"1"}} []`,
		`3 {"category":"other.place","collection":"mura","details":{"opening_hours:text":"po dogovoru"},"geometry":{"coordinates":[16.11,46.56],"type":"Point"},"id":"mura/2","kind":"poi","names":{"sl":"Čarda"},` + provenance + `"2"}} ["the category \"Hram\" is not known" "\"x\" is no e-mail address" "\"x y\" is no link" "the opening hours \"po dogovoru\" are not in the form of OpenStreetMap (Mo-Fr 08:00-18:00); they are kept as a text"]`,
		`line 5, "Swapped": latitude and longitude look swapped: 16.12, 46.57 lies far from the other places`,
		`line 6, "Grid": longitude 594442 is outside -180..180: this looks like metres of a national grid; give degrees (WGS 84)`,
		`line 7, "Far": latitude 146.5 is outside -90..90: latitude and longitude look swapped`,
		`line 8, "Nowhere": there is no position`,
		`line 9, "Half": the longitude is missing`,
		`line 10, "Word": latitude: "NORTH" is not a number of degrees`,
		`line 11, "Null": 0, 0 is no place: the position is missing`,
		`line 12, "Twice": id: "mura/1" comes twice`,
		`line 13, "East": the letter O is east in some languages and west in others; write E or W`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestReadInRegion(t *testing.T) {
	all := rows("name|lat|lon\nA|16.1|46.5\nB|16.2|46.6")
	file, err := Read(&lines{rows: all}, Guess(all[0], all[1:]), records.Options{
		Source: "x", Provider: "x", Licence: "x", SouthWest: cell.Point{LonE7: 150000000, LatE7: 460000000}, NorthEast: cell.Point{LonE7: 170000000, LatE7: 470000000},
	})
	if err != nil || len(file.Rejected) != 2 || !strings.Contains(file.Rejected[0].Reason, "look swapped") {
		t.Errorf("%+v, %v", file, err)
	}
}

func TestReadWithoutPositions(t *testing.T) {
	all := rows("OB_UIME|CEN_E|CEN_N\nBled|431829|136948")
	_, err := Read(&lines{rows: all}, Guess(all[0], all[1:]), records.Options{Source: "x"})
	if err == nil || !strings.Contains(err.Error(), `"CEN_E"`) {
		t.Errorf("error %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("Naziv|Širina|Dolžina\nA|46,55|16,1\nB|N 46° 33' 0\"|16 E")
	f.Add("name|gps\nA|46.5, 16.1\n|POINT (1 2)")
	f.Fuzz(func(t *testing.T, text string) {
		all := rows(text)
		if len(all) == 0 {
			return
		}
		file, err := Read(&lines{rows: all}, Guess(all[0], all[1:]), records.Options{Source: "x", Provider: "x", Licence: "x"})
		if err != nil {
			return
		}
		for _, item := range file.Items {
			if err := item.Feature.Validate(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
