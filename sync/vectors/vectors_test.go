// Package vectors holds files that every implementation of the formats must
// agree on: a small site of three versions under two roots, what each
// version holds, and objects that must be refused. README.md in testdata says how to use them.
//
// Run the test with -update to write the files anew. Files that change mean a
// change of format: raise its version and say so in its FORMAT.md.
package vectors

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/delta"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/root"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/vector"
)

var update = flag.Bool("update", false, "write the files anew")

const folder = "testdata"

// expected is what expected.json says.
type expected struct {
	Site     string            `json:"site"`
	Region   string            `json:"region"`
	Roots    []expectedRoot    `json:"roots"`
	Versions []expectedVersion `json:"versions"`
	Updates  []expectedUpdate  `json:"updates"`
	Covers   []expectedCover   `json:"covers"`
	Newer    expectedNewer     `json:"newer"`
	Refused  []refused         `json:"refused"`
}

// expectedUpdate is what a server answered to a device at version From when To
// was the newest.
type expectedUpdate struct {
	From  int    `json:"from"`
	To    int    `json:"to"`
	File  string `json:"file"`
	Short bool   `json:"short"`
}

type expectedRoot struct {
	Version     uint64    `json:"version"`
	Issued      time.Time `json:"issued"`
	Expires     time.Time `json:"expires"`
	Threshold   int       `json:"threshold"`
	Keys        []string  `json:"keys"`
	Fingerprint string    `json:"fingerprint"`
	Note        string    `json:"note"`    // the signed root, as text
	Secrets     []string  `json:"secrets"` // that signed it, in this order; they protect nothing
}

type expectedVersion struct {
	Version  uint64          `json:"version"`
	Issued   time.Time       `json:"issued"`
	Expires  time.Time       `json:"expires"`
	Manifest blob.Hash       `json:"manifest"`
	Previous blob.Hash       `json:"previous"` // SHA-256 of the version before's note
	Root     uint64          `json:"root"`     // that the head names
	Note     string          `json:"note"`     // the signed head, as text
	Secret   string          `json:"secret"`   // that signed it; it protects nothing
	Cells    []expectedCell  `json:"cells"`
	Meta     json.RawMessage `json:"meta"`
}

type expectedCell struct {
	Layer  string         `json:"layer"`
	Cell   string         `json:"cell"` // z/x/y
	Hash   blob.Hash      `json:"hash"`
	Raw    uint32         `json:"raw"`
	Stored uint32         `json:"stored"`
	Items  []expectedItem `json:"items"`
}

type expectedItem struct {
	Key   string `json:"key"`   // hex
	Value string `json:"value"` // SHA-256 of the value, hex
	Bytes int    `json:"bytes"`
}

// refused is an object that a reader must refuse, in place of the one it is
// named after.
type refused struct {
	File   string `json:"file"`   // below refused/
	Object string `json:"object"` // whose place it takes
	Reason string `json:"reason"`
}

// steady is a source of the same bytes each time.
type steady struct{ *rand.ChaCha8 }

func newSteady() steady {
	return steady{rand.NewChaCha8([32]byte([]byte("pannier test vectors, not secret")))}
}

