package catalog

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"testing"

	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/root"
	"github.com/pannier-maps/pannier/sync/signed"
)

// keysOf is a catalog with a root key.
type keysOf struct {
	*testing.T
	c              *Catalog
	secret, public string
}

// draft returns the next root, changed and signed.
func (k keysOf) draft(change func(r *root.Root)) []byte {
	k.Helper()
	r, err := k.c.NextRoot(context.Background())
	if err != nil {
		k.Fatal(err)
	}
	if r.Version == 1 {
		r.Keys, r.Threshold = []string{k.public}, 1
	}
	if change != nil {
		change(&r)
	}
	text, err := r.Text()
	if err != nil {
		k.Fatal(err)
	}
	note, err := signed.Sign(text, k.secret)
	if err != nil {
		k.Fatal(err)
	}
	return note
}

// signer returns the public half of the key that signs a region's heads.
func (k keysOf) signer(r Region) string {
	k.Helper()
	s, err := k.c.Signing(context.Background(), r)
	if err != nil {
		k.Fatal(err)
	}
	if s.Secret == "" {
		return ""
	}
	public, err := signed.Public(s.Secret)
	if err != nil {
		k.Fatal(err)
	}
	return public
}

func TestRoots(t *testing.T) {
	k := keysOf{T: t, c: open(t)}
	ctx := context.Background()
	var err error
	if k.secret, k.public, err = signed.GenerateKey(rand.Reader, "root"); err != nil {
		t.Fatal(err)
	}
	mura := create(t, k.c, "mura")
	if k.signer(mura) != "" {
		t.Error("a key signs before there is a root")
	}
	first := k.draft(nil)
	if err := k.c.AddRoot(ctx, first); err != nil {
		t.Fatal(err)
	}
	old := k.signer(mura)
	held, err := k.c.HeadKeys(ctx, "mura")
	if err != nil || !slices.Equal(held, []string{old}) {
		t.Errorf("HeadKeys = %q, %v, want %q", held, err, old)
	}
	if err := k.c.AddRoot(ctx, first); !errors.Is(err, ErrRootExists) {
		t.Errorf("root 1 again: %v, want ErrRootExists", err)
	}
	drava := create(t, k.c, "drava")
	if k.signer(drava) != "" {
		t.Error("a new region's key signs before a root lists it")
	}
	fresh, err := k.c.NewHeadKey(ctx, "mura")
	if err != nil {
		t.Fatal(err)
	}
	if got := k.signer(mura); got != old {
		t.Errorf("%s signs before a root lists it", got)
	}
	rotated := k.draft(func(r *root.Root) {
		for i, h := range r.Heads {
			if h.Region == "mura" {
				r.Heads[i] = root.HeadKey{Region: "mura", Epoch: 2, Key: fresh}
			}
		}
	})
	if err := k.c.AddRoot(ctx, rotated); err != nil {
		t.Fatal(err)
	}
	if got := k.signer(mura); got != fresh {
		t.Errorf("%s signs, want %s", got, fresh)
	}
	if k.signer(drava) == "" {
		t.Error("the new region's key is not in the next root")
	}
	if held, err := k.c.HeadKeys(ctx, "mura"); err != nil || !slices.Equal(held, []string{fresh}) {
		t.Errorf("after the rotation the server holds %q, %v, want %q", held, err, fresh)
	}
	// Of two keys the one with fewer limits signs.
	wide, err := k.c.NewHeadKey(ctx, "mura")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		caps [2]uint64
		want string
	}{{[2]uint64{5, 0}, wide}, {[2]uint64{0, 5}, fresh}, {[2]uint64{5, 6}, wide}, {[2]uint64{6, 5}, fresh}} {
		note := k.draft(func(r *root.Root) {
			r.Heads = []root.HeadKey{
				{Region: "mura", Epoch: 2, Cap: test.caps[0], Key: fresh}, {Region: "mura", Epoch: 2, Cap: test.caps[1], Key: wide},
			}
		})
		if err := k.c.AddRoot(ctx, note); err != nil {
			t.Fatal(err)
		}
		if got := k.signer(mura); got != test.want {
			t.Errorf("caps %v: %s signs, want %s", test.caps, got, test.want)
		}
	}
	if notes, err := k.c.Roots(ctx); err != nil || len(notes) != 6 {
		t.Errorf("Roots: %d, %v, want 6", len(notes), err)
	}
	unsigned, err := signed.Sign(slices.Clone(first[:len(first)-120]), k.secret)
	if err == nil {
		err = k.c.AddRoot(ctx, unsigned)
	}
	if err == nil {
		t.Error("a root cut short was added")
	}
}

func TestResign(t *testing.T) {
	c, ctx := open(t), context.Background()
	create(t, c, "mura")
	l := c.Ledger()
	for n := range uint64(2) {
		if err := l.Append(ctx, "mura", publish.Version{Number: n + 1, Head: []byte{byte(n + 1)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Resign(ctx, "mura", []byte{1}, []byte{9}); !errors.Is(err, publish.ErrConflict) {
		t.Errorf("another head than the newest: %v, want ErrConflict", err)
	}
	if err := l.Resign(ctx, "mura", []byte{2}, []byte{9}); err != nil {
		t.Fatal(err)
	}
	versions, err := l.Versions(ctx, "mura")
	if err != nil || len(versions) != 2 || versions[0].Head[0] != 1 || versions[1].Head[0] != 9 {
		t.Errorf("Versions = %+v, %v", versions, err)
	}
}
