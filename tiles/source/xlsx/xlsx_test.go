package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/recordstest"
)

var opts = records.Options{Source: "mura", Provider: "Mura", Licence: "CC0-1.0"}

const main = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`

// sample has a hidden sheet, one without positions, and one with.
func sample(t testing.TB) []byte {
	return recordstest.Zip(t,
		"[Content_Types].xml", "<Types/>",
		"xl/workbook.xml", `<workbook `+main+`><sheets><sheet name="Secret" sheetId="1" state="hidden" r:id="r1"/><sheet name="Notes" sheetId="2" r:id="r2"/><sheet name="Kraji" sheetId="3" r:id="r3"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Target="/xl/worksheets/sheet2.xml"/><Relationship Id="r3" Target="worksheets/sheet3.xml"/></Relationships>`,
		"xl/sharedStrings.xml", `<sst `+main+`><si><t>Naziv</t></si><si><r><t>Zemljepisna </t></r><r><rPr/><t>širina</t></r><rPh><t>x</t></rPh></si><si><t>Dolžina</t></si><si><t xml:space="preserve"> Mlin </t></si></sst>`,
		"xl/worksheets/sheet1.xml", `<worksheet `+main+`><sheetData><row><c t="inlineStr"><is><t>name</t></is></c></row></sheetData></worksheet>`,
		"xl/worksheets/sheet2.xml", `<worksheet `+main+`><sheetData><row r="1"><c r="A1" t="str"><v>Opomba</v></c></row></sheetData></worksheet>`,
		"xl/worksheets/sheet3.xml", `<worksheet `+main+`><cols/><sheetData>
