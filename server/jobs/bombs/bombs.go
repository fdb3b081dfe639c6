// Package bombs makes files that unpack to gigabytes, or that are made to take
// the memory or the time of whoever reads them. Tests and benchmarks upload them.
//
// The same bytes are made each time.
package bombs

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
)

// Bomb is one such file.
type Bomb struct {
	Name string
	Make func() []byte
	// Says is part of the reason for which it is refused; "" where it may be taken.
	Says string
}

const (
	collection = `{"type":"FeatureCollection","features":[`
	point      = `{"type":"Feature","geometry":{"type":"Point","coordinates":[16.1,46.6]},"properties":{"name":"a"}}`
	lineBegin  = `{"type":"Feature","properties":{},"geometry":{"type":"LineString","coordinates":[`
	laughs     = `<!DOCTYPE gpx [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><gpx><wpt lat="46" lon="16"><name>&b;</name></wpt></gpx>`
	row        = `<row><c t="s"><v>0</v></c><c><v>46</v></c><c><v>16</v></c></row>`
	name       = "<si><t>name</t></si>"
)

// All returns the bombs.
func All() []Bomb {
	const tooLarge, within, unpacks = "larger than 64 MiB", "within", "more than is allowed"
	return []Bomb{
		{"zip.kmz", func() []byte {
			return archive("doc.kml", func(string) io.Reader { return join("<kml>", Endless(1<<30, " ")) })
		}, unpacks},
		{"entries.zip", func() []byte {
			return archive(strings.TrimSpace(numbered(60_000)), func(string) io.Reader { return text("{}") })
		}, "60000 files"},
		{"spaces.geojson.gz", func() []byte { return packed(join(collection, Endless(1<<30, " "))) }, tooLarge},
		{"points.geojson.gz", func() []byte { return packed(join(collection, Endless(1<<30, point+","))) }, tooLarge},
		{"rows.csv.gz", func() []byte { return packed(join("name,lat,lon\n", Endless(1<<30, "a,46,16\n"))) }, tooLarge},
		{"thrice.gz", func() []byte {
			return packed(bytes.NewReader(packed(bytes.NewReader(packed(Endless(1<<28, " "))))))
		}, "packed more than"},
		{"deep.kml.gz", func() []byte { return packed(join("<kml>", Endless(60<<20, "<Folder>"))) }, within},
		{"deep.gpx", func() []byte { return []byte("<gpx>" + strings.Repeat("<a>", 1<<20)) }, within},
		{"laughs.gpx", func() []byte { return []byte(laughs) }, "line 1"},
		{"deep.geojson.gz", func() []byte { return packed(join(collection, Endless(60<<20, "["))) }, "JSON"},
		{"wide.csv", func() []byte {
			return []byte("name;lat;lon" + strings.Repeat(";x", 20_000) + "\n" + strings.Repeat("a;46,6;16,1"+strings.Repeat(";1", 20_000)+"\n", 200))
		}, ""},
		{"quote.csv.gz", func() []byte { return packed(join("name,lat,lon\n\"a", Endless(60<<20, "b,46,16\n"))) }, ""},
		{"texts.xlsx", func() []byte { return workbook(Endless(60<<20, "<si/>"), text("")) }, "texts"},
		{"spaces.xlsx", func() []byte { return workbook(Endless(1<<30, " "), text("")) }, unpacks},
		{"cells.xlsx", func() []byte { return workbook(text(name), Endless(60<<20, row)) }, ""},
		{"line.geojson.gz", func() []byte {
			return packed(join(collection+lineBegin, Endless(60<<20, "[1,1],"), text("[1,1]]}}]}")))
		}, ""},
		{"same.geojson.gz", func() []byte {
			n := int64(len(point + ","))
			return packed(join(collection, Endless(16<<20/n*n, point+","), text(point+"]}")))
		}, ""},
		{"spaces.json", func() []byte { return bytes.Repeat([]byte(" "), 190<<20) }, "unknown format"},
		{"large.geojson", func() []byte { return append([]byte(collection), bytes.Repeat([]byte(" "), 190<<20)...) }, tooLarge},
		{"zeros.fit", func() []byte {
			return append([]byte("\x0e\x10\x00\x00\x00\x00\x00\x02.FIT\x00\x00"), make([]byte, 33<<20)...)
		}, "FIT"},
	}
}

// Endless is a pattern that goes on for so many bytes.
func Endless(n int64, pattern string) io.Reader {
	return io.LimitReader(&repeated{pattern: strings.Repeat(pattern, 1+(1<<16)/len(pattern))}, n)
}

type repeated struct {
	pattern string
	at      int
}

func (r *repeated) Read(p []byte) (n int, err error) {
	for n < len(p) {
		m := copy(p[n:], r.pattern[r.at:])
		n += m
		r.at = (r.at + m) % len(r.pattern)
	}
	return n, nil
}

func text(s string) io.Reader { return strings.NewReader(s) }

func join(begin string, rest ...io.Reader) io.Reader {
	return io.MultiReader(append([]io.Reader{text(begin)}, rest...)...)
}

// must is for writes to memory, which cannot fail.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func packed(r io.Reader) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	must(err)
	_, err = io.Copy(w, r)
	must(err)
	must(w.Close())
	return out.Bytes()
}

// archive packs files, named one a line.
func archive(names string, content func(name string) io.Reader) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	w.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) { return flate.NewWriter(to, flate.BestSpeed) })
	for name := range strings.SplitSeq(names, "\n") {
		f, err := w.Create(name)
		must(err)
		_, err = io.Copy(f, content(name))
		must(err)
	}
	must(w.Close())
	return out.Bytes()
}

func numbered(n int) string {
	var names strings.Builder
	for i := range n {
		fmt.Fprintf(&names, "%d.json\n", i)
	}
	return names.String()
}

func workbook(texts, rows io.Reader) []byte {
	const book, links, shared, sheet = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"
	return archive(strings.Join([]string{book, links, shared, sheet}, "\n"), func(name string) io.Reader {
		switch name {
		case book:
			return text(`<workbook xmlns:r="r"><sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>`)
		case links:
			return text(`<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>`)
		case shared:
			return join("<sst>", texts, text("</sst>"))
		}
		return join("<worksheet><sheetData>", rows, text("</sheetData></worksheet>"))
	})
}
