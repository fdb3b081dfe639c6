package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// moduleFolder is where the module github.com/paulmach/osm keeps its test data.
var moduleFolder = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/paulmach/osm").Output()
	return filepath.Join(strings.TrimSpace(string(out)), "testdata"), err
})

// moduleData returns a file of that module.
func moduleData(t *testing.T, name string) string {
	t.Helper()
	dir, err := moduleFolder()
	if err != nil {
		t.Fatalf("find the module github.com/paulmach/osm: %v", err)
	}
	return filepath.Join(dir, name)
}

// shared returns a file of the data beside the checkout, and skips the test
// where there is none.
func shared(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../../../shared/data", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no test data beside the checkout: %v", err)
	}
	return path
}

// write makes a file in a folder of the test.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// cut makes a file of the first n bytes of another; of its last -n when n is
// negative, none of them.
func cut(t *testing.T, path string, n int) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n < 0 {
		n += len(data)
	}
	return write(t, "cut-"+filepath.Base(path), string(data[:n]))
}

// hut makes a GeoJSON file with one place.
func hut(t *testing.T, name string) string {
	t.Helper()
	return write(t, "hut.geojson", fmt.Sprintf(`{"type":"FeatureCollection","features":[
{"type":"Feature","id":"hut","geometry":{"type":"Point","coordinates":[1.52,42.51]},
 "properties":{"name":%q,"category":"lodging.alpine_hut","phone":"+376 800 000"}}
]}`, name))
}

func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
