package pull_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/sitetest"
)

// naming serves a site and names a head beside each answer.
func (w *world) naming(dynamic bool, next func() string) *httptest.Server {
	site := w.handler(dynamic)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set(layout.NextHeader, next())
		site.ServeHTTP(rw, r)
	}))
	w.t.Cleanup(server.Close)
	return server
}

// stage publishes a version for a share of devices.
func (w *world) stage(share int) publish.Version {
	w.t.Helper()
	w.edit()
	r, err := w.publisher.Publish(context.Background(), w.ledger.Region, sitetest.Content(w.cells), publish.Note{Share: share})
	if err != nil {
		w.t.Fatal(err)
	}
	return r.Version
}

func tagOf(note []byte) string { return blob.Sum(note).Short() }

// TestNext takes a version that is rolled out from a server and from static
// files, at a first pull and by update, and keeps it when the head is signed anew.
func TestNext(t *testing.T) {
	for _, dynamic := range []bool{true, false} {
		b := newBattle(t)
		v := b.stage(50)
		server := b.naming(dynamic, func() string {
			return layout.Next{Version: v.Number, Share: 99, Head: tagOf(b.lastVersion().Head)}.String()
		})
		b.server = server
		b.wantPull(2) // without a seed it waits
		b.opts.Seed = []byte("a device")
		b.wantPull(3)
		if r := b.wantPull(3); !r.Unchanged || r.Requests > 2 {
			t.Errorf("once it is there: %+v", r)
		}
		fresh := new(sitetest.Device)
		c := pull.NewClient(server.URL)
		r, err := c.Pull(context.Background(), "test", fresh, pull.Options{Stage: t.TempDir(), Seed: b.opts.Seed})
		c.Close()
		if err != nil || r.Head.Version != 3 {
			t.Errorf("a first pull: %+v, %v", r, err)
		}
		b.publisher.Now = func() time.Time { return time.Now().Add(20 * 24 * time.Hour) }
		if err := b.publisher.Renew(context.Background()); err != nil {
			t.Fatal(err)
		}
		b.opts.Seed = nil // it was lost; the version stays
		if r := b.wantPull(3); !r.Head.Issued.After(time.Now()) {
			t.Error("the head was signed anew, and the device does not know")
		}
	}
}

// TestLot keeps to the examples of sync/layout/FORMAT.md.
func TestLot(t *testing.T) {
	for version, want := range map[uint64]uint64{9: 99, 10: 47} {
		if got := pull.Lot([]byte("a device"), "test", version); got != want {
			t.Errorf("version %d: %d, want %d", version, got, want)
		}
	}
}

// TestSharesOfDevices counts who is among the first, and that more are as the
// share grows, never others.
func TestSharesOfDevices(t *testing.T) {
	w := newWorld(t)
	share := 0
	w.stage(1)
	server := w.naming(true, func() string {
		return layout.Next{Version: 2, Share: share, Head: tagOf(w.lastVersion().Head)}.String()
	})
	was := make(map[int]bool)
	for _, share = range []int{5, 25, 60} {
		got := 0
		for i := range 100 {
			c := pull.NewClient(server.URL)
			p, err := c.Preview(context.Background(), "test", pull.Nothing, pull.Options{Stage: t.TempDir(), Seed: fmt.Appendf(nil, "phone %d", i)}, 0, nil)
			c.Close()
			if err != nil {
				t.Fatal(err)
			}
			in := p.Head.Version == 2
			if was[i] && !in {
				t.Errorf("device %d was among the first, and is not at %d %%", i, share)
			}
			if was[i] = in; in {
				got++
			}
		}
		if got < share/2-2 || got > share*3/2+5 {
			t.Errorf("at %d %% there are %d of 100", share, got)
		}
		t.Logf("at %d %% there are %d of 100", share, got)
	}
}

// TestAttackByNext names heads that must not be taken.
func TestAttackByNext(t *testing.T) {
	b := newBattle(t)
	b.opts.Seed = []byte("another device")
	versions, err := b.ledger.Versions(context.Background(), "test")
	if err != nil {
		t.Fatal(err)
	}
	var next string
	b.server = b.naming(true, func() string { return next })
	name := func(note []byte) {
		b.objects.Replace(context.Background(), layout.PastHead("test", tagOf(note)), note)
		next = layout.Next{Version: 9, Share: 99, Head: tagOf(note)}.String()
	}
	other, _ := sitetest.Pair(t, "test/test")
	for what, attack := range map[string]struct {
		note []byte
		want error
	}{
		"rollback":      {versions[0].Head, head.ErrRollback},
		"unknown key":   {b.head(other, func(h *head.Head) { h.Version = 9 }), head.ErrSignature},
		"other region":  {b.head("", func(h *head.Head) { h.Origin, h.Version = head.Origin("test", "other"), 9 }), head.ErrOrigin},
		"other content": {b.head("", func(h *head.Head) { h.Manifest = blob.Sum([]byte("x")) }), head.ErrEquivocal},
		"no head":       {[]byte("not a head"), head.ErrCorrupt},
		"too long":      {[]byte(strings.Repeat("x", head.MaxBytes+1)), pull.ErrLength},
	} {
		name(attack.note)
		b.wantRefused(what, attack.want)
	}
	for _, next = range []string{"", "9 99 ../../../etc/x", "9 99 " + strings.Repeat("0", 16), "9 100 " + tagOf(versions[0].Head), strings.Repeat("9", 4000)} {
		b.wantPull(2) // it is of no use, and so does no harm
	}
	b.edit()
	b.publish()
	b.wantPull(3)
	if next != strings.Repeat("9", 4000) {
		t.Error("the header was not sent")
	}
}
