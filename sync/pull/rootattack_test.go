package pull_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/root"
	"github.com/pannier-maps/pannier/sync/sitetest"
)

// An ordinary update asks for no root; a rotation takes one request more.
func TestRotation(t *testing.T) {
	b := newBattle(t)
	b.next()
	if r := b.wantPull(3); r.Requests != 1 || r.Pinned {
		t.Errorf("ordinary update: %+v", r)
	}
	old := b.rotate(nil)
	if r := b.wantPull(3); r.Requests != 2 || !r.Unchanged {
		t.Errorf("the same version under a new root: %+v", r)
	}
	if r := b.wantPull(3); r.Requests != 1 || !r.Unchanged {
		t.Errorf("again: %+v", r)
	}
	b.next()
	b.offer("the old key", b.head(old, nil), head.ErrSignature)
	b.offer("the old key under the old root", b.head(old, func(h *head.Head) { h.Root = 1 }), head.ErrSignature)
	if r := b.wantPull(4); r.Requests != 1 {
		t.Errorf("update after the rotation: %+v", r)
	}
	b.check(b.device, 4)
}

// TestAttackRoots puts each bad note in the place of root 2.
func TestAttackRoots(t *testing.T) {
	b := newBattle(t)
	b.next()
	second, secondPublic := sitetest.Pair(t, "test/second")
	_, thirdPublic := sitetest.Pair(t, "test/third")
	key, public := sitetest.Pair(t, "test/test")
	change := func(r *root.Root) {
		r.Threshold, r.Keys = 2, append(r.Keys, secondPublic, thirdPublic)
		r.Heads[0].Key = public
	}
	good := b.ledger.NextRoot(t, change, b.ledger.RootSecret, second)
	oldOnly := b.ledger.NextRoot(t, change)
	same := func(note []byte, old, new string) []byte { return bytes.Replace(note, []byte(old), []byte(new), 1) }
	renamed := func(name string) []byte { // the first key once more, under another name
		line := "root " + secondPublic + "\n"
		return same(good, line, line+"root "+name+"\n")
	}
	tests := []struct {
		name string
		note []byte
		want error
	}{
		{"skipped root", b.ledger.NextRoot(t, func(r *root.Root) { change(r); r.Version = 3 }, b.ledger.RootSecret, second), root.ErrOrder},
		{"root 1 again", must(b.ledger.Roots(context.Background()))[0], root.ErrOrder},
		{"another site", b.ledger.NextRoot(t, func(r *root.Root) { change(r); r.Site = "else" }, b.ledger.RootSecret, second), root.ErrOrder},
		{"signed by new keys only", b.ledger.NextRoot(t, change, second), root.ErrSignature},
		{"signed by the old key only", oldOnly, root.ErrSignature},
		{"one signature twice", append(bytes.Clone(oldOnly), oldOnly[bytes.Index(oldOnly, []byte("\n\n"))+2:]...), root.ErrSignature},
		{"unsigned", good[:bytes.Index(good, []byte("\n\n"))+1], root.ErrCorrupt},
		{"lower threshold after signing", same(good, "threshold 2", "threshold 1"), root.ErrSignature},
		{"short key", renamed(keyOf(1, make([]byte, 31))), root.ErrCorrupt},
		{"another algorithm", renamed(keyOf(2, make([]byte, 32))), root.ErrCorrupt},
		{"one key twice", renamed(secondPublic), root.ErrCorrupt},
		{"empty", nil, root.ErrCorrupt},
		{"a web page", []byte("<!doctype html>"), root.ErrCorrupt},
		{"endless", bytes.Repeat([]byte("root "), 1<<20), pull.ErrLength},
	}
	restoreHead := b.put(layout.Head("test"), b.head(key, func(h *head.Head) { h.Root = 2 }))
	for _, test := range tests {
		restore := b.put(layout.Root(2), test.note)
		b.wantRefused(test.name, test.want)
		restore()
	}
	b.wantRefused("withheld root", pull.ErrWithheld)
	restoreHead()
	b.ledger.PutRoots(append(must(b.ledger.Roots(context.Background())), good)...)
	b.ledger.Region.Secret = key
	if err := b.publisher.Renew(context.Background()); err != nil {
		t.Fatal(err)
	}
	b.wantPull(3)
	b.check(b.device, 3)
}

