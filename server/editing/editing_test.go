package editing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/store/badger"
	"github.com/pannier-maps/pannier/server/store/local"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// The actors of the tests: two organisations and an editor.
var (
	ctx    = context.Background()
	farm   = Actor{ID: "user/anna", Organisation: "farm", Provider: "Farm by the Mura"}
	museum = Actor{ID: "user/miha", Organisation: "museum", Trusted: true}
	editor = Actor{ID: "user/eva", Editor: true}
)

// desk opens a desk in a folder, with the region "mura".
func desk(t testing.TB, dir string) *Desk {
	t.Helper()
	meta, err := badgerstore.Open(filepath.Join(dir, "meta"), badgerstore.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { meta.Close() })
	private, err := localstore.Open(filepath.Join(dir, "private"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { private.Close() })
	c, err := catalog.Open(ctx, meta, private)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateRegion(ctx, catalog.Region{ID: "mura", Languages: []string{"sl", "de"}}); err != nil && !errors.Is(err, catalog.ErrExists) {
		t.Fatal(err)
	}
	d, err := Open(ctx, c, meta)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// place makes a POI.
func place(name string) *feature.Feature {
	return &feature.Feature{
		Kind: feature.POI, Category: "shop.farm",
		Geometry:   feature.At(cell.Point{LonE7: 161000000, LatE7: 466000000}),
		Names:      map[string]string{"sl": name},
		Provenance: feature.Provenance{Licence: "CC-BY-4.0"},
	}
}

func put(t *testing.T, d *Desk, a Actor, id, base string, f *feature.Feature) Written {
	t.Helper()
	w, err := d.Put(ctx, a, "mura", Write{Ref: catalog.Ref{ID: id}, Base: base, Feature: f})
	if err != nil {
		t.Fatalf("put %s: %v", id, err)
	}
	return w
}

func TestPut(t *testing.T) {
	d := desk(t, t.TempDir())
	one := put(t, d, museum, "", "", place("Muzej"))
	if !one.Created || !strings.HasPrefix(one.ID, "museum/") || one.Source != "museum" || one.Rev != 1 {
		t.Fatalf("created %+v", one)
	}
	rec, err := d.Get(ctx, "mura", one.Ref)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := d.Read(ctx, rec.Content)
	f, err := feature.Parse(raw)
	if err != nil || f.Collection != "museum" || f.Provenance.Provider != "museum" || f.ID != one.ID || rec.Hash() != one.Hash {
		t.Errorf("it holds %s, %v", raw, err)
	}
	two := put(t, d, museum, one.ID, one.Hash, place("Muzej Mura"))
	if two.Created || two.Rev != 2 || two.Hash == one.Hash {
		t.Errorf("changed %+v", two)
	}
	if same := put(t, d, museum, one.ID, two.Hash, place("Muzej Mura")); !same.Same || same.Rev != 2 {
		t.Errorf("the same again: %+v", same)
	}
	_, err = d.Put(ctx, museum, "mura", Write{Ref: one.Ref, Base: one.Hash, Feature: place("Stari")})
	var conflict *ConflictError
	if !errors.As(err, &conflict) || conflict.Current.Hash() != two.Hash || conflict.Current.By != "user/miha" {
		t.Fatalf("stale write: %v", err)
	}
	if len(conflict.Fields) != 1 || conflict.Fields[0].Path != "names.sl" || string(conflict.Fields[0].After) != `"Muzej Mura"` {
		t.Errorf("what changed: %+v", conflict.Fields)
	}
	if _, err := d.Put(ctx, museum, "mura", Write{Ref: one.Ref, Base: "", Feature: place("Nov")}); !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "was created by user/miha on ") {
		t.Errorf("creating it again: %v", err)
	}
	gone, err := d.Put(ctx, museum, "mura", Write{Ref: one.Ref, Base: Any})
	if err != nil || gone.Hash != "" || gone.Rev != 3 {
		t.Errorf("deleted %+v, %v", gone, err)
	}
	if _, err := d.Get(ctx, "mura", one.Ref); !errors.Is(err, ErrNotFound) {
		t.Errorf("after it was deleted: %v", err)
	}
	if _, err := d.Put(ctx, museum, "mura", Write{Ref: one.Ref, Base: two.Hash}); !errors.Is(err, ErrConflict) {
		t.Errorf("deleting it twice: %v", err)
	}
	back, err := d.Restore(ctx, "mura", one.Ref, 2, "")
	if err != nil {
		t.Fatal(err)
	}
	if w, err := d.Put(ctx, museum, "mura", back); err != nil || w.Hash != two.Hash || w.Rev != 4 {
		t.Errorf("restored %+v, %v", w, err)
	}
	fields, err := d.Compare(ctx, "mura", one.Ref, 1, 2)
	if err != nil || len(fields) != 1 || string(fields[0].Before) != `"Muzej"` {
		t.Errorf("1 to 2: %+v, %v", fields, err)
	}
	history, err := d.History(ctx, "mura", one.Ref, 0, 10)
	if err != nil || len(history) != 4 || history[1].Action != catalog.Deleted {
		t.Errorf("history %+v, %v", history, err)
	}
	lines, err := d.Audit(ctx, "mura", 0, 2)
	if err != nil || len(lines) != 2 || lines[0].Number != 4 || lines[0].By != "user/miha" || lines[0].Organisation != "museum" {
		t.Errorf("audit %+v, %v", lines, err)
	}
}

func TestRefused(t *testing.T) {
	d := desk(t, t.TempDir())
	one := put(t, d, museum, "museum/1", "", place("Muzej"))
	tests := []struct {
		name  string
		actor Actor
		write Write
		want  error
		text  string
	}{
		{"a contributor at once", farm, Write{Ref: catalog.Ref{ID: "farm/1"}, Feature: place("Kmetija")}, ErrForbidden, "propose it as a change"},
		{"another's source", museum, Write{Ref: catalog.Ref{Source: "farm", ID: "farm/1"}, Feature: place("x")}, ErrForbidden, "farm/1 belongs to farm"},
		{"no organisation", Actor{ID: "user/x", Trusted: true}, Write{Feature: place("x")}, ErrInvalid, "source: missing"},
		{"OpenStreetMap's", editor, Write{Ref: catalog.Ref{Source: "osm", ID: "osm/node/1"}, Feature: place("x")}, ErrInvalid, "belongs to OpenStreetMap"},
		{"a bad source", editor, Write{Ref: catalog.Ref{Source: "a/b", ID: "1"}, Feature: place("x")}, ErrInvalid, "is not 1 to 64 of"},
		{"a long id", museum, Write{Ref: catalog.Ref{ID: "museum/" + strings.Repeat("x", 2000)}}, ErrInvalid, "id: 2007 bytes, more than 200"},
		{"a control character", museum, Write{Ref: catalog.Ref{ID: "museum/\x00"}}, ErrInvalid, "id: has the control character U+0000"},
		{"a base that is none", museum, Write{Ref: one.Ref, Base: "ABC", Feature: place("x")}, ErrInvalid, "base: must be a hash"},
		{"another id", museum, Write{Ref: one.Ref, Base: one.Hash, Feature: &feature.Feature{ID: "museum/2"}}, ErrInvalid, `id: "museum/2" is not the feature's id`},
		{"members", museum, Write{Ref: catalog.Ref{ID: "museum/3"}, Feature: &feature.Feature{Category: "shop.moon", Geometry: feature.At(cell.Point{})}}, ErrInvalid, "kind: missing: must be poi, route or notice (and 2 more)"},
		{"an amendment's members", museum, Write{Ref: catalog.Ref{ID: "osm/node/1"}, Feature: &feature.Feature{Contact: &feature.Contact{Email: "x"}}}, ErrInvalid, "contact.email: has no @"},
		{"a service", museum, Write{Ref: catalog.Ref{ID: "osm/node/1"}, Feature: &feature.Feature{Services: []string{"repair", "moon"}}}, ErrInvalid, `services.1: "moon" is no service`},
		{"an aid", museum, Write{Ref: catalog.Ref{ID: "osm/node/1"}, Feature: &feature.Feature{Access: &feature.Access{Aids: []string{"moon"}}}}, ErrInvalid, `accessibility.aids.0: "moon" is no aid`},
		{"opening hours", museum, Write{Ref: catalog.Ref{ID: "osm/node/1"}, Feature: &feature.Feature{OpeningHours: "Mo-Fr 8-12"}}, ErrInvalid, "opening_hours: character 8: a time is written as 08:00"},
		{"deleting nothing", museum, Write{Ref: catalog.Ref{ID: "museum/9"}, Base: Any}, ErrConflict, "there is no museum/9"},
	}
	for _, test := range tests {
		_, err := d.Put(ctx, test.actor, "mura", test.write)
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v, want %q", test.name, err, test.text)
		}
	}
	if _, err := d.Put(ctx, museum, "drava", Write{Feature: place("x")}); !errors.Is(err, catalog.ErrNoRegion) {
		t.Errorf("no region: %v", err)
	}
	amended := put(t, d, museum, "osm/node/1", "", &feature.Feature{OpeningHours: "Mo-Fr 08:00-18:00"})
	if amended.Source != "museum" || !Amends(amended.Ref) {
		t.Errorf("amendment %+v", amended)
	}
	if w, err := d.Put(ctx, editor, "mura", Write{Ref: one.Ref, Base: one.Hash, Feature: place("Muzej Mura")}); err != nil || w.Rev != 2 {
		t.Errorf("an editor writes for an organisation: %+v, %v", w, err)
	}
}

