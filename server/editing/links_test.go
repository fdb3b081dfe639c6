package editing

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/outbound"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// TestCheckLinks looks at the links of a server of this machine, which has to be
// allowed; without that it is refused.
func TestCheckLinks(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path == "/gone" {
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	d := desk(t, t.TempDir())
	now := time.Now()
	d.now = func() time.Time { return now }
	one := place("ena")
	one.Names["de"] = "eins"
	one.Contact = &feature.Contact{Website: server.URL + "/there"}
	one.Links = []feature.WebLink{{Kind: "video", URL: server.URL + "/gone"}}
	first := put(t, d, museum, "museum/1", "", one)
	looker := outbound.NewChecker(outbound.New(outbound.Config{HTTP: true, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}))
	broken := func() int {
		t.Helper()
		w, err := d.Warnings(ctx, "mura", now)
		if err != nil {
			t.Fatal(err)
		}
		return w.Totals[BrokenLink]
	}
	for _, step := range []struct{ looks, broken int }{{2, 0}, {0, 0}} { // once may be a bad day; and not again so soon
		if n, err := d.CheckLinks(ctx, "mura", looker); n != step.looks || err != nil {
			t.Errorf("looked at %d, %v, want %d", n, err, step.looks)
		}
		if n := broken(); n != step.broken {
			t.Errorf("%d broken, want %d", n, step.broken)
		}
	}
	now = now.Add(linkAge)
	if n, err := d.CheckLinks(ctx, "mura", looker); n != 2 || err != nil || broken() != 1 {
		t.Errorf("a week later: looked at %d, %v, %d broken", n, err, broken())
	}
	put(t, d, museum, "museum/1", first.Hash, place("ena")) // without links
	if n, err := d.CheckLinks(ctx, "mura", looker); n != 0 || err != nil {
		t.Errorf("without links: %d, %v", n, err)
	}
	if left, err := d.looked(ctx, "mura"); len(left) != 0 || err != nil {
		t.Errorf("%d are left, %v", len(left), err)
	}

	asked.Store(0)
	put(t, d, museum, "museum/2", "", one)
	safe := outbound.NewChecker(outbound.New(outbound.Config{HTTP: true}))
	if _, err := d.CheckLinks(ctx, "mura", safe); err != nil {
		t.Fatal(err)
	}
	if asked.Load() != 0 {
		t.Error("a server in a private network was asked")
	}
	stopped, stop := context.WithCancel(ctx)
	stop()
	now = now.Add(linkAge)
	if n, err := d.CheckLinks(stopped, "mura", looker); n != 0 && err == nil {
		t.Errorf("stopped: %d, %v", n, err)
	}
}

func TestSweep(t *testing.T) {
	d := desk(t, t.TempDir())
	w := put(t, d, museum, "museum/1", "", place("ena"))
	put(t, d, museum, "museum/1", w.Hash, nil)
	for _, step := range []struct {
		later time.Duration
		want  int
	}{{0, 1}, {Horizon + time.Hour, 0}} {
		now := time.Now().Add(step.later)
		d.now = func() time.Time { return now }
		if err := d.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		page, err := d.List(ctx, "mura", Filter{Gone: true}, "", 10)
		if err != nil || len(page.Entries) != step.want {
			t.Errorf("after %v: %d tombstones, %v, want %d", step.later, len(page.Entries), err, step.want)
		}
	}
}