// content is the region over its three versions.
func content(version int) map[cell.Key][]byte {
	cells := make(map[cell.Key][]byte)
	place := func(id, name, hours string, e7 string) []byte {
		return fmt.Appendf(nil, `{"category":"food.cafe","collection":"test","geometry":{"coordinates":[%s],"type":"Point"},"id":%q,"kind":"poi","names":{"und":%q},"opening_hours":%q}`, e7, id, name, hours)
	}
	hours := "Mo-Su 09:00-18:00"
	if version >= 3 {
		hours = "Tu-Su 10:00-17:00"
	}
	var features []byte
	features = cell.AppendItem(features, []byte("test/1"), place("test/1", "Kavarna pri Muri", hours, "16.1,46.6"))
	if version >= 2 {
		features = cell.AppendItem(features, []byte("test/2"), place("test/2", "Čarda ž đ ő ß", "24/7", "16.11,46.61"))
	}
	cells[cell.Key{Layer: cell.Features, ID: cell.New(11, 1115, 724)}] = features
	noise := newSteady()
	tile := make([]byte, 600)
	noise.Read(tile)
	var tiles []byte
	tiles = cell.AppendItem(tiles, cell.TileKey(cell.New(11, 1115, 724)), tile)
	tiles = cell.AppendItem(tiles, cell.TileKey(cell.New(14, 8921, 5793)), bytes.Repeat([]byte("water "), 40+version))
	cells[cell.Key{Layer: cell.Tiles, ID: cell.New(11, 1115, 724)}] = tiles
	cells[cell.Key{Layer: cell.Tiles, ID: cell.World}] = cell.AppendItem(nil, cell.TileKey(cell.World), []byte("the same in all versions"))
	if version >= 2 { // new and worth packing
		cells[cell.Key{Layer: cell.Media, ID: cell.New(7, 69, 46)}] = cell.AppendItem(nil, []byte("a"), bytes.Repeat([]byte("plum jam "), 30))
	}
	if version >= 3 { // new and not worth packing
		cells[cell.Key{Layer: cell.Media, ID: cell.New(7, 69, 47)}] = cell.AppendItem(nil, []byte("a"), []byte("jam"))
	}
	cells[cell.Key{Layer: cell.Tiles, ID: cell.New(11, 1115, 725)}] = streets(version)
	if version == 1 {
		cells[cell.Key{Layer: cell.Media, ID: cell.New(7, 69, 45)}] = cell.AppendItem(nil, []byte("a"), []byte("gone in version 2"))
	}
	return cells
}

// streets returns a cell of two real tiles: points, lines and areas, and from
// version 2 on a street more, with a name that moves the numbers of others.
func streets(version int) (raw []byte) {
	var e vector.Encoder
	for tile := range uint32(2) {
		var places, roads, water []vector.Feature
		for i := range int32(6) {
			name := vector.Attrs(vector.AppendAttr(vector.AppendAttr(nil, "kind", vector.String("residential")), "name", vector.String(fmt.Sprintf("Ulica %d", i))))
			roads = append(roads, shape(vector.Lines, name, i*500, 4000-i*30, 90, -20, 70, 10))
			places = append(places, shape(vector.Points, vector.Attrs(vector.AppendAttr(nil, "rank", vector.Int(int64(i-2)))), i*300, i*400))
		}
		if version >= 2 {
			roads = append(roads, shape(vector.Lines, vector.Attrs(vector.AppendAttr(nil, "name", vector.String("Cesta"))), 1000, 1000, -1100, 12, 5, 5))
			roads[3].Geometry.Points[2].X += int32(version)
		}
		water = append(water, shape(vector.Polygons, "", 100, 100, 300, 0, 0, 300, -300, 0))
		layers := e.AppendLayer(nil, "water", water)
		layers = e.AppendLayer(layers, "streets", roads)
		layers = e.AppendLayer(layers, "places", places)
		raw = cell.AppendItem(raw, cell.TileKey(cell.New(14, 8920+tile, 5800)), layers)
	}
	return raw
}

// shape returns a feature of one part, whose points are told by their distances.
func shape(kind vector.GeomType, attrs vector.Attrs, steps ...int32) vector.Feature {
	f := vector.Feature{Type: kind, Attrs: attrs}
	var at vector.TilePoint
	for i := 0; i < len(steps); i += 2 {
		at.X += steps[i]
		at.Y += steps[i+1]
		f.Geometry.Points = append(f.Geometry.Points, at)
	}
	f.Geometry.Close()
	return f
}

