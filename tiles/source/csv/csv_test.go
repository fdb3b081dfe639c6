package csv

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/recordstest"
	"github.com/pannier-maps/pannier/tiles/source/table"
)

var opts = records.Options{Source: "mura", Provider: "Mura", Licence: "CC0-1.0"}

func describe(file *records.File) string {
	var lines []string
	for _, item := range file.Items {
		f := item.Feature
		lines = append(lines, fmt.Sprintf("%d %s %s", item.Line, f.Name(), f.Geometry.AppendJSON(nil)))
	}
	for _, r := range file.Rejected {
		lines = append(lines, r.String())
	}
	return strings.Join(lines, "\n")
}

const slovene = "Naziv;Zemljepisna širina;Zemljepisna dolžina;Opis\r\nČebelarstvo Žnidar;46,55;16,10;\"Med;\r\nčebele\"\r\nVrt đ;46,56;16,11;\"\"\"Vrt\"\"\"\r\n"

const want = "2 Čebelarstvo Žnidar {\"coordinates\":[16.1,46.55],\"type\":\"Point\"}\n4 Vrt đ {\"coordinates\":[16.11,46.56],\"type\":\"Point\"}"

func encoded(t testing.TB, e interface {
	String(string) (string, error)
}, s string) string {
	t.Helper()
	out, err := e.String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestReadEncodings(t *testing.T) {
	for name, text := range map[string]string{
		"UTF-8, semicolons":        slovene,
		"UTF-8, semicolons (mark)": "\ufeff" + slovene,
		"Windows-1250, semicolons": encoded(t, charmap.Windows1250.NewEncoder(), slovene),
		"UTF-16, semicolons":       encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder(), slovene),
		"UTF-16, semicolons (big)": encoded(t, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder(), slovene),
		"UTF-8, tabs":              strings.NewReplacer(";", "\t", "Med;", "Med,").Replace(slovene),
		"UTF-8, bars":              strings.NewReplacer(";", "|", "Med;", "Med").Replace(slovene),
		"UTF-8, commas":            strings.NewReplacer("46,5", "46.5", "16,1", "16.1", "Med;", "Med|", ";", ",").Replace(slovene),
	} {
		file, err := Read(strings.NewReader(text), nil, opts)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := describe(file); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
		if d := file.Items[0].Feature.Descriptions["und"]; !strings.Contains(d, "\nčebele") {
			t.Errorf("%s: description %q", name, d)
		}
		p, err := Look(strings.NewReader(text), opts)
		if about, _, _ := strings.Cut(name, " ("); err != nil || p.About != about || len(p.Sample) != 3 {
			t.Errorf("%s: read as %q, %d rows, %v", name, p.About, len(p.Sample), err)
		}
	}
}

func TestWestern(t *testing.T) {
	for _, test := range []struct{ text, language, want string }{
		{"Bezeichnung;Breite;Länge\nGasthof Müller;46,5;16,1\n", "", "Windows-1252"},
		{"Nom;Latitude;Longitude\nCafé de la Fête à la forêt;46,5;16,1\n", "", "Windows-1252"},
		{"Nome;Latitudine;Longitudine\nCaffè della città;46,5;16,1\n", "", "Windows-1252"},
		{"Naziv;Širina;Dolžina\nMlin;46,5;16,1\n", "", "Windows-1250"},
		{"Név;Szélesség;Hosszúság\nFürdő;46,5;16,1\n", "", "Windows-1250"},
		{"Ime;lat;lon\nKuća časti;46,5;16,1\n", "", "Windows-1250"},
		{"nom;lat;lon\nHôtel;46,5;16,1\n", "fr", "Windows-1252"},
	} {
		e := charmap.Windows1252
		if test.want == "Windows-1250" {
			e = charmap.Windows1250
		}
		raw := encoded(t, e.NewEncoder(), test.text)
		text, name, err := decode([]byte(raw), test.language)
		if err != nil || name != test.want || string(text) != test.text {
			t.Errorf("%q: %s %q, %v", test.text, name, text, err)
		}
	}
}

func TestRead(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"sep", "sep=;\nname;lat;lon\nA;46,5;16,1\n", "3 A {\"coordinates\":[16.1,46.5],\"type\":\"Point\"}"},
		{"short and long rows", "name,lat,lon\nA,46.5\nB,46.5,16.1,x,y\n\n,,\n", "3 B {\"coordinates\":[16.1,46.5],\"type\":\"Point\"}\nline 2, \"A\": the longitude is missing"},
		{"loose marks", "name,lat,lon\nPipe 5\" wide,46.5,16.1\n\"The \"\"Mill\"\"\",46.5,16.2\n", "2 Pipe 5\" wide {\"coordinates\":[16.1,46.5],\"type\":\"Point\"}\n3 The \"Mill\" {\"coordinates\":[16.2,46.5],\"type\":\"Point\"}"},
		{"no header", "A;46.5, 16.1\nB;46.6, 16.2\n", "1 A {\"coordinates\":[16.1,46.5],\"type\":\"Point\"}\n2 B {\"coordinates\":[16.2,46.6],\"type\":\"Point\"}"},
	} {
		file, err := Read(strings.NewReader(test.text), nil, opts)
		if err != nil || describe(file) != test.want {
			t.Errorf("%s: %v\n%v\nwant\n%s", test.name, err, file, test.want)
		}
	}
}

func TestMapping(t *testing.T) {
	text := "a;b;c;d\nMlin;46,5;16,1;mill\n"
	p, err := Look(strings.NewReader(text), opts)
	if err != nil || p.Mapping.Located() {
		t.Fatalf("%+v, %v", p, err)
	}
	for i, f := range []table.Field{table.Name, table.Latitude, table.Longitude, table.Detail} {
		p.Mapping.Columns[i].Field = f
	}
	file, err := Read(strings.NewReader(text), &p.Mapping, opts)
	if err != nil || len(file.Items) != 1 || file.Items[0].Feature.Details["d"] != "mill" {
		t.Errorf("%+v, %v", file, err)
	}
}

func TestRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"one\ntwo\n":                  "not a table of columns",
		"a\x00b,c\nd,e\n\x01\x02\x03": "NUL bytes",
		"name,lat,lon\nA,1,2\n\"" + strings.Repeat("x\n", maxRowLines+1): "line 3: the row does not end",
		"name,lat,lon\n" + strings.Repeat(",", maxRowBytes+2):            "line 2: the row does not end",
		"ENOTA,OB_MID\nOB,1\n": `The columns are "ENOTA", "OB_MID"`,
	} {
		if _, err := Read(strings.NewReader(text), nil, opts); !errors.Is(err, feature.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(slovene))
	f.Add([]byte("sep=,\nname,gps\nA,\"46.5, 16.1\"\n"))
	f.Add([]byte("sep=\n0"))
	f.Add([]byte("\xff\xfea\x00,\x00b\x00\n\x00"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := Read(bytes.NewReader(raw), nil, opts)
		recordstest.Check(t, file, err)
	})
}
