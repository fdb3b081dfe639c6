package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/host"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
)

// A server that is killed while it publishes is whole when it starts again, and
// serves the last version that it acknowledged, or the one that it was about to.
func TestKilledInPublish(t *testing.T) {
	w := newWorld(t)
	written := func(pattern string) func() string { // changes when such objects are written
		return func() (all string) {
			names, _ := filepath.Glob(filepath.Join(w.data, "public/v1", pattern))
			for _, name := range names {
				if info, err := os.Stat(name); err == nil {
					all += fmt.Sprintln(name, info.ModTime())
				}
			}
			return all
		}
	}
	none := func() string { return "" }
	steps := []func() string{ // in the order of a publish
		none, written("blobs/*/*"), written("regions/andorra/manifests/*"), written("regions/andorra/deltas/*"),
		written("regions/andorra/head"), written("regions/andorra/history.json"), written("regions.json"), none,
	}
	acknowledged := uint64(3)
	killed := 0
	for round := range 10 {
		w.pannierd("import", region, hut(t, fmt.Sprint("Refugi ", round))).wantDone(t)
		d := w.serve()
		step := steps[round%len(steps)]
		before := step()
		publish := exec.Command(commands.pannierd, "--data", w.data, "publish", region, "--json")
		answer := make(chan []byte, 1)
		go func() {
			out, _ := publish.Output()
			answer <- out
		}()
		end := time.Now().Add(time.Minute)
		for len(answer) == 0 && step() == before && time.Now().Before(end) && round%len(steps) > 0 {
		}
		time.Sleep(rand.N(5 * time.Millisecond))
		d.kill()
		var p published
		if json.Unmarshal(<-answer, &p) == nil && p.Version > 0 {
			acknowledged = p.Version
		} else {
			killed++
		}

		d = w.serve()
		served := servedVersion(t, d)
		t.Logf("round %d: version %d was acknowledged, %d is served", round, acknowledged, served)
		if served != acknowledged && served != acknowledged+1 {
			t.Fatalf("version %d is served, %d was acknowledged", served, acknowledged)
		}
		if o := w.pannierd("fsck"); o.code != 0 {
			t.Fatalf("fsck after the restart:\n%s", o.stdout)
		}
		acknowledged = served // from now on it is public
		w.pannier("pull", region, "--server", d.url).wantDone(t)
		d.stop()
	}
	if killed < 2 { // those that wait for nothing
		t.Errorf("only %d of the kills were in time", killed)
	}
	w.installed()
}

// servedVersion returns the version that a daemon serves.
func servedVersion(t *testing.T, d *daemon) uint64 {
	t.Helper()
	res, err := http.Get(d.url + "/" + layout.Head(region))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	note, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	h, err := head.Peek(note)
	if err != nil {
		t.Fatal(err)
	}
	return h.Version
}

// TestFolderComesFree runs a command while another process still has the data
// folder open and does not answer, as a server that ends, or one that starts.
func TestFolderComesFree(t *testing.T) {
	w := newWorld(t)
	h, err := host.Open(t.Context(), w.data, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(300*time.Millisecond, func() { h.Close() })
	w.pannierd("versions", region).wantDone(t)
}