<row r="2"><c r="A2" t="s"><v>0</v></c><c r="C2" t="s"><v>1</v></c><c r="D2" t="s"><v>2</v></c><c r="E2" t="inlineStr"><is><t>fee</t></is></c></row>
<row r="4"><c r="A4" t="s"><v>3</v></c><c r="C4"><v>46.100000000000001</v></c><c r="D4"><f>1+1</f><v>1.61E1</v></c><c r="E4" t="b"><v>1</v></c></row>
<row r="5"><c r="A5" t="str"><v>Vrt</v></c><c r="C5" t="e"><v>#N/A</v></c><c r="D5"><v>16</v></c></row>
<row r="6"><c r="A6" t="s"><v>99</v></c></row>
</sheetData></worksheet>`)
}

func TestRead(t *testing.T) {
	file, err := Read(bytes.NewReader(sample(t)), nil, opts)
	if err != nil || len(file.Items) != 1 || len(file.Rejected) != 1 {
		t.Fatalf("%+v, %v", file, err)
	}
	f := file.Items[0].Feature
	if got, want := fmt.Sprintf("%d %s %s %v", file.Items[0].Line, f.Name(), f.Geometry.AppendJSON(nil), f.Details), `4 Mlin {"coordinates":[16.1,46.1],"type":"Point"} map[fee:yes]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := file.Rejected[0].String(), `line 5, "Vrt": the latitude is missing`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if want := `of 3 sheets, only "Kraji" was read`; file.Notes[len(file.Notes)-1] != want {
		t.Errorf("notes %q, want %q", file.Notes, want)
	}
	p, err := Look(bytes.NewReader(sample(t)))
	if err != nil || p.About != `sheet "Kraji"` || !p.Mapping.Located() {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestReadOpenpyxl reads what another program writes.
func TestReadOpenpyxl(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.xlsx")
	script := `import sys, openpyxl
b = openpyxl.Workbook(); s = b.active; s.title = "Orte"
s.append(["Bezeichnung", "Breitengrad", "Längengrad", "PLZ", "Öffnungszeiten"])
s.append(["Gasthof", 46.5512345, 16.1, 8490, "Mo-Fr 08:00-18:00"])
b.create_sheet("leer"); b.save(sys.argv[1])`
	if out, err := exec.Command("/usr/bin/python3", "-c", script, path).CombinedOutput(); err != nil {
		t.Skipf("no openpyxl (Debian: apt install python3-openpyxl): %s", bytes.TrimSpace(out))
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := Read(bytes.NewReader(raw), nil, opts)
	if err != nil || len(file.Items) != 1 {
		t.Fatalf("%+v, %v", file, err)
	}
	f := file.Items[0].Feature
	if got, want := fmt.Sprintf("%s %s %s %s", f.Name(), f.Geometry.AppendJSON(nil), f.Address.Postcode, f.OpeningHours), `Gasthof {"coordinates":[16.1,46.5512345],"type":"Point"} 8490 Mo-Fr 08:00-18:00`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestNumber(t *testing.T) {
	for in, want := range map[string]string{"46.100000000000001": "46.1", "1E6": "1000000", "8490": "8490", "x": "x", "-0.5": "-0.5", "": ""} {
		if got := number(in); got != want {
			t.Errorf("number(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestColumn(t *testing.T) {
	for in, want := range map[string]int{"A1": 0, "Z9": 25, "AA1": 26, "XFD1048576": 16383, "": -1, "1": -1, "ZZZZZZZZ1": 16384} {
		if got := column(in); got != want {
			t.Errorf("column(%q) = %d, want %d", in, got, want)
		}
	}
}

func TestRefuses(t *testing.T) {
	book := `<workbook ` + main + `><sheets><sheet name="A" r:id="r1"/></sheets></workbook>`
	links := `<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>`
	for want, raw := range map[string][]byte{
		"has no xl/workbook.xml":  recordstest.Zip(t, "word/document.xml", "x"),
		"no sheet with rows":      recordstest.Zip(t, "xl/workbook.xml", book, "xl/_rels/workbook.xml.rels", links, "xl/worksheets/sheet1.xml", "<worksheet><sheetData/></worksheet>"),
		"not a XLSX file":         recordstest.Zip(t, "xl/workbook.xml", "<x/>"),
		"cut off":                 recordstest.Zip(t, "xl/workbook.xml", book, "xl/_rels/workbook.xml.rels", links, "xl/worksheets/sheet1.xml", "<worksheet><sheetData><row>"),
		"no columns with":         recordstest.Zip(t, "xl/workbook.xml", book, "xl/_rels/workbook.xml.rels", links, "xl/worksheets/sheet1.xml", `<worksheet><sheetData><row><c t="str"><v>a</v></c></row></sheetData></worksheet>`),
		"not a whole zip archive": []byte("PK\x03\x04"),
		"too many sheets":         recordstest.Zip(t, "xl/workbook.xml", "<workbook "+main+"><sheets>"+strings.Repeat(`<sheet name="A" r:id="r1"/>`, 10_000)+"</sheets></workbook>"),
	} {
		if want == "too many sheets" {
			want = "no sheet with rows"
		}
		_, err := Read(bytes.NewReader(raw), nil, opts)
		if err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, feature.ErrInvalid) && !errors.Is(err, records.ErrEmpty) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(sample(f))
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := Read(bytes.NewReader(raw), nil, opts)
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

// FuzzSheet reads texts as sheets: archives seldom stay whole in FuzzRead.
func FuzzSheet(f *testing.F) {
	f.Add(`<worksheet><sheetData><row r="2"><c r="A2" t="str"><v>lat</v></c><c t="str"><v>lon</v></c></row><row><c><v>46.5</v></c><c><v>16</v></c></row></sheetData></worksheet>`, "<sst><si><t>a</t></si></sst>")
	f.Fuzz(func(t *testing.T, sheet, texts string) {
		raw := recordstest.Zip(t, "xl/workbook.xml", `<workbook `+main+`><sheets><sheet name="A" r:id="r1"/></sheets></workbook>`,
			"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>`,
			"xl/worksheets/sheet1.xml", sheet, "xl/sharedStrings.xml", texts)
		_, err := Read(bytes.NewReader(raw), nil, opts)
		if err != nil && !errors.Is(err, feature.ErrInvalid) && !errors.Is(err, records.ErrEmpty) {
			t.Fatalf("error of an unknown kind: %v", err)
		}
	})
}
