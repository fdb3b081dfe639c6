package pull_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/root"
	"github.com/pannier-maps/pannier/sync/sitetest"
)

// The attacks of these tests are named after The Update Framework's list. Each
// is run by a server that may do as it likes, against a device that holds
// version 2; after each, the device must hold what it held and be able to go on.

// battle is a site under attack and a device.
type battle struct {
	*world
	device *sitetest.Device
	server *httptest.Server
	now    time.Time
	opts   pull.Options
}

func newBattle(t *testing.T) *battle {
	w := newWorld(t)
	w.edit()
	w.publish()
	b := &battle{world: w, device: new(sitetest.Device), server: w.serve(true), now: time.Now()}
	b.wantPull(2)
	return b
}

func (b *battle) tryPull() (pull.Result, error) {
	c := pull.NewClient(b.server.URL)
	defer c.Close()
	opts := b.opts
	opts.Stage, opts.Now = filepath.Join(b.t.TempDir(), "stage"), func() time.Time { return b.now }
	return c.Pull(context.Background(), "test", b.device, opts)
}

// wantPull checks that a pull installs a version.
func (b *battle) wantPull(version uint64) pull.Result {
	b.t.Helper()
	r, err := b.tryPull()
	if err != nil || r.Head.Version != version {
		b.t.Fatalf("pull: %+v, %v; want version %d", r, err, version)
	}
	return r
}

// wantRefused checks that a pull fails for a cause and changes nothing.
func (b *battle) wantRefused(name string, want error) {
	b.t.Helper()
	before, cells := b.state()
	_, err := b.tryPull()
	if err == nil || want != nil && !errors.Is(err, want) {
		b.t.Errorf("%s: %v, want %v", name, err, want)
	}
	b.t.Logf("%s: %v", name, err)
	after, now := b.state()
	if !bytes.Equal(before.HeadNote, after.HeadNote) || !bytes.Equal(before.Manifest, after.Manifest) || !maps.EqualFunc(cells, now, bytes.Equal) {
		b.t.Errorf("%s: the device has changed", name)
	}
}

func (b *battle) state() (pull.State, map[string][]byte) {
	s, _ := b.device.State(context.Background())
	cells := make(map[string][]byte)
	for key, raw := range b.device.Cells() {
		cells[key.String()] = raw
	}
	return s, cells
}

// put puts an object in the place of the site's; the result takes it back.
func (b *battle) put(name string, data []byte) (restore func()) {
	good, err := b.objects.Get(context.Background(), name)
	b.objects.Replace(context.Background(), name, data)
	return func() {
		if err != nil {
			b.objects.Delete(name)
		} else {
			b.objects.Replace(context.Background(), name, good)
		}
	}
}

// head signs the newest head with changes, by the region's key if secret is "".
func (b *battle) head(secret string, change func(h *head.Head)) []byte {
	b.t.Helper()
	h, err := head.Peek(b.lastVersion().Head)
	if err != nil {
		b.t.Fatal(err)
	}
	if change != nil {
		change(h)
	}
	if secret == "" {
		secret = b.ledger.Region.Secret
	}
	return sign(b.t, h, secret)
}

// offer offers a head that must be refused.
func (b *battle) offer(name string, note []byte, want error) {
	b.t.Helper()
	restore := b.put(layout.Head("test"), note)
	b.wantRefused(name, want)
	restore()
}

// rotate gives the region a new key by a new root, and signs its head anew.
func (b *battle) rotate(change func(r *root.Root)) (oldSecret string) {
	b.t.Helper()
	oldSecret = b.ledger.Region.Secret
	secret, public := sitetest.Pair(b.t, "test/test")
	b.ledger.AddRoot(b.t, func(r *root.Root) {
		r.Heads[0].Key = public
		if change != nil {
			change(r)
		}
	})
	b.ledger.Region.Secret = secret
	if err := b.publisher.Renew(context.Background()); err != nil {
		b.t.Fatal(err)
	}
	return oldSecret
}

func (b *battle) next() {
	b.edit()
	b.publish()
}

func TestAttackRollback(t *testing.T) {
	b := newBattle(t)
	versions, _ := b.ledger.Versions(context.Background(), "test")
	b.offer("version 1 again", versions[0].Head, head.ErrRollback)
	b.offer("version 1 signed anew", b.head("", func(h *head.Head) { h.Version, h.Issued = 1, h.Issued.Add(time.Hour) }), head.ErrRollback)
	b.next()
	b.wantPull(3)
}

func TestAttackEquivocation(t *testing.T) {
	b := newBattle(t)
	versions, _ := b.ledger.Versions(context.Background(), "test")
	b.offer("equal version, other bytes", b.head("", func(h *head.Head) { h.Manifest = versions[0].Manifest }), head.ErrEquivocal)
	b.next()
	b.wantPull(3)
}

// A server that keeps to an old head is found out by the clock, also by one that
// is behind, and what is installed stays.
func TestAttackFreeze(t *testing.T) {
	b := newBattle(t)
	if r := b.wantPull(2); r.Stale || !r.Unchanged {
		t.Errorf("fresh: %+v", r)
	}
	b.now = b.now.AddDate(0, 0, 31)
	if r := b.wantPull(2); !r.Stale || !r.Unchanged {
		t.Errorf("after 31 days: %+v", r)
	}
	b.next() // issued now, and expired for a clock that is 31 days ahead
	if r := b.wantPull(3); !r.Stale || r.Unchanged {
		t.Errorf("newer, but expired: %+v", r)
	}
}

