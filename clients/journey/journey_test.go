// Package journey holds the main job as a test: a region is imported and
// published, a device pulls it while it is killed again and again, follows by
// delta, and then answers with no server at all. It runs the real commands.
package journey

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// area is what the journey travels through.
type area struct {
	region, name, languages string
	extract                 string
	changes                 []string // daily files, in order
	search                  string   // something that its places are called
	near                    string   // LAT,LON of a town
	tile                    string   // a tile with content
}

// published is the answer of pannierd publish.
type published struct {
	Version    uint64 `json:"version"`
	Manifest   string `json:"manifest"`
	Cells      int    `json:"cells"`
	Bytes      int64  `json:"bytes"`
	DeltaFrom  uint64 `json:"delta_from"`
	DeltaBytes int64  `json:"delta_bytes"`
	Unchanged  bool   `json:"unchanged"`
}

// pulled is the answer of pannier pull, update and status.
type pulled struct {
	Region        string `json:"region"`
	Version       uint64 `json:"version"`
	Manifest      string `json:"manifest"`
	Cells         int    `json:"cells"`
	BytesReceived int64  `json:"bytes_received"`
	Requests      int64  `json:"requests"`
}

func TestLiechtenstein(t *testing.T) {
	data := filepath.Join(root(t), "..", "shared", "data", "osm")
	if _, err := os.Stat(data); err != nil {
		t.Skipf("the test data is not beside the checkout (%v); TestAndorra runs everywhere", err)
	}
	travel(t, area{
		region: "liechtenstein", name: "Liechtenstein", languages: "de,en",
		extract: filepath.Join(data, "liechtenstein-2019-11-18.osm.pbf"),
		changes: []string{filepath.Join(data, "liechtenstein-002435.osc.gz"), filepath.Join(data, "liechtenstein-002436.osc.gz")},
		search:  "gasthof", near: "47.141,9.521", tile: "14/8625/5753",
	})
}

func TestAndorra(t *testing.T) {
	out, err := exec.Command("go", "mod", "download", "-json", "github.com/paulmach/osm").Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr(err))
	}
	var module struct{ Dir string }
	decode(t, string(out), &module)
	travel(t, area{
		region: "andorra", name: "Andorra", languages: "ca,es,fr,en",
		extract: filepath.Join(module.Dir, "testdata", "andorra-latest.osm.bz2"),
		search:  "hotel", near: "42.507,1.522", tile: "14/8261/6050",
	})
}

func travel(t *testing.T, a area) {
	w := newWorld(t)
	w.pannierd("region", "create", a.region, "--name", a.name, "--languages", a.languages)
	w.pannierd("import", a.region, a.extract)
	first := w.publish(a.region)
	if first.Version != 1 {
		t.Fatalf("first publish: %+v", first)
	}
	server := w.serve()
	slow := newSlowProxy(t, server)
	w.pullUnderFire(a.region, slow)
	if again := w.publish(a.region); !again.Unchanged || again.Manifest != first.Manifest {
		t.Errorf("publishing an unchanged region: %+v", again)
	}

	last := first
	for i, file := range a.changes {
		w.pannierd("import", a.region, file)
		if last = w.publish(a.region); last.Version != uint64(i+2) {
			t.Fatalf("publish after %s: %+v", file, last)
		}
	}
	if len(a.changes) > 0 {
		u := w.update(a.region)
		if u.Version != last.Version || u.Manifest != last.Manifest || u.BytesReceived > first.Bytes/10 {
			t.Errorf("update to version %d: %+v", last.Version, u)
		}
		t.Logf("version 1 to %d: %d bytes received in %d requests; a full download is %d", last.Version, u.BytesReceived, u.Requests, last.Bytes)
		w.sameAsFresh(a.region, server)
	}

	// One place changes its hours.
	place := w.searchFirst(a.search)
	amendment := filepath.Join(w.dir, "hours.geojson")
	write(t, amendment, fmt.Sprintf(`{"type":"Feature","id":%q,"geometry":null,"properties":{"opening_hours":"Mo-Fr 07:30-19:15"}}`, place))
	w.pannierd("import", a.region, amendment)
	edit := w.publish(a.region)
	w.updateUnderFire(a.region, server, edit.Version)
	wire := slow.count()
	u := w.updateFrom(a.region, slow)
	if u.Version != edit.Version {
		t.Errorf("update after an edit: %+v", u)
	}
	if wire = slow.count() - wire; wire >= 1500 || u.BytesReceived >= 1500 {
		t.Errorf("one place's hours moved %d bytes both ways, %d received; want less than 1,500", wire, u.BytesReceived)
	}
	t.Logf("one place's hours: delta %d bytes, %d received, %d over the wire both ways, %d requests", edit.DeltaBytes, u.BytesReceived, wire, u.Requests)
	w.sameAsFresh(a.region, server)

	// A static copy serves the same pull and update.
	w.static(a.region, edit, amendment, place)

	w.handOn(a.region)

	// Nobody answers any more.
	w.stop()
	w.offline(a, place)
	w.sameForAnyWorkers(a)
}

