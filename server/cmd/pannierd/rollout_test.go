package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestRolloutCommand rolls a version out to phones, of which some get it, and
// stops that.
func TestRolloutCommand(t *testing.T) {
	w := newWorld(t)
	w.pannierd("import", region, hut(t, "Refugi vell")).wantDone(t)
	w.pannierd("publish", region, "-m", "fourth", "--share", "50").wantDone(t)
	w.pannierd("fsck").wantDone(t)
	if o := w.pannierd("publish", region); o.code == 0 || !strings.Contains(o.stderr, "is being rolled out") {
		t.Errorf("another publish meanwhile: %d %s", o.code, o.stderr)
	}
	if o := w.pannierd("rollout", region); o.code == 0 {
		t.Error("neither --share nor --stop, and it does something")
	}
	d := w.serve()
	phones := make([]world, 12)
	versions := func() (count map[string]int) {
		count = make(map[string]int)
		for i, p := range phones {
			if p.phone == "" {
				p = world{t, w.data, filepath.Join(t.TempDir(), "phone")}
				phones[i] = p
				p.pannier("pull", region, "--server", d.url).wantDone(t)
			}
			p.pannier("update").wantDone(t)
			_, after, _ := strings.Cut(p.installed(), "Version:")
			version, _, _ := strings.Cut(after, " ")
			count[version]++
		}
		return count
	}
	first := versions()
	if first["3"] == 0 || first["4"] == 0 || first["3"]+first["4"] != len(phones) {
		t.Errorf("at 50 %% phones have versions %v", first)
	}
	if again := versions(); again["4"] != first["4"] {
		t.Errorf("at 50 %% phones have versions %v, and then %v", first, again)
	}
	w.pannierd("rollout", region, "--stop", "-m", "wrong name").wantDone(t)
	if all := versions(); all["5"] != len(phones) {
		t.Errorf("after the stop phones have versions %v", all)
	}
	w.pannierd("publish", region, "--share", "1").wantDone(t)
	w.pannierd("rollout", region, "--share", "100").wantDone(t)
	if all := versions(); all["6"] != len(phones) {
		t.Errorf("at 100 %% phones have versions %v", all)
	}
	if out := w.pannierd("versions", region).wantDone(t); !strings.Contains(out, "back to 3") {
		t.Errorf("the versions do not tell of the stop:\n%s", out)
	}
	d.stop()
	w.pannierd("fsck").wantDone(t)
}