func TestOwnCategory(t *testing.T) {
	d := desk(t, t.TempDir())
	f := place("Vinotoč")
	f.Category = "food.x_vinotoc"
	w := Write{Ref: catalog.Ref{ID: "museum/1"}, Feature: f}
	if _, err := d.Put(ctx, museum, "mura", w); !errors.Is(err, ErrInvalid) {
		t.Errorf("before there is one: %v", err)
	}
	own := catalog.Category{ID: "food.x_vinotoc", Icon: "temaki/grapes", Labels: map[string]string{"sl": "Vinotoč", "de": "Buschenschank"}}
	if err := d.catalog.SetCategory(ctx, "mura", d.stamp(editor), own); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Put(ctx, museum, "mura", w); err != nil {
		t.Error(err)
	}
	own.Icon = "maki/unicorn"
	if err := d.catalog.SetCategory(ctx, "mura", d.stamp(editor), own); !errors.Is(err, catalog.ErrCategory) {
		t.Errorf("another icon: %v", err)
	}
	for _, want := range []error{nil, catalog.ErrNoCategory} {
		if err := d.catalog.DeleteCategory(ctx, "mura", d.stamp(editor), own.ID); !errors.Is(err, want) {
			t.Errorf("deleted: %v, want %v", err, want)
		}
	}
	if all, err := d.catalog.Categories(ctx, "mura"); err != nil || len(all) != 0 {
		t.Errorf("categories %+v, %v", all, err)
	}
}