func writeFiles(t *testing.T) {
	for _, old := range []string{"site", "refused"} {
		if err := os.RemoveAll(filepath.Join(folder, old)); err != nil {
			t.Fatal(err)
		}
	}
	objects, ledger := sitetest.NewObjects(), sitetest.NewLedgerOf(t, "vectors.example", "test")
	want := expected{Site: "vectors.example", Region: "test"}
	secrets := [][]string{{ledger.RootSecret}, {ledger.RootSecret}} // that sign each root
	var headSecrets []string                                        // that sign each version
	for v := 1; v <= 3; v++ {
		if v == 3 {
			secrets[1] = append(secrets[1], rotate(t, ledger)...)
		}
		headSecrets = append(headSecrets, ledger.Region.Secret)
		p := publish.Publisher{Objects: objects, Ledger: ledger, Now: func() time.Time { return time.Date(2026, 1, v, 12, 0, 0, 0, time.UTC) }}
		c := sitetest.Content(content(v))
		c.Meta.Languages = []string{"sl", "hr"}
		c.Meta.Bounds = [4]int32{160000000, 465000000, 162000000, 467000000}
		c.Meta.Licences = []manifest.Licence{{ID: "CC0-1.0", Attribution: "Test vectors"}}
		if _, err := p.Publish(context.Background(), ledger.Region, c, publish.Note{Message: fmt.Sprintf("version %d", v)}); err != nil {
			t.Fatal(err)
		}
		if v > 1 {
			want.Updates = append(want.Updates, writeUpdate(t, objects, ledger, v))
		}
	}
	versions, _ := ledger.Versions(context.Background(), "test")
	want.Refused = writeRefused(t, objects, ledger, versions, secrets[1])
	roots, _ := ledger.Roots(context.Background())
	for i, note := range roots {
		r, err := root.Peek(note)
		if err != nil {
			t.Fatal(err)
		}
		want.Roots = append(want.Roots, expectedRoot{
			r.Version, r.Issued, r.Expires, r.Threshold, r.Keys, root.Fingerprint(note), string(note), secrets[i],
		})
	}
	for i, v := range versions {
		want.Versions = append(want.Versions, describe(t, objects, v))
		want.Versions[i].Secret = headSecrets[i]
	}
	want.Covers = covers(t)
	want.Newer = writeNewer(t)
	for _, name := range objects.Names() {
		data, _ := objects.Get(context.Background(), name)
		write(t, filepath.Join("site", name), data)
	}
	data, err := json.MarshalIndent(want, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	write(t, "expected.json", append(data, '\n'))
}

// writeUpdate asks for the way from version 1 to the newest.
func writeUpdate(t *testing.T, objects *sitetest.Objects, ledger *sitetest.Ledger, newest int) expectedUpdate {
	t.Helper()
	versions, err := ledger.Versions(context.Background(), "test")
	if err != nil {
		t.Fatal(err)
	}
	first := versions[0]
	body, _, err := publish.NewUpdates(objects).Update(context.Background(), "test", first.Manifest.Short(), blob.Sum(first.Head).Short(), false)
	if err != nil {
		t.Fatal(err)
	}
	u := expectedUpdate{From: 1, To: newest, File: fmt.Sprintf("update-1-%d", newest), Short: body[0] == delta.ShortUpdate}
	write(t, u.File, body)
	return u
}

// rotate adds a root of two more keys, of which any two of the three sign from
// then on, that gives the region a new key. It returns the first of the two.
func rotate(t *testing.T, ledger *sitetest.Ledger) []string {
	t.Helper()
	second, secondPublic := sitetest.Pair(t, "vectors.example/second")
	_, thirdPublic := sitetest.Pair(t, "vectors.example/third")
	secret, public := sitetest.Pair(t, "vectors.example/test")
	ledger.AddRoot(t, func(r *root.Root) {
		r.Issued = time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
		r.Threshold, r.Keys = 2, append(r.Keys, secondPublic, thirdPublic)
		r.Heads = []root.HeadKey{{Region: "test", Epoch: 1, Cap: 1000, Key: public}}
	}, ledger.RootSecret, second)
	ledger.Region.Secret = secret
	return []string{second}
}

// describe says what a version holds.
func describe(t *testing.T, objects *sitetest.Objects, v publish.Version) expectedVersion {
	t.Helper()
	h, err := head.Peek(v.Head)
	if err != nil {
		t.Fatal(err)
	}
	m, err := publish.ReadManifest(context.Background(), objects, "test", v.Manifest, v.Raw)
	if err != nil {
		t.Fatal(err)
	}
	meta, err := json.Marshal(m.Meta)
	if err != nil {
		t.Fatal(err)
	}
	out := expectedVersion{
		Version: v.Number, Issued: h.Issued, Expires: h.Expires, Manifest: v.Manifest, Previous: h.Previous, Root: h.Root, Note: string(v.Head), Meta: meta,
	}
	for _, e := range m.Entries {
		c := expectedCell{Layer: e.Key.Layer.String(), Cell: e.Key.ID.String(), Hash: e.Hash, Raw: e.Raw, Stored: e.Stored}
		for item, err := range cell.Items(content(int(v.Number))[e.Key]) {
			if err != nil {
				t.Fatal(err)
			}
			c.Items = append(c.Items, expectedItem{fmt.Sprintf("%x", item.Key), blob.Sum(item.Value).String(), len(item.Value)})
		}
		out.Cells = append(out.Cells, c)
	}
	return out
}

// writeRefused makes the objects that a reader at version 2 must refuse.
func writeRefused(t *testing.T, objects *sitetest.Objects, ledger *sitetest.Ledger, versions []publish.Version, secrets []string) []refused {
	t.Helper()
	ctx := context.Background()
	var all []refused
	add := func(file, object, reason string, data []byte) {
		write(t, filepath.Join("refused", file), data)
		all = append(all, refused{file, object, reason})
	}
	note := versions[2].Head
	h, err := head.Peek(note)
	if err != nil {
		t.Fatal(err)
	}
	signed := func(change func(h *head.Head)) []byte {
		c := *h
		change(&c)
		out, err := c.Sign(ledger.Region.Secret)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	at := layout.Head("test")
	add("head-rollback", at, "version 1 is older than the installed version 2", versions[0].Head)
	add("head-flipped", at, "the signature does not fit the text", bytes.Replace(note, []byte("version 3"), []byte("version 4"), 1))
	add("head-other-region", at, "the origin is another region's", signed(func(h *head.Head) { h.Origin = head.Origin("vectors.example", "other") }))
	add("head-equivocal", at, "version 2 with another manifest than the installed version 2", signed(func(h *head.Head) { h.Version = 2 }))
	add("head-unsigned", at, "there is no signature", note[:bytes.Index(note, []byte("\n\n"))+2])
	add("head-cut", at, "cut short", note[:len(note)/2])
	add("head-epoch", at, "another epoch than the root's", signed(func(h *head.Head) { h.Epoch = 2 }))
	add("head-cap", at, "a version above the key's cap", signed(func(h *head.Head) { h.Version = 1001 }))
	add("head-root-withheld", at, "it names a root that the site does not have", signed(func(h *head.Head) { h.Root = 3 }))
	roots, err := ledger.Roots(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range badRoots(t, roots, secrets) {
		add(r.file, layout.Root(2), r.reason, r.note)
	}
	name := layout.Delta("test", versions[1].Manifest, versions[2].Manifest)
	good, err := objects.Get(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)-3] ^= 1
	add("delta-flipped", name, "a cell comes out with another hash", flipped)
	add("delta-cut", name, "cut short", good[:len(good)-1])
	add("delta-long", name, "bytes after the last segment", append(bytes.Clone(good), 0))
	other, err := objects.Get(ctx, layout.Delta("test", versions[0].Manifest, versions[1].Manifest))
	if err != nil {
		t.Fatal(err)
	}
	add("delta-other-base", name, "it starts from another manifest", other)
	newer := bytes.Clone(good)
	newer[4] = 2
	add("delta-newer", name, "a format that this reader does not know", newer)
	return all
}

type badRoot struct {
	file, reason string
	note         []byte
}

// badRoots makes notes that must not be taken for root 2. The first secret is
// root 1's, both sign root 2.
func badRoots(t *testing.T, roots [][]byte, secrets []string) []badRoot {
	t.Helper()
	r, err := root.Peek(roots[1])
	if err != nil {
		t.Fatal(err)
	}
	third, thirdPublic := sitetest.Pair(t, "vectors.example/else")
	signed := func(change func(r *root.Root), secrets ...string) []byte {
		c := *r
		c.Keys = slices.Clone(r.Keys)
		change(&c)
		return sitetest.SignRoot(t, c, secrets...)
	}
	same := func(*root.Root) {}
	cut := bytes.Index(roots[1], []byte("\n\n")) + 2
	return []badRoot{
		{"root-skipped", "version 3 does not follow version 1", signed(func(r *root.Root) { r.Version = 3 }, secrets...)},
		{"root-new-keys-only", "no signature of root 1's key", signed(func(r *root.Root) { r.Keys = append(r.Keys, thirdPublic) }, secrets[1], third)},
		{"root-old-key-only", "one of the two signatures that it asks for itself", signed(same, secrets[0])},
		{"root-one-key-twice", "one key's signature twice is one signature", append(signed(same, secrets[0]), signed(same, secrets[0])[cut:]...)},
		{"root-other-site", "of another site", signed(func(r *root.Root) { r.Site = "else.example" }, secrets...)},
		{"root-unsigned", "there is no signature", signed(same)},
		{"root-flipped", "the signatures do not fit the text", bytes.Replace(roots[1], []byte("threshold 2"), []byte("threshold 1"), 1)},
		{"root-short-key", "a key of 31 bytes", bytes.Replace(roots[1], []byte("head test 1 1000"), []byte("root x+903df251+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nhead test 1 1000"), 1)},
		{"root-cut", "cut short", roots[1][:len(roots[1])-20]},
	}
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	path := filepath.Join(folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

var once sync.Once // keys are other ones each time

func load(t *testing.T) (expected, http.Handler) {
	t.Helper()
	if *update {
		once.Do(func() { writeFiles(t) })
	}
	data, err := os.ReadFile(filepath.Join(folder, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want expected
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	return want, http.FileServer(http.Dir(filepath.Join(folder, "site")))
}

// from serves the site as it was at a version, with objects put in the place
// of others.
func from(site http.Handler, want expected, version int, instead map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		if file, ok := instead[name]; ok {
			http.ServeFile(w, r, filepath.Join(folder, file))
			return
		}
		if name == layout.Head("test") {
			w.Write([]byte(want.Versions[version-1].Note))
			return
		}
		site.ServeHTTP(w, r)
	})
}

func pullFrom(t *testing.T, h http.Handler, d *sitetest.Device, first expectedRoot) (pull.Result, error) {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	c := pull.NewClient(server.URL)
	defer c.Close()
	return c.Pull(context.Background(), "test", d, pull.Options{Stage: filepath.Join(t.TempDir(), "stage"), Root: []byte(first.Note)})
}

// TestEachVersion pulls each version afresh and along every way.
func TestEachVersion(t *testing.T) {
	want, site := load(t)
	for start := 0; start < 3; start++ {
		d := new(sitetest.Device)
		for version := max(start, 1); version <= 3; version++ {
			if start > 0 && version > start && version < 3 {
				continue // straight to 3
			}
			if _, err := pullFrom(t, from(site, want, version, nil), d, want.Roots[0]); err != nil {
				t.Fatalf("from %d to %d: %v", start, version, err)
			}
			checkDevice(t, d, want.Versions[version-1])
		}
	}
}

func checkDevice(t *testing.T, d *sitetest.Device, want expectedVersion) {
	t.Helper()
	cells := d.Cells()
	if len(cells) != len(want.Cells) {
		t.Errorf("version %d: %d cells, want %d", want.Version, len(cells), len(want.Cells))
	}
	for key, raw := range cells {
		i := slices.IndexFunc(want.Cells, func(c expectedCell) bool { return c.Layer+" "+c.Cell == key.String() })
		if i < 0 || want.Cells[i].Hash != blob.Sum(raw) {
			t.Errorf("version %d: cell %s does not fit", want.Version, key)
			continue
		}
		n := 0
		for item, err := range cell.Items(raw) {
			if err != nil {
				t.Fatal(err)
			}
			if w := want.Cells[i].Items[n]; w.Key != fmt.Sprintf("%x", item.Key) || w.Value != blob.Sum(item.Value).String() {
				t.Errorf("version %d: cell %s item %d differs", want.Version, key, n)
			}
			n++
		}
	}
}

// TestUpdateObject reads the answers of a server that offers head and delta at once.
func TestUpdateObject(t *testing.T) {
	want, site := load(t)
	for _, u := range want.Updates {
		d := new(sitetest.Device)
		if _, err := pullFrom(t, from(site, want, u.From, nil), d, want.Roots[0]); err != nil {
			t.Fatal(err)
		}
		name := layout.Update("test", want.Versions[u.From-1].Manifest)
		r, err := pullFrom(t, from(site, want, u.From, map[string]string{name: u.File}), d, want.Roots[0])
		requests := 1
		if !u.Short {
			requests = 2 // one for the second root
		}
		if err != nil || r.Head.Version != uint64(u.To) || int(r.Requests) != requests {
			t.Fatalf("%s: %+v, %v", u.File, r, err)
		}
		checkDevice(t, d, want.Versions[u.To-1])
	}
}

// TestRefused offers each bad object to a device at version 2.
func TestRefused(t *testing.T) {
	want, site := load(t)
	if len(want.Refused) == 0 {
		t.Fatal("no objects to refuse")
	}
	for _, r := range want.Refused {
		d := new(sitetest.Device)
		if _, err := pullFrom(t, from(site, want, 2, nil), d, want.Roots[0]); err != nil {
			t.Fatal(err)
		}
		_, err := pullFrom(t, from(site, want, 3, map[string]string{r.Object: "refused/" + r.File}), d, want.Roots[0])
		if err == nil {
			t.Errorf("%s (%s): accepted", r.File, r.Reason)
		} else if !strings.Contains(err.Error(), r.Object) {
			t.Errorf("%s: error %v does not name %s", r.File, err, r.Object)
		}
		checkDevice(t, d, want.Versions[1])
	}
}

// TestEncodersGiveTheseBytes checks that what does not depend on a compressor's
// mood is written today as it stands in the files.
func TestEncodersGiveTheseBytes(t *testing.T) {
	want, _ := load(t)
	for _, expected := range want.Roots {
		r, err := root.Peek([]byte(expected.Note))
		if err != nil {
			t.Fatal(err)
		}
		if again := sitetest.SignRoot(t, *r, expected.Secrets...); string(again) != expected.Note || root.Fingerprint(again) != expected.Fingerprint {
			t.Errorf("root %d is written as\n%s", expected.Version, again)
		}
	}
	for _, v := range want.Versions {
		r, err := root.Peek([]byte(want.Roots[v.Root-1].Note))
		if err != nil {
			t.Fatal(err)
		}
		h, err := r.OpenHead([]byte(v.Note), want.Region)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := h.Sign(v.Secret); err != nil || string(again) != v.Note {
			t.Errorf("version %d: head is written as\n%s%v", v.Version, again, err)
		}
		m := &manifest.Manifest{}
		if err := json.Unmarshal(v.Meta, &m.Meta); err != nil {
			t.Fatal(err)
		}
		for _, c := range v.Cells {
			m.Entries = append(m.Entries, manifest.Entry{Key: parseKey(t, c), Hash: c.Hash, Raw: c.Raw, Stored: c.Stored})
		}
		if got, err := m.Hash(); err != nil || got != v.Manifest {
			t.Errorf("version %d: manifest %s, %v, want %s", v.Version, got, err, v.Manifest)
		}
	}
	if got, want := len(content(1)), len(want.Versions[0].Cells); got != want {
		t.Errorf("version 1 has %d cells, want %d", got, want)
	}
}

func parseKey(t *testing.T, c expectedCell) cell.Key {
	t.Helper()
	id, err := cell.Parse(c.Cell)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range cell.Layers() {
		if l.String() == c.Layer {
			return cell.Key{Layer: l, ID: id}
		}
	}
	t.Fatalf("layer %q", c.Layer)
	return cell.Key{}
}

// TestDeltasReplay applies each published delta segment by segment.
func TestDeltasReplay(t *testing.T) {
	want, _ := load(t)
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(folder, "site", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	open := func(v expectedVersion) *manifest.Manifest {
		h, err := head.Peek([]byte(v.Note))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := blob.Open(read(layout.Manifest("test", v.Manifest)), int(h.ManifestRaw), v.Manifest)
		if err != nil {
			t.Fatal(err)
		}
		m, err := manifest.Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	codecs := make(map[delta.Codec]int)
	for i := range 2 {
		a, b := want.Versions[i], want.Versions[i+1]
		data := read(layout.Delta("test", a.Manifest, b.Manifest))
		err := delta.Check(context.Background(), data, open(a), open(b), func(_ context.Context, name blob.Hash) ([]byte, error) {
			return read(layout.Blob(name)), nil
		})
		d, parseErr := delta.Parse(data)
		if err = errors.Join(err, parseErr); err != nil {
			t.Fatalf("delta %d to %d: %v", a.Version, b.Version, err)
		}
		for _, s := range d.Segments {
			codecs[s.Codec]++
		}
	}
	if got, want := slices.Sorted(maps.Keys(codecs)), []delta.Codec{delta.Raw, delta.Plain, delta.Edit, delta.Tiles}; !slices.Equal(got, want) {
		t.Errorf("the deltas use codecs %v, want each of %v", got, want)
	}
}