// keyOf writes a public key of any algorithm and length.
func keyOf(algorithm byte, key []byte) string {
	data := append([]byte{algorithm}, key...)
	sum := sha256.Sum256(append([]byte("test/third\n"), data...))
	return fmt.Sprintf("test/third+%x+%s", sum[:4], base64.StdEncoding.EncodeToString(data))
}

// Once a key has been withdrawn, and the device has heard of it, no way leads
// back, even when that pull failed.
func TestRootIsKeptWhenThePullFails(t *testing.T) {
	b := newBattle(t)
	old := b.rotate(nil)
	b.next()
	restore := b.put(layout.Head("test"), b.head("", func(h *head.Head) { h.Version = 1 }))
	b.wantRefused("a rollback under the new root", head.ErrRollback)
	restore()
	if s, _ := b.state(); len(s.Origin.Roots) != 2 {
		t.Errorf("the device knows %d roots, want 2", len(s.Origin.Roots))
	}
	b.offer("the old key", b.head(old, func(h *head.Head) { h.Root = 1 }), head.ErrSignature)
	b.wantPull(3)
}

func TestExpiredRoot(t *testing.T) {
	b := newBattle(t)
	expires := b.now.AddDate(0, 1, 0).Truncate(time.Second)
	b.ledger.AddRoot(t, func(r *root.Root) { r.Expires = expires })
	if err := b.publisher.Renew(context.Background()); err != nil {
		t.Fatal(err)
	}
	b.wantPull(2)
	b.next()
	b.now = expires.Add(root.Grace - 1)
	if r := b.wantPull(3); !r.Stale {
		t.Errorf("within the grace: %+v", r)
	}
	b.next()
	b.now = expires.Add(root.Grace + 1)
	b.wantRefused("after the grace", pull.ErrExpired)
	b.device, b.opts.Root = new(sitetest.Device), must(b.ledger.Roots(context.Background()))[1]
	b.wantRefused("first pull after the grace", pull.ErrExpired)

	b.opts.Root = nil
	b.device = new(sitetest.Device)
	b.ledger.AddRoot(t, func(r *root.Root) { r.Expires = b.now.AddDate(2, 0, 0) })
	if err := b.publisher.Renew(context.Background()); err != nil {
		t.Fatal(err)
	}
	if r := b.wantPull(4); !r.Pinned || r.Root != root.Fingerprint(must(b.ledger.Roots(context.Background()))[0]) {
		t.Errorf("under a new root: %+v", r)
	}
	b.check(b.device, 4)
}

// A device that was away for more roots than it follows at once gets the newest
// with its app.
func TestLongChain(t *testing.T) {
	b := newBattle(t)
	for range root.MaxHops + 1 {
		b.ledger.AddRoot(t, func(*root.Root) {})
	}
	b.rotate(nil)
	b.next()
	b.wantRefused("too many roots at once", root.ErrOrder)
	if s, _ := b.state(); len(s.Origin.Roots) != 1+root.MaxHops {
		t.Errorf("the device knows %d roots", len(s.Origin.Roots))
	}
	notes := must(b.ledger.Roots(context.Background()))
	b.opts.Root = notes[len(notes)-1]
	b.wantPull(3)
	if s, _ := b.state(); len(s.Origin.Roots) != 1 {
		t.Errorf("with the app's root the device knows %d roots", len(s.Origin.Roots))
	}
	b.opts.Root = nil
	b.next()
	b.wantPull(4)
	b.opts.Root = notes[3] // an older app changes nothing
	b.next()
	b.wantPull(5)
}

// With a root from the app, the first contact needs no trust.
func TestAttackFirstContact(t *testing.T) {
	b := newBattle(t)
	b.device = new(sitetest.Device)
	b.opts.Root = must(sitetest.NewLedger(t, "test").Roots(context.Background()))[0]
	b.wantRefused("a site of other keys", head.ErrSignature)
	b.opts.Root = []byte("no root")
	b.wantRefused("a file that is no root", root.ErrCorrupt)
	b.opts.Root = must(b.ledger.Roots(context.Background()))[0]
	if r := b.wantPull(2); r.Pinned {
		t.Errorf("pull with a given root: %+v", r)
	}
	b.device, b.opts.Root = new(sitetest.Device), nil
	restore := b.put(layout.Root(1), b.ledger.NextRoot(t, func(*root.Root) {}))
	b.wantRefused("root 2 in the place of root 1", root.ErrOrder)
	restore()
	if r := b.wantPull(2); !r.Pinned {
		t.Errorf("first pull: %+v", r)
	}
}
