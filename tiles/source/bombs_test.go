//go:build !race

// The race detector multiplies time and memory; one goroutine reads each bomb.

package source_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/source"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/recordstest"
)

// repeated is a file of a beginning, the same text again and again, and an end.
func repeated(before, text string, n int, after string) io.Reader {
	return io.MultiReader(strings.NewReader(before), &loop{text: []byte(text), left: n * len(text)}, strings.NewReader(after))
}

type loop struct {
	text     []byte
	at, left int
}

func (l *loop) Read(p []byte) (n int, err error) {
	if l.left == 0 {
		return 0, io.EOF
	}
	for n < len(p) && l.left > 0 {
		m := copy(p[n:min(len(p), n+l.left)], l.text[l.at:])
		l.at, l.left, n = (l.at+m)%len(l.text), l.left-m, n+m
	}
	return n, nil
}

func zipOf(t *testing.T, parts map[string]io.Reader) io.Reader {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, r := range parts {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.Copy(w, r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

func gzipOf(t *testing.T, r io.Reader) io.Reader {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, 9)
	if err == nil {
		_, err = io.Copy(z, r)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return &b
}

const (
	book   = `<workbook xmlns:r="r"><sheets><sheet name="A" r:id="r1"/></sheets></workbook>`
	links  = `<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>`
	billed = `<!DOCTYPE kml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><kml><Placemark><name>&c;</name></Placemark></kml>`
)

// TestBombs reads files that are small, or endless, and mean to fill the memory.
// Each must be refused or read, with no more than its bound of memory; the peak is
// logged.
func TestBombs(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const mib = 1 << 20
	workbook := func(sheet, texts io.Reader) io.Reader {
		return zipOf(t, map[string]io.Reader{
			"xl/workbook.xml": strings.NewReader(book), "xl/_rels/workbook.xml.rels": strings.NewReader(links),
			"xl/worksheets/sheet1.xml": sheet, "xl/sharedStrings.xml": texts,
		})
	}
	lying := zipOf(t, map[string]io.Reader{"doc.kml": strings.NewReader("<kml/>")}).(*bytes.Buffer).Bytes()
	binary.LittleEndian.PutUint32(lying[bytes.LastIndex(lying, []byte("PK\x05\x06"))+12:], 1<<31)
	for _, test := range []struct {
		name  string
		file  func() io.Reader
		limit uint64 // MiB
		says  string
	}{
		{"gzip of a GPX file of 1 GB", func() io.Reader {
			return gzipOf(t, repeated("<gpx>", "<wpt lat='1' lon='2'><desc>"+strings.Repeat("x", 970)+"</desc></wpt>\n", 1_000_000, "</gpx>"))
		}, 400, "larger than 64 MiB"},
		{"gzip of spaces in JSON, 1 GB", func() io.Reader {
			return gzipOf(t, repeated(`{"type":"FeatureCollection",`, "                    ", 50_000_000, "}"))
		}, 300, "larger than 64 MiB"},
		{"XML of a million elements within each other", func() io.Reader { return repeated("<gpx>", "<a>", 1_000_000, "") }, 64, "more than 100 elements"},
		{"XML with entities of entities", func() io.Reader { return strings.NewReader(billed) }, 16, "invalid character entity"},
		{"XML with an attribute of 60 MB", func() io.Reader { return repeated("<gpx a='", "x", 60<<20, "'><wpt lat='1' lon='2'/></gpx>") }, 400, ""},
		{"XML with a text of 60 MB", func() io.Reader {
			return repeated("<gpx><wpt lat='1' lon='2'><name>", "x", 60<<20, "</name></wpt></gpx>")
		}, 500, ""},
		{"GPX of 200,000 waypoints", func() io.Reader { return repeated("<gpx>", "<wpt lat='1' lon='2'/>\n", 200_000, "</gpx>") }, 128, ""},
		{"a line of 3 million positions", func() io.Reader {
			return repeated("<kml><Placemark><LineString><coordinates>", "16.1,46.5 ", 3_000_000, "</coordinates></LineString></Placemark></kml>")
		}, 400, "more than 200000 positions"},
		{"JSON of brackets", func() io.Reader { return repeated(`{"type":"FeatureCollection","features":`, "[", 60<<20, "") }, 300, "exceeded max depth"},
		{"JSON of empty features", func() io.Reader {
			return repeated(`{"type":"FeatureCollection","features":[`, "{},", 3_000_000, "{}]}")
		}, 500, ""},
		{"JSON of one object of 60 MB", func() io.Reader {
			return repeated(`{"@context":"https://schema.org","@type":"Hotel","a":[`, "0,", 30<<20, "0]}")
		}, 400, ""},
		{"JSON of 100 MB", func() io.Reader {
			return repeated(`{"Id":"1","Detail":{"de":{"Title":"`, "xxxxxxxxxx", 10_000_000, `"}}}`)
		}, 300, "larger than 64 MiB"},
		{"a page of scripts", func() io.Reader {
			return repeated("<!DOCTYPE html><html>", "<script type='application/ld+json'>{", 400_000, "")
		}, 300, ""},
		{"a page of closed scripts", func() io.Reader {
			return repeated("<!DOCTYPE html><html>", "<script type='application/ld+json'>{}</script>", 300_000, "")
		}, 300, "no place or event"},
		{"a page of marks", func() io.Reader { return repeated("<!DOCTYPE html><html>", "<script ", 2_000_000, "") }, 300, "no place or event"},
		{"KMZ of one file of 1 GB", func() io.Reader {
			return zipOf(t, map[string]io.Reader{"doc.kml": repeated("<kml>", "          ", 100_000_000, "</kml>")})
		}, 64, "more than is allowed"},
		{"zip that says that its list has 2 GB", func() io.Reader { return bytes.NewReader(lying) }, 16, "list of files takes more"},
		{"XLSX of 12 million empty texts", func() io.Reader {
			return workbook(strings.NewReader("<worksheet><sheetData/></worksheet>"), repeated("<sst>", "<si/>", 12_000_000, "</sst>"))
		}, 300, "more than is allowed"},
		{"XLSX of 2 million texts", func() io.Reader {
			return workbook(strings.NewReader("<worksheet><sheetData/></worksheet>"), &texts{n: 2_000_000})
		}, 500, "more than 1000000 texts"},
		{"XLSX of cells in the last column", func() io.Reader {
			return workbook(repeated("<worksheet><sheetData>", "<row><c r='XFD1'><v>1</v></c></row>", 50_000, "</sheetData></worksheet>"), strings.NewReader("<sst/>"))
		}, 128, ""},
		{"CSV of one open quotation mark", func() io.Reader { return repeated("name,lat,lon\na,1,2\n\"", "x\n", 30<<20, "") }, 200, "line 3: the row does not end"},
		{"CSV of commas", func() io.Reader { return repeated("name,lat,lon\na,1,2\n", ",,,,,,,,,,,,,,,,,,,", 3_000_000, "\n") }, 200, "line 3: the row does not end"},
		{"FIT of 30 MB", func() io.Reader {
			return repeated("\x0e\x10\x98\x08\xff\xff\xff\xff.FIT\x00\x00", "\x40\x00\x00\x00\x00\x01\xfd\x04\x86", 30<<20/9, "")
		}, 64, "not a sound FIT file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			f, err := os.Create(path)
			if err == nil {
				_, err = io.Copy(f, test.file())
			}
			if err != nil {
				t.Fatal(err)
			}
			size, _ := f.Seek(0, io.SeekCurrent)
			f.Close()
			t.Logf("%d bytes", size)
			recordstest.Peak(t, test.limit*mib, func() {
				var all *records.File
				all, _, err = readProvided(path)
				if err == nil {
					t.Logf("read: %d objects, %d rejected", len(all.Items), len(all.Rejected)+all.Omitted)
				}
			})
			switch {
			case test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)):
				t.Errorf("error %v, want %q", err, test.says)
			case err != nil:
				t.Logf("refused: %.200s", err)
			}
		})
	}
	if kind, err := source.Detect(os.DevNull); err == nil {
		t.Errorf("%s is %s", os.DevNull, kind)
	}
}

// texts is a table of shared texts that packs badly enough for an archive's
// limits.
type texts struct {
	n, at int
	rest  []byte
	state uint32
}

func (x *texts) Read(p []byte) (int, error) {
	for len(x.rest) == 0 {
		switch {
		case x.at == 0:
			x.rest = []byte("<sst>")
		case x.at <= x.n:
			x.state = x.state*1664525 + 1013904223
			x.rest = []byte("<si><t>" + string([]byte{'a' + byte(x.state>>24)%26, 'a' + byte(x.state>>16)%26, 'a' + byte(x.state>>8)%26}) + "</t></si>")
		case x.at == x.n+1:
			x.rest = []byte("</sst>")
		default:
			return 0, io.EOF
		}
		x.at++
	}
	n := copy(p, x.rest)
	x.rest = x.rest[n:]
	return n, nil
}
