package main

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A flipped byte in any object of the site is found by fsck, and by each phone
// that needs the object: both name it, and the phone keeps what it has.
func TestFlippedByte(t *testing.T) {
	w := newWorld(t)
	d := w.serve()
	defer d.stop()
	public := filepath.Join(w.data, "public")
	static := httptest.NewServer(http.FileServer(http.Dir(public))) // remembers no answer
	defer static.Close()
	was := w.installed()
	fresh, updates := 0, 0 // pulls that failed
	for _, path := range objects(t, public) {
		name, _ := filepath.Rel(public, path)
		name = filepath.ToSlash(name)
		t.Run(name, func(t *testing.T) {
			w := world{t, w.data, w.phone}
			flip(t, path)
			defer flip(t, path)
			w.pannierd("fsck").wantNamed(t, name+": ")
			none := world{t, w.data, filepath.Join(t.TempDir(), "none")}
			if o := none.pannier("pull", region, "--server", d.url); o.code != 0 {
				fresh++
				o.wantRefused(t, name)
				if o := none.pannier("status", region); o.code != 0 {
					o.wantRefused(t, "not installed")
				} else { // the layers before the damaged one
					none.installed()
				}
			} else {
				none.installed()
			}
			if strings.HasPrefix(name, "v1/blobs/") {
				return // a phone with a version gets a delta
			}
			old := world{t, w.data, filepath.Join(t.TempDir(), "old")}
			copyFolder(t, w.phone, old.phone)
			if o := old.pannier("pull", region, "--server", static.URL); o.code != 0 {
				updates++
				o.wantRefused(t, name)
				old.wantInstalled(was)
			} else {
				old.installed()
			}
		})
	}
	if fresh < 10 || updates < 2 {
		t.Errorf("only %d objects matter to a new phone, %d to one with a version", fresh, updates)
	}
	w.pannierd("fsck").wantDone(t)
}

// The server's own answer to a phone that has a version holds the same cells: not
// the list of them, which the phone works out.
func TestFlippedUpdate(t *testing.T) {
	w := newWorld(t)
	deltas, err := filepath.Glob(filepath.Join(w.data, "public/v1/regions", region, "deltas/*"))
	if err != nil || len(deltas) != 2 {
		t.Fatalf("%d deltas, %v", len(deltas), err)
	}
	for _, delta := range deltas {
		info, err := os.Stat(delta)
		if err != nil {
			t.Fatal(err)
		}
		flipAt(t, delta, int(info.Size())-3) // in the last cell
	}
	d := w.serve()
	defer d.stop()
	was := w.installed()
	o := w.pannier("update", region) // its server is gone
	o.wantRefused(t, region)
	w.pannier("pull", region, "--server", d.url).wantRefused(t, "v1/regions/"+region+"/deltas/")
	w.wantInstalled(was)
}

// A damaged copy of the head that a phone has costs some bytes, nothing more.
func TestFlippedPastHead(t *testing.T) {
	w := newWorld(t)
	for _, path := range objects(t, filepath.Join(w.data, "public/v1/regions", region, "heads")) {
		flipAt(t, path, 2) // in the origin, which the next head repeats
	}
	d := w.serve()
	defer d.stop()
	w.pannier("pull", region, "--server", d.url).wantDone(t)
	w.installed()
	w.pannierd("fsck").wantNamed(t, "v1/regions/"+region+"/heads/")
}

// A damaged manifest stops what needs it, not the server.
func TestDamagedAtStart(t *testing.T) {
	w := newWorld(t)
	var list []struct {
		Manifest string `json:"manifest"`
	}
	if err := json.Unmarshal([]byte(w.pannierd("versions", region, "--json").wantDone(t)), &list); err != nil || len(list) != 3 {
		t.Fatalf("%d versions, %v", len(list), err)
	}
	name := "v1/regions/" + region + "/manifests/" + list[2].Manifest
	flip(t, filepath.Join(w.data, "public", name))
	for _, lost := range []string{"v1/regions/" + region + "/head", "v1/regions.json"} {
		if err := os.Remove(filepath.Join(w.data, "public", lost)); err != nil {
			t.Fatal(err)
		}
		d := w.serve() // writes the head again; the list needs the manifest
		w.pannierd("fsck").wantNamed(t, "v1/regions")
		w.pannier("pull", region, "--server", d.url).wantDone(t) // by delta
		d.stop()
	}
	w.pannierd("publish", region).wantRefused(t, name)
	flip(t, filepath.Join(w.data, "public", name))
	w.pannierd("fsck").wantDone(t)
}

// wantNamed checks that fsck has found an object.
func (o outcome) wantNamed(t *testing.T, name string) {
	t.Helper()
	if o.code != 1 || !strings.Contains(o.stdout, name) {
		t.Errorf("fsck ended with %d and does not name %s:\n%s%s", o.code, name, o.stdout, o.stderr)
	}
	if found := inner.FindString(o.stdout); found != "" {
		t.Errorf("fsck shows %q:\n%s", found, o.stdout)
	}
}

// objects lists the files of a site.
func objects(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// flip changes a bit in the middle of a file, or changes it back.
func flip(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	flipAt(t, path, int(info.Size())/2)
}

func flipAt(t *testing.T, path string, i int) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[i] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
