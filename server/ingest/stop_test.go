package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source/osmpbf"
)

// countdown is a context that ends after its error was asked for so many times.
type countdown struct {
	context.Context
	end  context.CancelFunc
	left atomic.Int64
}

func newCountdown(t *testing.T, n int) *countdown {
	ctx, end := context.WithCancel(t.Context())
	t.Cleanup(end)
	c := &countdown{Context: ctx, end: end}
	c.left.Store(int64(n))
	return c
}

func (c *countdown) Err() error {
	if c.left.Add(-1) < 0 {
		c.end()
	}
	return c.Context.Err()
}

// state is what an interrupted import must leave as it was.
func (im *Importer) state(t *testing.T) string {
	t.Helper()
	b, ok, err := im.Catalog.Base(context.Background(), "mura")
	if err != nil || !ok {
		t.Fatalf("no base: %v", err)
	}
	files, err := os.ReadDir(filepath.Join(im.Folder, "mura"))
	if err != nil || len(files) != 1 || files[0].Name() != b.File {
		t.Fatalf("files %v, %v; want only %s", files, err, b.File)
	}
	return fmt.Sprintf("%+v, node 1 is called %q", b, im.node1(t))
}

// An import that is interrupted, at whatever point, leaves the map data as it was.
func TestInterrupted(t *testing.T) {
	im := importer(t)
	if _, err := im.Import(t.Context(), "mura", []string{file(t, "a.osm", village)}, Options{}); err != nil {
		t.Fatal(err)
	}
	was := im.state(t)
	var nodes strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&nodes, `<node id="%d" version="3" lat="46.6" lon="16.1"><tag k="name" v="Nova"/></node>`+"\n", 5000-i)
	}
	extract := file(t, "b.osm", "<osm version=\"0.6\">\n"+nodes.String()+"</osm>")
	second := file(t, "c.osm", village)
	changes := file(t, "d.osc", "<osmChange version=\"0.6\"><create>\n"+nodes.String()+"</create></osmChange>")
	for name, files := range map[string][]string{"extract": {extract}, "extracts": {extract, second}, "changes": {changes}} {
		im.Memory = 1 << 16    // so that it sorts on disk
		if name == "changes" { // which lie in memory
			im.Memory = 8 << 20
		}
		stopped := 0
		for n := 0; ; n += 1 + n/4 {
			_, err := im.Import(newCountdown(t, n), "mura", files, Options{})
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("%s, stopped at %d: %v", name, n, err)
			}
			stopped++
			if is := im.state(t); is != was {
				t.Fatalf("%s, stopped at %d: %s; it was %s", name, n, is, was)
			}
		}
		t.Logf("%s: stopped at %d points", name, stopped)
		if stopped < 5 || im.node1(t) != "Nova" {
			t.Errorf("%s: stopped at %d points, then node 1 is called %q", name, stopped, im.node1(t))
		}
		if _, err := im.Import(t.Context(), "mura", []string{file(t, "a.osm", village)}, Options{}); err != nil {
			t.Fatal(err)
		}
		was = im.state(t)
	}
}

// A file with more changes than the memory is for is refused, and says what to do.
func TestTooManyChanges(t *testing.T) {
	im := importer(t)
	im.Memory = 100
	_, err := im.Import(t.Context(), "mura", []string{file(t, "a.osm", village), file(t, "b.osc", change)}, Options{})
	if !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), "newer extract") {
		t.Errorf("error %v, want ErrTooLarge", err)
	}
}

// A damaged extract is told with the byte, and what to do about it.
func TestDamagedExtract(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "osm", "monaco-2021-04-21.osm.pbf"))
	if err != nil {
		t.Skipf("no extract: %v", err)
	}
	im := importer(t)
	data[len(data)/2] ^= 1
	_, err = im.Import(t.Context(), "mura", []string{file(t, "a.osm.pbf", string(data))}, Options{})
	if !errors.Is(err, osmpbf.ErrCorrupt) || !strings.Contains(err.Error(), "block at byte ") || !strings.Contains(err.Error(), "fetch it again") {
		t.Errorf("error %v, want ErrCorrupt with a byte and advice", err)
	}
}

// A base that an older version of the program left is told from a damaged one.
func TestOldBase(t *testing.T) {
	im := importer(t)
	if _, err := im.Import(t.Context(), "mura", []string{file(t, "a.osm", village)}, Options{}); err != nil {
		t.Fatal(err)
	}
	b, _, err := im.Catalog.Base(t.Context(), "mura")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(im.Folder, "mura", b.File)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(data, "pannier osm 1")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = im.Import(t.Context(), "mura", []string{file(t, "b.osc", change)}, Options{})
	if !errors.Is(err, osm.ErrVersion) || !strings.Contains(err.Error(), "import the extract again") {
		t.Errorf("error %v, want ErrVersion with advice", err)
	}
	if _, err := im.Import(t.Context(), "mura", []string{file(t, "a.osm", village), file(t, "b.osc", change)}, Options{}); err != nil {
		t.Errorf("the extract again: %v", err)
	}
}