func TestAttackFastForward(t *testing.T) {
	b := newBattle(t)
	versions, _ := b.ledger.Versions(context.Background(), "test")
	stolen := func(h *head.Head) {
		h.Version, h.Manifest, h.ManifestRaw = 1<<63, versions[0].Manifest, versions[0].Raw
	}
	restore := b.put(layout.Head("test"), b.forge(stolen))
	b.wantPull(1 << 63) // nothing helps against a stolen key at first
	restore()
	b.next()
	b.wantRefused("the true version 3", head.ErrRollback)

	old := b.rotate(func(r *root.Root) { r.Heads[0].Epoch = 2 })
	b.wantPull(3)
	b.check(b.device, 3)
	b.offer("the stolen key again", b.head(old, func(h *head.Head) { h.Version = 1<<63 + 1 }), head.ErrSignature)
	b.offer("the stolen key in the old epoch", b.head(old, func(h *head.Head) { h.Root, h.Epoch, h.Version = 1, 1, 1<<63+1 }), head.ErrSignature)
	b.offer("the new key in another epoch", b.head("", func(h *head.Head) { h.Epoch, h.Version = 1<<63, 4 }), root.ErrScope)
	b.next()
	b.wantPull(4)
}

// forge is head for one that names a manifest of another stored length.
func (b *battle) forge(change func(h *head.Head)) []byte {
	return b.head("", func(h *head.Head) {
		change(h)
		stored, err := b.objects.Get(context.Background(), layout.Manifest("test", h.Manifest))
		if err != nil {
			b.t.Fatal(err)
		}
		h.ManifestStored = uint32(len(stored))
	})
}

// A stolen key cannot turn the device's time forward for good.
func TestAttackFastForwardOfTime(t *testing.T) {
	b := newBattle(t)
	b.rotate(func(r *root.Root) { r.Expires = b.now.AddDate(2, 0, 0) })
	b.wantPull(2)
	b.next()
	far := func(years int) []byte {
		return b.head("", func(h *head.Head) { h.Issued = h.Issued.AddDate(years, 0, 0); h.Expires = h.Issued.Add(time.Hour) })
	}
	b.offer("issued in 50 years", far(50), pull.ErrExpired)
	restore := b.put(layout.Head("test"), far(2))
	b.wantPull(3)
	restore()
	b.rotate(func(r *root.Root) { r.Expires, r.Heads[0].Epoch = b.now.AddDate(1, 0, 0), 2 })
	b.next()
	if r := b.wantPull(4); r.Stale {
		t.Errorf("after the recovery: %+v", r)
	}
}

func TestAttackSwappedRegions(t *testing.T) {
	b := newBattle(t)
	b.next()
	other, public := sitetest.Pair(t, "test/other")
	b.ledger.AddRoot(t, func(r *root.Root) { r.Heads = append(r.Heads, root.HeadKey{Region: "other", Epoch: 1, Key: public}) })
	if err := b.publisher.Renew(context.Background()); err != nil {
		t.Fatal(err)
	}
	elsewhere := func(h *head.Head) { h.Origin = head.Origin("test", "other") }
	b.offer("another region's head", b.head(other, elsewhere), head.ErrSignature)
	b.offer("another region's key", b.head(other, nil), head.ErrSignature)
	b.offer("another region's origin", b.head("", elsewhere), head.ErrOrigin)
	b.offer("another site's origin", b.head("", func(h *head.Head) { h.Origin = head.Origin("else", "test") }), head.ErrOrigin)
	b.offer("a root key", b.head(b.ledger.RootSecret, nil), head.ErrSignature)
	b.offer("unsigned", b.lastVersion().Head[:bytes.Index(b.lastVersion().Head, []byte("\n\n"))+2], nil)
	b.offer("text alone", b.lastVersion().Head[:bytes.Index(b.lastVersion().Head, []byte("\n\n"))+1], head.ErrCorrupt)
	b.wantPull(3)
}

// Clocks that are ten years off neither brick a device nor fool it.
func TestClockTenYearsOff(t *testing.T) {
	b := newBattle(t)
	now := b.now
	b.rotate(func(r *root.Root) { r.Expires = now.AddDate(2, 0, 0) })
	b.wantPull(2)
	b.next()
	b.now = now.AddDate(10, 0, 0)
	b.wantRefused("ten years ahead", pull.ErrExpired)
	b.now = now.AddDate(-10, 0, 0)
	if r := b.wantPull(3); r.Stale {
		t.Errorf("ten years behind: %+v", r)
	}
	b.offer("rollback, ten years behind", b.head("", func(h *head.Head) { h.Version = 2 }), head.ErrRollback)
	b.next()
	b.now = now
	if r := b.wantPull(4); r.Stale {
		t.Errorf("the clock is right again: %+v", r)
	}
	if s, _ := b.state(); !reflect.DeepEqual(s.Origin.Roots, must(b.ledger.Roots(context.Background()))) {
		t.Errorf("the device knows %d roots", len(s.Origin.Roots))
	}
	b.now = now.AddDate(10, 0, 0)
	if r := b.wantPull(4); !r.Stale || !r.Unchanged {
		t.Errorf("unchanged, ten years ahead: %+v", r)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprint("cannot be: ", err))
	}
	return v
}
