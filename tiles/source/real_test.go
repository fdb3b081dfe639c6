package source_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source"
	"github.com/pannier-maps/pannier/tiles/source/osmpbf"
	"github.com/pannier-maps/pannier/tiles/source/osmxml"
)

// The tests in this file read real extracts and hold what we find in them against
// what osmium finds. They are skipped where either is absent.

// shared returns the path of an extract beside the checkout.
func shared(t testing.TB, name string) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			break
		}
		if folder == filepath.Dir(folder) {
			t.Fatal("no go.mod above the package")
		}
		folder = filepath.Dir(folder)
	}
	path := filepath.Join(folder, "..", "shared", "data", "osm", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no extract %s", path)
	}
	return path
}

// shipped returns the path of an extract in the module paulmach/osm.
func shipped(t testing.TB, name string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/paulmach/osm").Output()
	path := filepath.Join(strings.TrimSpace(string(out)), "testdata", name)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Skipf("no extract %s: %v", name, err)
	}
	return path
}

// load reads a file of elements into a base.
func load(t *testing.T, path string) *osm.Base {
	t.Helper()
	start := time.Now()
	f, kind, err := source.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx := context.Background()
	out := filepath.Join(t.TempDir(), "base")
	err = osm.Collect(ctx, out, 64<<20, func(h osm.Handler) error {
		switch kind {
		case source.OSMPBF:
			return osmpbf.Read(ctx, f, h)
		case source.OSMXML:
			return osmxml.Read(ctx, f, h)
		}
		return fmt.Errorf("%s holds %s", path, kind)
	})
	if err != nil {
		t.Fatal(err)
	}
	if read, size := f.Progress(); read != size {
		t.Errorf("Progress() = %d, %d at the end", read, size)
	}
	b := open(t, out)
	nodes, ways, relations := b.Counts()
	info, err := os.Stat(out)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d nodes, %d ways, %d relations, %d bytes in %v", filepath.Base(path), nodes, ways, relations, info.Size(), time.Since(start))
	return b
}

func open(t *testing.T, path string) *osm.Base {
	t.Helper()
	b, err := osm.OpenBase(path, 32<<20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// elements returns what is in a base, by "node 1" and so on.
func elements(t *testing.T, b *osm.Base) map[string]any {
	t.Helper()
	all := map[string]any{}
	var failed error
	for i := range b.NodeBlocks() {
		nodes, err := b.ReadNodes(i)
		failed = errors.Join(failed, err)
		for _, n := range nodes {
			all["n"+strconv.FormatInt(n.ID, 10)] = n
		}
	}
	for i := range b.WayBlocks() {
		ways, err := b.ReadWays(i)
		failed = errors.Join(failed, err)
		for _, w := range ways {
			all["w"+strconv.FormatInt(w.ID, 10)] = w
		}
	}
	for i := range b.RelationBlocks() {
		relations, err := b.ReadRelations(i)
		failed = errors.Join(failed, err)
		for _, r := range relations {
			all["r"+strconv.FormatInt(r.ID, 10)] = r
		}
	}
	if failed != nil {
		t.Fatal(failed)
	}
	return all
}

// osmium runs the tool and reads the elements that it prints as OPL.
func osmium(t *testing.T, args ...string) map[string]any {
	t.Helper()
	if _, err := exec.LookPath("osmium"); err != nil {
		t.Skip("no osmium tool")
	}
	out := filepath.Join(t.TempDir(), "all.opl")
	if text, err := exec.Command("osmium", append(args, "-f", "opl", "-o", out)...).CombinedOutput(); err != nil {
		t.Fatalf("osmium %v: %v\n%s", args, err, text)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		key, e := parseOPL(t, lines.Text())
		all[key] = e
	}
	return all
}

// same compares what we have with what osmium has.
func same(t *testing.T, got, want map[string]any) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d elements, osmium has %d", len(got), len(want))
	}
	faults := 0
	for key, w := range want {
		if g := got[key]; !reflect.DeepEqual(g, w) {
			t.Errorf("%s:\n got %+v\nwant %+v", key, g, w)
			if faults++; faults == 5 {
				t.FailNow()
			}
		}
	}
}

func TestReadLikeOsmium(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	for name, find := range map[string]func(testing.TB, string) string{
		"liechtenstein-2019-11-18.osm.pbf": shared,
		"liechtenstein-2024-03-04.osm.pbf": shared,
		"monaco-2021-04-21.osm.pbf":        shared,
		"monaco-2021-04-21-lz4.osm.pbf":    shared,
		"delaware-latest.osm.pbf":          shipped,
		"andorra-latest.osm.bz2":           shipped,
	} {
		t.Run(name, func(t *testing.T) {
			path := find(t, name)
			same(t, elements(t, load(t, path)), osmium(t, "cat", path))
		})
	}
}

func TestCompressionMakesNoDifference(t *testing.T) {
	plain := load(t, shared(t, "monaco-2021-04-21.osm.pbf"))
	lz4 := load(t, shared(t, "monaco-2021-04-21-lz4.osm.pbf"))
	if plain.ID() != lz4.ID() {
		t.Error("the LZ4 file gives another base than the plain one")
	}
}

func TestApplyLikeOsmium(t *testing.T) {
	tests := []struct {
		extract string
		changes []string
	}{
		{"liechtenstein-2019-11-18.osm.pbf", []string{"liechtenstein-002435.osc.gz"}},
		{"liechtenstein-2019-11-18.osm.pbf", []string{"liechtenstein-002435.osc.gz", "liechtenstein-002436.osc.gz"}},
		{"monaco-2021-04-21.osm.pbf", []string{"monaco-003052.osc.gz", "monaco-003060.osc.gz", "monaco-003065.osc.gz", "monaco-003072.osc.gz"}},
	}
	for _, test := range tests {
		t.Run(strings.Join(test.changes, " "), func(t *testing.T) {
			extract := shared(t, test.extract)
			args := []string{"apply-changes", extract}
			var changes []osm.Change
			for _, name := range test.changes {
				path := shared(t, name)
				args = append(args, path)
				f, kind, err := source.Open(path)
				if err != nil || kind != source.OSMChange {
					t.Fatal(kind, err)
				}
				err = osmxml.ReadChanges(context.Background(), f, func(c osm.Change) error {
					changes = append(changes, c)
					return nil
				})
				if err := errors.Join(err, f.Close()); err != nil {
					t.Fatal(err)
				}
			}
			out := filepath.Join(t.TempDir(), "new")
			done, err := osm.Apply(context.Background(), load(t, extract), changes, out, osm.Header{})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", done)
			if sum := done.Created + done.Modified + done.Deleted + done.Skipped + done.Missing; sum != int64(len(changes)) {
				t.Errorf("%d changes counted, there are %d", sum, len(changes))
			}
			same(t, elements(t, open(t, out)), osmium(t, args...))
		})
	}
}
