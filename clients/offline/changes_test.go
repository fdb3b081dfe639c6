package offline_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/clients/guide/changes"
	"github.com/pannier-maps/pannier/clients/offline"
)

// told returns what the last update of a region brought, in words.
func told(t *testing.T, r *offline.Region) (texts []string) {
	t.Helper()
	l, err := r.Changes(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range l.Tell(changes.Options{}) {
		texts = append(texts, line.Text)
	}
	return texts
}

func TestChanges(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	install(t, r, 1, town())
	if _, err := r.Changes(ctx); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Changes after the first install: %v, want fs.ErrNotExist", err)
	}
	install(t, r, 2, changed())
	want := []string{
		"Kerékpárszerviz Győr · Repair station: moved by 137 km",
		"Gostilna pri Đurđici · Restaurant: opening hours now Mo-Fr 10:00-22:00",
		"gone: Gasthof Weiße Straße · Restaurant",
	}
	got := told(t, r)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	if l, _ := r.Changes(ctx); l.From != 1 || l.To != 2 {
		t.Errorf("the list is about versions %d and %d", l.From, l.To)
	}
	// A version in which no place changed brings nothing.
	c := changed()
	c.Tiles[square(0)] = []byte("a tile")
	install(t, r, 3, c)
	if got := told(t, r); got != nil {
		t.Errorf("told %q, want nothing", got)
	}
}

// TestSelectionIsNoNews extends and shrinks: what that brings is not new.
func TestSelectionIsNoNews(t *testing.T) {
	v := newValley(t)
	r := open(t, filepath.Join(t.TempDir(), "drava.mbtiles"))
	v.pull(r, along(0, 1))
	v.addPlace(0)
	v.addPlace(5)
	v.publish()
	v.pull(r, along(0, 2))
	first, _ := r.Changes(ctx)
	if first.Total() != 1 || first.Changes[0].What != changes.New {
		t.Errorf("%+v, want the one new place", first)
	}
	v.pull(r, along(0, 0))
	if again, _ := r.Changes(ctx); again.Total() != 1 || again.To != first.To {
		t.Errorf("after shrinking: %+v, want what the last version brought", again)
	}
}
