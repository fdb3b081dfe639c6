package main

import (
	"encoding/json"
	"path/filepath"
	"testing"
)

// TestCollectCommand takes the versions of a region off that a phone and the
// last drawn map still come from.
func TestCollectCommand(t *testing.T) {
	w := newWorld(t)
	w.pannierd("rollback", region, "--to", "1").wantDone(t)
	static := filepath.Join(t.TempDir(), "static")
	w.pannierd("export-static", static).wantDone(t)
	gc := func(args ...string) (out collected) {
		t.Helper()
		o := w.pannierd(append([]string{"gc", "--json"}, args...)...)
		o.wantDone(t)
		if err := json.Unmarshal([]byte(o.stdout), &out); err != nil {
			t.Fatalf("%v: %s", err, o.stdout)
		}
		return out
	}
	if out := gc(); out.Regions[0].Dropped != 0 || out.Unlinked.Objects != 0 {
		t.Errorf("by itself it dropped %+v", out)
	}
	dry := gc(region, "--keep-versions", "1", "--grace", "0s", "--dry-run")
	if dry.Regions[0].Dropped != 3 || dry.Deleted.Objects == 0 {
		t.Errorf("dry run: %+v", dry)
	}
	if out := gc(region, "--keep-versions", "1", "--remember"); out.Regions[0].Dropped != 3 || out.Deleted.Objects != 0 || out.Waiting != dry.Deleted {
		t.Errorf("first phase: %+v, expected %+v", out, dry)
	}
	w.pannierd("fsck").wantDone(t)
	d := w.serve()
	if out := gc("--grace", "0s"); out.Deleted != dry.Deleted {
		t.Errorf("second phase: %+v, expected %+v", out, dry)
	}
	w.pannierd("fsck").wantDone(t)
	if o := w.pannierd("rollback", region, "--to", "2"); o.code == 0 {
		t.Error("rolled back to what is gone")
	}
	w.pannierd("publish", region, "-m", "after the collection").wantDone(t) // takes over the map of version 3
	w.pannierd("fsck").wantDone(t)
	w.pannier("pull", region, "--server", d.url).wantDone(t) // from version 2
	w.pannier("verify").wantDone(t)
	d.stop()
	if out := gc("--grace", "0s"); out.Regions[0].First != 5 {
		t.Errorf("it forgot what to keep: %+v", out)
	}
	w.pannierd("export-static", static, "--prune").wantDone(t)
	if copied, site := objects(t, filepath.Join(static, "v1")), objects(t, filepath.Join(w.data, "public", "v1")); len(copied) != len(site) {
		t.Errorf("pruned, the copy holds %d objects, the site %d", len(copied), len(site))
	}
	none := world{t, filepath.Join(t.TempDir(), "none"), ""}
	none.pannierd("export-static", static, "--prune").wantRefused(t, "does not hold a copy of this site")
	for _, args := range [][]string{
		{"gc", "nowhere"}, {"gc", "--keep-versions", "-1"}, {"gc", "--remember"}, {"gc", "--remember", "--keep-days", "1", "--dry-run"},
	} {
		if o := w.pannierd(args...); o.code == 0 {
			t.Errorf("pannierd %v succeeded", args)
		}
	}
}