// pullUnderFire kills the client at random moments until a pull succeeds. What
// a client had checked before it died must not be asked for again.
func (w *world) pullUnderFire(region string, server *slowProxy) {
	w.t.Helper()
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	stage := ""
	kills := 0
	for ; ; kills++ {
		cmd := exec.Command(w.client, "--dir", w.device, "pull", region, "--server", server.URL, "--json")
		if kills >= 25 {
			out, err := cmd.CombinedOutput()
			if err != nil {
				w.t.Fatalf("pull: %v\n%s", err, out)
			}
			break
		}
		if err := cmd.Start(); err != nil {
			w.t.Fatal(err)
		}
		time.AfterFunc(time.Duration(20+random.IntN(150))*time.Millisecond, func() { cmd.Process.Kill() })
		if cmd.Wait() == nil {
			break
		}
		server.settle()
		if stage == "" {
			stage = findStage(w.device)
		}
		server.forbid(complete(stage))
	}
	w.pannier("verify")
	w.t.Logf("pulled after %d kills; %d bytes of bodies sent, the bundle has %d", kills, server.bodies.Load(), w.last.Bytes)
	if again := server.forbidden.Load(); again > 0 {
		w.t.Errorf("%d objects were fetched again after they had been checked", again)
	}
	// In flight when a client dies are at most its socket buffers.
	if extra := server.bodies.Load() - w.last.Bytes; extra > int64(kills+1)*4*chunk+1<<16 {
		w.t.Errorf("%d bytes were sent beyond the bundle's over %d kills", extra, kills)
	}
}

// findStage finds the folder in which downloads wait.
func findStage(device string) string {
	var found string
	filepath.WalkDir(device, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && (strings.HasPrefix(d.Name(), "manifests-") || len(d.Name()) > 60) {
			found = filepath.Dir(path)
		}
		return nil
	})
	return found
}

// complete lists the hashes of the objects that a stage holds checked.
func complete(stage string) []string {
	entries, err := os.ReadDir(stage)
	if err != nil {
		return nil
	}
	var hashes []string
	for _, e := range entries {
		if name := e.Name(); !strings.HasSuffix(name, ".part") {
			hashes = append(hashes, name[strings.LastIndexByte(name, '-')+1:])
		}
	}
	return hashes
}