func TestBatch(t *testing.T) {
	d := desk(t, t.TempDir())
	ref := func(n int) catalog.Ref { return catalog.Ref{Source: "museum", ID: fmt.Sprint("museum/", n)} }
	batch := Batch{Key: "k1", Request: "r1", Writes: []Write{
		{Ref: ref(1), Feature: place("ena")}, {Ref: ref(2), Base: strings.Repeat("0", 64), Feature: place("dve")}, {Ref: ref(1), Feature: place("spet")}, {Ref: ref(3), Feature: &feature.Feature{}},
	}}
	shape := func(done []Written) string {
		var words []string
		for _, w := range done {
			words = append(words, fmt.Sprintf("%d%v", w.Rev, w.Err != nil))
		}
		return strings.Join(words, " ")
	}
	done, err := d.Write(ctx, museum, "mura", batch)
	if err != nil || shape(done) != "1false 0true 0true 0true" || !errors.Is(done[1].Err, ErrConflict) || !errors.Is(done[3].Err, ErrInvalid) {
		t.Fatalf("first: %+v, %v", done, err)
	}
	again, err := d.Write(ctx, museum, "mura", batch)
	if err != nil || shape(again) != shape(done) || again[0].Hash != done[0].Hash {
		t.Errorf("the same request again: %+v, %v", again, err)
	}
	batch.Request = "r2"
	if _, err := d.Write(ctx, museum, "mura", batch); !errors.Is(err, ErrKeyReused) {
		t.Errorf("another request under the key: %v", err)
	}
	atomic := Batch{Atomic: true, Writes: []Write{{Ref: ref(4), Feature: place("štiri")}, {Ref: ref(1), Feature: place("ena")}}}
	done, err = d.Write(ctx, museum, "mura", atomic)
	if err != nil || !errors.Is(done[0].Err, ErrNotWritten) || !errors.Is(done[1].Err, ErrConflict) {
		t.Errorf("atomic: %+v, %v", done, err)
	}
	if _, err := d.Get(ctx, "mura", ref(4)); !errors.Is(err, ErrNotFound) {
		t.Errorf("an atomic batch that failed wrote: %v", err)
	}
	if _, err := d.Write(ctx, museum, "mura", Batch{Writes: make([]Write, MaxBatch+1)}); !errors.Is(err, ErrTooMany) {
		t.Errorf("too many: %v", err)
	}
	tomorrow := d.now().Add(answerLife + 1)
	d.now = func() time.Time { return tomorrow }
	if err := d.Forget(ctx); err != nil {
		t.Fatal(err)
	}
	batch.Writes = batch.Writes[:1]
	if done, err = d.Write(ctx, museum, "mura", batch); err != nil || !errors.Is(done[0].Err, ErrConflict) {
		t.Errorf("after a day: %+v, %v", done, err)
	}
}

