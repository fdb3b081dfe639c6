// Package arrows holds the test that keeps imports pointing one way:
//
//	tiles  <-  sync  <-  server
//	tiles, sync      <-  clients
package arrows

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/pannier-maps/pannier/"

// allowed lists, for each room, the rooms of this module that it and the rooms
// in it may import. A room without a line may import nothing of this module.
// The longest name that fits a package counts.
var allowed = map[string][]string{
	"tiles": {"tiles"},

	"sync":          {"sync", "tiles/cell"},
	"sync/sitetest": {"sync", "tiles/cell"},

	"server":          {"server", "sync", "tiles"},
	"server/store":    {"server/store"},
	"server/auth":     {"server/store"},
	"server/problem":  {"server/auth", "server/catalog", "server/editing", "server/jobs", "server/media", "server/problem", "server/schedule", "server/store", "server/webhook", "sync"},
	"server/control":  {},
	"server/arrows":   {},
	"server/catalog":  {"server/store", "sync", "tiles/feature", "tiles/taxonomy"},
	"server/boundary": {"tiles"},
	"server/ingest":   {"server/boundary", "server/catalog", "tiles"},
	"server/compose":  {"server/boundary", "server/catalog", "sync", "tiles"},
	"server/media":    {"server/store", "tiles/feature"},
	"server/public":   {"server/problem", "server/store", "sync/layout"},
	"clients":         {"clients", "sync", "tiles"},
	"clients/guide":   {"clients/guide", "tiles/cell", "tiles/feature", "tiles/taxonomy"},
	"clients/journey": {},
}

// outside lists modules that only some rooms may import, each with its reason.
var outside = map[string][]string{
	"github.com/dgraph-io/badger/v4": {"server/store/badger"},                               // one room knows the engine
	"github.com/hanwen/go-fuse/v2":   {"sync/powertest"},                                    // one room cuts the power
	"github.com/gorilla/mux":         {"server/provider", "server/public", "server/viewer"}, // the HTTP rooms route
	"github.com/golang-jwt/jwt/v5":   {"server/auth"},                                       // one room knows who is who
	"golang.org/x/crypto":            {"server/auth"},                                       // its passwords
	"golang.org/x/image":             {"server/media", "tiles/dem"},                         // WebP; LZW of TIFF
	"github.com/gen2brain/avif":      {"server/media"},                                      // AVIF
	"github.com/spf13/cobra":         {"server/cmd", "clients/cmd"},                         // commands only
	"modernc.org/sqlite":             {"clients/offline", "tiles/archive/mbtiles"},          // a region's file; files of others
	"github.com/paulmach/orb":        {"tiles/build", "server/boundary", "server/compose"},  // geojson and maptile of orb bring BSON
	"github.com/paulmach/osm":        {},                                                    // its test data, not its code
	"net/http":                       {"server", "clients/cmd", "sync/bundle", "sync/pull"}, // tiles and the phone's rooms stay small
}

type pkg struct {
	ImportPath string
	Imports    []string
}

// list returns the packages of this module as they build for a platform (where
// a dependency does not, as SQLite for js, its importers still count). Test
// files do not count, nor do packages that only tests use.
func list(t *testing.T, platform string) []pkg {
	t.Helper()
	goos, goarch, _ := strings.Cut(platform, "/")
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", module+"...")
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = errors.New(string(exit.Stderr))
		}
		t.Fatalf("go list for %s: %v", platform, err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImportsPointOneWay(t *testing.T) {
	for _, platform := range []string{"linux/amd64", "darwin/arm64", "windows/amd64", "android/arm64", "js/wasm"} {
		all := list(t, platform)
		if len(all) < 20 {
			t.Fatalf("%s: only %d packages", platform, len(all))
		}
		for _, p := range all {
			name := strings.TrimPrefix(p.ImportPath, module)
			for _, imported := range p.Imports {
				if problem := check(name, imported); problem != "" {
					t.Errorf("%s: %s imports %s: %s", platform, name, imported, problem)
				}
			}
		}
	}
}

// check returns what is wrong with an import, or "".
func check(name, imported string) string {
	if room, own := strings.CutPrefix(imported, module); own {
		if isTestRoom(room) && !isTestRoom(name) {
			return "only for tests"
		}
		if slices.ContainsFunc(allowed[roomOf(name)], func(a string) bool { return within(room, a) }) {
			return ""
		}
		return "not on the list of " + roomOf(name)
	}
	for path, rooms := range outside {
		if within(imported, path) && !isTestRoom(name) && !slices.ContainsFunc(rooms, func(a string) bool { return within(name, a) }) {
			return "only for " + strings.Join(rooms, ", ")
		}
	}
	return ""
}

// roomOf returns the longest room on the list that holds a package.
func roomOf(name string) string {
	best := ""
	for room := range allowed {
		if within(name, room) && len(room) > len(best) {
			best = room
		}
	}
	return best
}

// isTestRoom reports whether a package serves tests only.
func isTestRoom(name string) bool { return strings.HasSuffix(name, "test") }

func within(name, room string) bool { return name == room || strings.HasPrefix(name, room+"/") }

// TestPlantedImports makes sure that the check finds what it is for.
func TestPlantedImports(t *testing.T) {
	planted := [][2]string{
		{"sync/manifest", module + "tiles/feature"},
		{"tiles/build", module + "sync/blob"},
		{"clients/offline", module + "server/store"},
		{"server/public", module + "server/catalog"},
		{"clients/offline", "github.com/paulmach/orb/geojson"},
		{"server/catalog", "github.com/dgraph-io/badger/v4"},
		{"tiles/osm", "net/http"},
		{"clients/offline", "github.com/hanwen/go-fuse/v2/fs"},
		{"sync/pull", module + "sync/powertest"},
	}
	for _, p := range planted {
		if check(p[0], p[1]) == "" {
			t.Errorf("%s may import %s", p[0], p[1])
		}
	}
}