// sameAsFresh compares the device with one that pulled the version afresh: the
// manifest, which names each cell's content, and what the cells verify to.
func (w *world) sameAsFresh(region, server string) {
	w.t.Helper()
	fresh := filepath.Join(w.dir, fmt.Sprintf("fresh-%d", time.Now().UnixNano()))
	w.clientAt(fresh, "pull", region, "--server", server)
	w.clientAt(fresh, "verify")
	w.pannier("verify")
	var a, b pulled
	decode(w.t, w.pannier("status", region, "--json"), &a)
	decode(w.t, w.clientAt(fresh, "status", region, "--json"), &b)
	if a.Manifest != b.Manifest || a.Version != b.Version || a.Cells != b.Cells {
		w.t.Errorf("after updates %+v, afresh %+v", a, b)
	}
	for _, format := range []string{"geojson", "pmtiles"} {
		one, two := filepath.Join(w.dir, "one."+format), filepath.Join(w.dir, "two."+format)
		w.pannier("export", format, "-o", one)
		w.clientAt(fresh, "export", format, "-o", two)
		if read(w.t, one) != read(w.t, two) {
			w.t.Errorf("%s exports differ between the updated and the fresh device", format)
		}
	}
}

// static serves an export by a plain file server, and pulls and updates from it.
func (w *world) static(region string, before published, amendment, place string) {
	w.t.Helper()
	folder := filepath.Join(w.dir, "static")
	w.pannierd("export-static", folder)
	files := httptest.NewServer(http.FileServer(http.Dir(folder)))
	defer files.Close()
	device := filepath.Join(w.dir, "static-device")
	w.clientAt(device, "pull", region, "--server", files.URL)
	write(w.t, amendment, strings.Replace(read(w.t, amendment), "19:15", "20:00", 1))
	w.pannierd("import", region, amendment)
	after := w.publish(region)
	w.pannierd("export-static", folder)
	var u pulled
	decode(w.t, w.clientAt(device, "update", region, "--json"), &u)
	if u.Version != after.Version || u.BytesReceived > before.Bytes/10 {
		w.t.Errorf("update from a static site: %+v, want version %d by delta", u, after.Version)
	}
	w.t.Logf("from a static site: %d bytes received in %d requests", u.BytesReceived, u.Requests)
	w.clientAt(device, "verify")
	if shown := w.clientAt(device, "show", place); !strings.Contains(shown, "20:00") {
		w.t.Errorf("show %s does not know the new hours:\n%s", place, shown)
	}
}

// handOn passes a region from device to device in a file, and an update too.
func (w *world) handOn(region string) {
	w.t.Helper()
	whole, way := filepath.Join(w.dir, "whole.pannier"), filepath.Join(w.dir, "way.pannier")
	var held, now pulled
	decode(w.t, w.pannier("status", region, "--json"), &held)
	w.pannier("export", "bundle", "-o", whole)
	w.pannierd("bundle", region, "--from", fmt.Sprint(held.Version), "-o", way)
	friend := filepath.Join(w.dir, "friend")
	w.clientAt(friend, "import", whole)
	w.clientAt(friend, "import", way)
	w.clientAt(friend, "verify")
	decode(w.t, w.clientAt(friend, "status", region, "--json"), &now)
	if now.Version != w.last.Version || now.Manifest != w.last.Manifest {
		w.t.Errorf("after two files: %+v, want version %d", now, w.last.Version)
	}
	bad := []byte(read(w.t, way))
	bad[len(bad)-40] ^= 0x55 // in the last object, before its end, where bits may say nothing
	write(w.t, way, string(bad))
	other := filepath.Join(w.dir, "other")
	w.clientAt(other, "import", whole)
	if out, err := exec.Command(w.client, "--dir", other, "import", way).CombinedOutput(); err == nil {
		w.t.Errorf("a damaged file was installed:\n%s", out)
	}
	w.clientAt(other, "verify")
}

