package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
)

// maxBomb is the most memory that a server may have while it refuses a bomb.
const maxBomb = 800 << 20

// endless is text that goes on for so many bytes.
func endless(n int64, pattern string) io.Reader {
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

func packed(t *testing.T, parts ...io.Reader) []byte {
	t.Helper()
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if _, err := io.Copy(w, io.MultiReader(parts...)); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return out.Bytes()
}

// archive packs files, by their names in turn.
func archive(t *testing.T, names []string, content func(name string) io.Reader) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	w.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) { return flate.NewWriter(to, flate.BestSpeed) })
	for _, name := range names {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.Copy(f, content(name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	return out.Bytes()
}

func workbook(t *testing.T, texts, sheet io.Reader) []byte {
	return archive(t, []string{"xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"}, func(name string) io.Reader {
		switch name {
		case "xl/workbook.xml":
			return strings.NewReader(`<workbook xmlns:r="r"><sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>`)
		case "xl/_rels/workbook.xml.rels":
			return strings.NewReader(`<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>`)
		case "xl/sharedStrings.xml":
			return io.MultiReader(strings.NewReader("<sst>"), texts, strings.NewReader("</sst>"))
		}
		return io.MultiReader(strings.NewReader("<worksheet><sheetData>"), sheet, strings.NewReader("</sheetData></worksheet>"))
	})
}

// Files that unpack to gigabytes, or are made to take memory, are refused with words,
// and the server takes a bounded amount of memory for them.
func TestUploadedBombs(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	f := newFarm(t)
	text := strings.NewReader
	const collection = `{"type":"FeatureCollection","features":[`
	point := `{"type":"Feature","geometry":{"type":"Point","coordinates":[16.1,46.6]},"properties":{"name":"a"}},`
	numbered := func(n int) []string {
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprintf("%d.json", i)
		}
		return names
	}
	none := func(string) io.Reader { return text("{}") }
	for _, bomb := range []struct {
		name string
		make func() []byte
		says string // "": it may be taken
	}{
		{"zip.kmz", func() []byte {
			return archive(t, []string{"doc.kml"}, func(string) io.Reader { return io.MultiReader(text("<kml>"), endless(1<<30, " ")) })
		}, "more than is allowed"},
		{"entries.zip", func() []byte { return archive(t, numbered(60_000), none) }, "60000 files"},
		{"gzip.geojson.gz", func() []byte { return packed(t, text(collection), endless(1<<30, " ")) }, "larger than 64 MiB"},
		{"points.geojson.gz", func() []byte { return packed(t, text(collection), endless(1<<30, point)) }, "larger than 64 MiB"},
		{"gzip.csv.gz", func() []byte { return packed(t, text("name,lat,lon\n"), endless(1<<30, "a,46,16\n")) }, "larger than 64 MiB"},
		{"thrice.gz", func() []byte {
			return packed(t, bytes.NewReader(packed(t, bytes.NewReader(packed(t, endless(1<<28, " "))))))
		}, "packed more than"},
		{"deep.kml.gz", func() []byte { return packed(t, text("<kml>"), endless(60<<20, "<Folder>")) }, "within"},
		{"deep.gpx", func() []byte { return []byte("<gpx>" + strings.Repeat("<a>", 1<<20)) }, "within"},
		{"laughs.gpx", func() []byte {
			return []byte(`<!DOCTYPE gpx [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><gpx><wpt lat="46" lon="16"><name>&b;</name></wpt></gpx>`)
		}, "line 1"},
		{"deep.json.gz", func() []byte { return packed(t, text(collection), endless(60<<20, "[")) }, "JSON"},
		{"wide.csv", func() []byte {
			return []byte("name;lat;lon" + strings.Repeat(";x", 20_000) + "\n" + strings.Repeat("a;46,6;16,1"+strings.Repeat(";1", 20_000)+"\n", 200))
		}, ""},
		{"quote.csv.gz", func() []byte { return packed(t, text("name,lat,lon\n\"a"), endless(60<<20, "b,46,16\n")) }, ""},
		{"texts.xlsx", func() []byte { return workbook(t, endless(60<<20, "<si/>"), text("")) }, "texts"},
		{"cells.xlsx", func() []byte {
			return workbook(t, text("<si><t>name</t></si>"), endless(60<<20, `<row><c t="s"><v>0</v></c><c><v>46</v></c><c><v>16</v></c></row>`))
		}, ""},
		{"xlsx.xlsx", func() []byte { return workbook(t, endless(1<<30, " "), text("")) }, "more than is allowed"},
		{"line.geojson.gz", func() []byte {
			return packed(t, text(collection+`{"type":"Feature","properties":{},"geometry":{"type":"LineString","coordinates":[`), endless(60<<20, "[1,1],"), text("[1,1]]}}]}"))
		}, ""},
		{"same.geojson.gz", func() []byte {
			return packed(t, text(collection), endless(16<<20/int64(len(point))*int64(len(point)), point), text(strings.TrimSuffix(point, ",")+"]}"))
		}, ""},
		{"large.json", func() []byte { return bytes.Repeat([]byte(" "), 190<<20) }, "unknown format"},
		{"large.geojson", func() []byte { return append([]byte(collection), bytes.Repeat([]byte(" "), 190<<20)...) }, "larger than 64 MiB"},
		{"noise.fit", func() []byte {
			return append([]byte("\x0e\x10\x00\x00\x00\x00\x00\x02.FIT\x00\x00"), make([]byte, 33<<20)...)
		}, "FIT"},
	} {
		data := bomb.make()
		start := time.Now()
		f.forgetPeak()
		before := f.peak()
		is := f.bring(bomb.name, data)
		peak := f.peak()
		t.Logf("%-20s %9d bytes: peak %4d MiB (%4d before), %6v, %s %s", bomb.name, len(data), peak>>20, before>>20, time.Since(start).Round(10*time.Millisecond), is.State, is.Problem)
		if bomb.says != "" && (is.State != "failed" || !strings.Contains(is.Problem, bomb.says)) {
			t.Errorf("%s: %+v", bomb.name, is)
		}
		if strings.Contains(is.Problem, "Something went wrong") {
			t.Errorf("%s: a fault of the server: %s", bomb.name, f.d.log())
		}
		if peak > maxBomb {
			t.Errorf("%s: the server took %d MiB", bomb.name, peak>>20)
		}
		f.try("DELETE", fmt.Sprintf("/v1/regions/alps/imports/%d", is.Number), "", nil, nil)
	}
	f.streamed(t)
	f.d.stop()
}

// streamed sends a gigabyte of JSON to where JSON is taken.
func (f *farm) streamed(t *testing.T) {
	for path, kind := range map[string]string{
		"/v1/regions/alps/batch": "application/json", "/v1/regions/alps/uploads": "application/json",
		"/v1/regions/alps/uploads/file?name=a.json": "application/octet-stream",
	} {
		f.forgetPeak()
		r, err := http.NewRequest("POST", f.d.url+path, io.MultiReader(strings.NewReader(`{"writes":[`), endless(1<<30, `{"id":"farm/1","feature":{"kind":"poi"}},`)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+f.token)
		r.Header.Set("Content-Type", kind)
		answer, err := http.DefaultClient.Do(r)
		peak := f.peak()
		if err != nil { // it hung up while the rest was on its way
			t.Logf("1 GiB of JSON to %s: peak %d MiB, %v", path, peak>>20, err)
		} else {
			answer.Body.Close()
			t.Logf("1 GiB of JSON to %s: peak %d MiB, %s", path, peak>>20, answer.Status)
			if answer.StatusCode != 413 && answer.StatusCode != 400 {
				t.Errorf("%s: %s", path, answer.Status)
			}
		}
		if peak > maxBomb/2 {
			t.Errorf("%s: the server took %d MiB", path, peak>>20)
		}
	}
}

// bring sends a file in one request and waits until it is read.
func (f *farm) bring(name string, data []byte) imported {
	f.t.Helper()
	var u struct{ ID string }
	if _, err := f.try("POST", "/v1/regions/alps/uploads/file?name="+name, "application/octet-stream", data, &u); err != nil {
		f.t.Fatal(err)
	}
	var is imported
	_, err := f.try("POST", "/v1/regions/alps/imports", "application/json", fmt.Appendf(nil, `{"upload":%q,"licence":"CC-BY-4.0"}`, u.ID), &is)
	var busy *told
	if errors.As(err, &busy) {
		f.t.Fatal(busy)
	}
	for err == nil && (is.State == "waiting" || is.State == "reading") {
		_, err = f.try("GET", fmt.Sprintf("/v1/regions/alps/imports/%d", is.Number), "", nil, &is)
	}
	if err != nil {
		f.t.Fatalf("%s: %v\n%s", name, err, f.d.log())
	}
	return is
}

// peak returns the most memory that the server had, in bytes.
func (f *farm) peak() (bytes int64) {
	f.t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", f.d.cmd.Process.Pid))
	if err != nil {
		f.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "VmHWM:")
	fmt.Sscan(rest, &bytes)
	return bytes << 10
}

// forgetPeak begins to measure anew.
func (f *farm) forgetPeak() {
	f.t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", f.d.cmd.Process.Pid), []byte("5"), 0); err != nil {
		f.t.Fatal(err)
	}
}