func TestDiff(t *testing.T) {
	tests := []struct {
		before, after string
		want          []string
	}{
		{`{"a":1}`, `{"a":1}`, nil},
		{`{"names":{"de":"x","sl":"y"},"kind":"poi"}`, `{"names":{"de":"z","hu":"k"},"kind":"poi"}`, []string{`names.de "x" "z"`, `names.hu  "k"`, `names.sl "y" `}},
		{`{"geometry":{"type":"Point","coordinates":[1,2]}}`, `{"geometry":{"type":"Point","coordinates":[1,3]}}`, []string{`geometry {"type":"Point","coordinates":[1,2]} {"type":"Point","coordinates":[1,3]}`}},
		{`{"contact":{"phone":"1"}}`, `{}`, []string{`contact.phone "1" `}},
		{`{"price":{"from":1}}`, `{}`, []string{`price {"from":1} `}},
		{`{"price":{"from":1}}`, `{"price":{"from":2}}`, []string{`price.from 1 2`}},
		{`{"media":[1]}`, `{"media":[1,2]}`, []string{`media [1] [1,2]`}},
		{``, `{"id":"a/1","names":{"de":"x"}}`, []string{`id  "a/1"`, `names.de  "x"`}},
	}
	for _, test := range tests {
		var got []string
		for _, f := range Diff([]byte(test.before), []byte(test.after)) {
			got = append(got, fmt.Sprintf("%s %s %s", f.Path, f.Before, f.After))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s to %s: %q, want %q", test.before, test.after, got, test.want)
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add(writeCursor(catalog.Ref{Source: "farm", ID: "farm/1"}))
	f.Add("bm9uZQ")
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := readCursor(text)
		if err != nil {
			if !errors.Is(err, ErrCursor) {
				t.Fatal(err)
			}
			return
		}
		if again, err := readCursor(writeCursor(ref)); text != "" && (err != nil || again != ref) {
			t.Fatalf("%q became %v, %v", ref, again, err)
		}
	})
}

func FuzzDiff(f *testing.F) {
	f.Add([]byte(`{"names":{"de":"x"},"geometry":{"type":"Point"}}`), []byte(`{"names":{"sl":"y"},"tour":{"stages":[1]}}`))
	f.Add([]byte(``), []byte(`{"a":{"b":{"c":1}}}`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if len(Diff(a, a)) != 0 {
			t.Fatal("something differs from itself")
		}
		if forth, back := Diff(a, b), Diff(b, a); len(forth) != len(back) {
			t.Fatalf("%d fields differ one way, %d the other", len(forth), len(back))
		}
	})
}
