package journey

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/pannier-maps/pannier/sync/powertest"
)

// updateUnderFire kills the client at random moments of updates to a version, on
// a copy of the device. After each kill the region verifies, at the old version
// or the new one; begun again, the update succeeds in the end.
func (w *world) updateUnderFire(region, server string, to uint64) {
	w.t.Helper()
	want := 10
	if powertest.All() {
		want = 500
	}
	var from pulled
	decode(w.t, w.pannier("status", region, "--json"), &from)
	fire := filepath.Join(w.dir, "under-fire")
	longest := 50 * time.Millisecond // what an update takes, about
	kills, updates := 0, 0
	for kills < want {
		if err := os.RemoveAll(fire); err != nil {
			w.t.Fatal(err)
		}
		if err := os.CopyFS(fire, os.DirFS(w.device)); err != nil {
			w.t.Fatal(err)
		}
		for {
			cmd := exec.Command(w.client, "--dir", fire, "pull", region, "--server", server)
			start := time.Now()
			if err := cmd.Start(); err != nil {
				w.t.Fatal(err)
			}
			timer := time.AfterFunc(rand.N(longest), func() { cmd.Process.Kill() })
			err := cmd.Wait()
			if !timer.Stop() {
				kills++
			}
			w.clientAt(fire, "verify")
			var now pulled
			decode(w.t, w.clientAt(fire, "status", region, "--json"), &now)
			if now.Version != from.Version && now.Version != to || err == nil && now.Version != to {
				w.t.Fatalf("after %d kills the device holds version %d; it was %d, the update led to %d", kills, now.Version, from.Version, to)
			}
			if err == nil {
				longest = (3*longest + time.Since(start)) / 4 // of late: a slow one would let all others through
				updates++
				break
			}
			if cmd.ProcessState.Exited() {
				w.t.Fatal(fmt.Errorf("the update failed: %w", err))
			}
			longest += 2 * time.Millisecond // so that one gets through
		}
	}
	w.t.Logf("%d kills in %d updates", kills, updates)
}