// offline asks a device whose server is gone.
func (w *world) offline(a area, place string) {
	w.t.Helper()
	w.pannier("verify")
	if shown := w.pannier("show", place); !strings.Contains(shown, "19:15") {
		w.t.Errorf("show %s does not know the new hours:\n%s", place, shown)
	}
	for _, args := range [][]string{{"search", a.search}, {"near", a.near}, {"near", a.near, "--category", "food"}, {"tile", a.tile}} {
		if out := w.pannier(args...); len(out) == 0 {
			w.t.Errorf("pannier %s: no answer", strings.Join(args, " "))
		}
	}
	if out, err := exec.Command(w.client, "--dir", w.device, "update").CombinedOutput(); err == nil {
		w.t.Errorf("update without a server succeeded:\n%s", out)
	}
	for _, format := range []string{"pmtiles", "mbtiles", "geojson", "gpx"} {
		w.pannier("export", format, "-o", filepath.Join(w.dir, "export."+format))
	}
	var places struct {
		Features []json.RawMessage `json:"features"`
	}
	decode(w.t, read(w.t, filepath.Join(w.dir, "export.geojson")), &places)
	if len(places.Features) < 500 {
		w.t.Errorf("%d features exported", len(places.Features))
	}
	w.foreignReaders()
	w.pannier("verify")
}

// foreignReaders opens the exports with software written elsewhere.
func (w *world) foreignReaders() {
	w.t.Helper()
	folder := filepath.Join(root(w.t), "clients", "journey", "readers")
	if _, err := os.Stat(filepath.Join(folder, "node_modules")); err != nil {
		w.t.Logf("the foreign readers are not installed: run make test, or npm ci in %s", folder)
		if os.Getenv("CI") != "" {
			w.t.Error("they must be in CI")
		}
		return
	}
	out, err := exec.Command("node", filepath.Join(folder, "read.mjs"),
		filepath.Join(w.dir, "export.pmtiles"), filepath.Join(w.dir, "export.mbtiles")).Output()
	if err != nil {
		w.t.Fatalf("foreign readers: %v\n%s", err, stderr(err))
	}
	type archive struct {
		Tiles  int            `json:"tiles"`
		Layers map[string]int `json:"layers"`
	}
	var found struct{ PMTiles, MBTiles archive }
	decode(w.t, string(out), &found)
	if found.PMTiles.Tiles == 0 || found.PMTiles.Tiles != found.MBTiles.Tiles {
		w.t.Errorf("tiles read: %d of PMTiles, %d of MBTiles", found.PMTiles.Tiles, found.MBTiles.Tiles)
	}
	for _, layer := range []string{"water_lines", "land", "sites", "streets", "street_labels", "boundaries", "place_labels", "buildings", "cycle_routes"} {
		if found.PMTiles.Layers[layer] == 0 || found.PMTiles.Layers[layer] != found.MBTiles.Layers[layer] {
			w.t.Errorf("layer %s: %d features in PMTiles, %d in MBTiles", layer, found.PMTiles.Layers[layer], found.MBTiles.Layers[layer])
		}
	}
	if path, err := exec.LookPath("sqlite3"); err == nil {
		out, err := exec.Command(path, filepath.Join(w.dir, "export.mbtiles"), "PRAGMA integrity_check; SELECT count(*) FROM tiles;").Output()
		if want := fmt.Sprintf("ok\n%d\n", found.MBTiles.Tiles); err != nil || string(out) != want {
			w.t.Errorf("sqlite3 says %q, %v; want %q", out, err, want)
		}
	}
}

// sameForAnyWorkers builds the extract afresh with 1 worker and with 8.
func (w *world) sameForAnyWorkers(a area) {
	w.t.Helper()
	var manifests []string
	for _, workers := range []string{"1", "8"} {
		data := filepath.Join(w.dir, "workers-"+workers)
		w.at(data, "region", "create", a.region, "--name", a.name, "--languages", a.languages)
		w.at(data, "import", a.region, a.extract)
		var p published
		decode(w.t, w.at(data, "publish", a.region, "--workers", workers, "--json"), &p)
		manifests = append(manifests, p.Manifest)
	}
	if len(slices.Compact(manifests)) != 1 {
		w.t.Errorf("manifests with 1 and with 8 workers: %v", manifests)
	}
}
