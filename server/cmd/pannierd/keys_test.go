package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/signed"
)

// trusted returns what "keys show" says.
func (w world) trusted() (t trusted) {
	w.t.Helper()
	if err := json.Unmarshal([]byte(w.pannierd("keys", "show", "--json").wantDone(w.t)), &t); err != nil {
		w.t.Fatal(err)
	}
	return t
}

// wantUpdated has the phone update and checks the version and the root.
func (w world) wantUpdated(d *daemon, version, root uint64) {
	w.t.Helper()
	w.pannier("pull", region, "--server", d.url).wantDone(w.t)
	w.pannier("verify").wantDone(w.t)
	note, err := os.ReadFile(filepath.Join(w.data, "public", filepath.FromSlash(layout.Head(region))))
	if err != nil {
		w.t.Fatal(err)
	}
	h, err := head.Peek(note)
	if err != nil || h.Version != version || h.Root != root {
		w.t.Errorf("the head is version %d of root %d, want %d of %d", h.Version, h.Root, version, root)
	}
	if out := w.pannierd("fsck"); out.code != 0 {
		w.t.Errorf("fsck:\n%s", out.stdout)
	}
}

// TestKeys goes through the life of a site's keys, with a phone that follows.
func TestKeys(t *testing.T) {
	w := newWorld(t)
	d := w.serve()
	rootKey := filepath.Join(w.data, rootKeyFile)
	if info, err := os.Stat(filepath.Join(made.data, rootKeyFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("root.key: %v, %v", info, err)
	}
	first := w.trusted()
	if first.Root != 1 || len(first.HeadKeys) != 1 || !first.HeadKeys[0].Here {
		t.Errorf("keys show: %+v", first)
	}
	w.wantUpdated(d, 3, 1)

	// Rotation, and publishing after it, with the root key in its first place.
	w.pannierd("keys", "head-rotate", region, "--cap", "1000").wantDone(t)
	if now := w.trusted(); now.Root != 2 || now.HeadKeys[0].Cap != 1000 || now.HeadKeys[0].Key == first.HeadKeys[0].Key || now.Fingerprint != first.Fingerprint {
		t.Errorf("after the rotation: %+v", now)
	}
	w.wantUpdated(d, 3, 2)
	w.pannierd("import", region, hut(t, "Refugi alt")).wantDone(t)
	w.pannierd("publish", region).wantDone(t)
	w.wantUpdated(d, 4, 2)

	// The key is moved away: nothing changes without it.
	stick := filepath.Join(t.TempDir(), "stick.key")
	if err := os.Rename(rootKey, stick); err != nil {
		t.Fatal(err)
	}
	w.pannierd("keys", "head-rotate", region).wantRefused(t, "--key", "--draft")
	w.pannierd("keys", "epoch-raise", region, "--key", stick).wantDone(t)
	if now := w.trusted(); now.Root != 3 || now.HeadKeys[0].Epoch != 2 {
		t.Errorf("after epoch-raise: %+v", now)
	}
	w.wantUpdated(d, 4, 3)

	// Two of three keys, in other hands.
	dir := t.TempDir()
	second, third, draft := filepath.Join(dir, "second.key"), filepath.Join(dir, "third.key"), filepath.Join(dir, "next.root")
	public := strings.TrimSpace(w.pannierd("keys", "root-key", second, "--name", "second").wantDone(t))
	public3 := strings.TrimSpace(w.pannierd("keys", "root-key", third, "--name", "third").wantDone(t))
	w.pannierd("keys", "root-key", third).wantRefused(t, "third.key")
	w.pannierd("keys", "root-draft", draft, "--threshold", "2", "--add", public, "--add", public3).wantDone(t)
	w.pannierd("keys", "root-publish", draft).wantRefused(t, "corrupt root")
	elsewhere := world{t, filepath.Join(dir, "none"), filepath.Join(dir, "phone")}
	elsewhere.pannierd("keys", "root-sign", "--key", stick, draft).wantDone(t)
	w.pannierd("keys", "root-publish", draft).wantRefused(t, "1 of the 2 signatures")
	elsewhere.pannierd("keys", "root-sign", "--key", second, draft).wantDone(t)
	if _, err := os.Stat(elsewhere.data); err == nil {
		t.Error("root-sign has made a data folder")
	}
	w.pannierd("keys", "root-publish", draft).wantDone(t)
	w.pannierd("keys", "root-publish", draft).wantRefused(t, "root")
	w.wantUpdated(d, 4, 4)

	// A second key beside the first, and its end.
	w.pannierd("keys", "head-rotate", region, "--keep", "--key", stick).wantRefused(t, "1 of the 2 signatures")
	w.pannierd("keys", "head-rotate", region, "--keep", "--key", stick, "--key", third).wantDone(t)
	both := w.trusted()
	if len(both.HeadKeys) != 2 {
		t.Fatalf("after --keep: %+v", both)
	}
	id := signed.ID(both.HeadKeys[0].Key)
	w.pannierd("keys", "head-revoke", region, "none+00000000", "--key", stick).wantRefused(t, "no key none")
	w.pannierd("keys", "head-revoke", region, id, "--draft", draft).wantDone(t)
	elsewhere.pannierd("keys", "root-sign", "--key", third, "--key", second, draft).wantDone(t)
	w.pannierd("keys", "root-publish", draft).wantDone(t)
	last := w.trusted()
	if len(last.HeadKeys) != 1 || last.HeadKeys[0].Key != both.HeadKeys[1].Key {
		t.Errorf("after head-revoke: %+v", last)
	}
	lastID := signed.ID(last.HeadKeys[0].Key)
	w.pannierd("keys", "head-revoke", region, lastID, "--key", stick, "--key", third).wantRefused(t, "only key", "head-rotate")
	w.wantUpdated(d, 4, 6)

	// Another region waits for its root.
	w.pannierd("region", "create", "other").wantDone(t)
	w.pannierd("import", "other", hut(t, "Refugi")).wantDone(t)
	w.pannierd("publish", "other").wantRefused(t, "pannierd keys")
	w.pannierd("keys", "root-draft", draft).wantDone(t)
	elsewhere.pannierd("keys", "root-sign", "--key", third, "--key", second, draft).wantDone(t)
	w.pannierd("keys", "root-publish", draft).wantDone(t)
	w.pannierd("publish", "other").wantDone(t)
	w.wantUpdated(d, 4, 7)

	// An app ships the newest root; one of another site is refused.
	file := filepath.Join(dir, "maps.root")
	w.pannierd("keys", "export", file).wantDone(t)
	app := world{t, w.data, filepath.Join(dir, "app")}
	app.pannier("pull", region, "--server", d.url, "--root", file).wantDone(t)
	foreign := newWorld(t)
	foreign.data = filepath.Join(t.TempDir(), "foreign")
	foreign.pannierd("region", "create", region).wantDone(t)
	foreign.pannierd("keys", "export", file).wantDone(t)
	app = world{t, w.data, filepath.Join(dir, "app2")}
	app.pannier("pull", region, "--server", d.url, "--root", file).wantRefused(t, "not the root that follows", "Do not trust")
	d.stop()
}
