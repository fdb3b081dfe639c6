package main

import (
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// An import of map data that is killed leaves what was there, or has brought the
// new; and what it left behind is swept.
func TestKilledInExtract(t *testing.T) {
	w := world{t: t, data: t.TempDir()}
	w.pannierd("region", "create", "monaco", "--languages", "fr").wantDone(t)
	is := func() string {
		t.Helper()
		w.pannierd("region", "list").wantDone(t)                                 // sweeps
		files, err := filepath.Glob(filepath.Join(w.data, "osm", "monaco", "*")) // hidden ones as well
		if err != nil || len(files) != 1 {
			t.Fatalf("files %v, %v; want one base", files, err)
		}
		return files[0]
	}
	extracts := []string{shared(t, "osm/monaco-2021-04-21.osm.pbf"), shared(t, "osm/monaco-2021-08-01.osm.pbf")}
	var bases []string
	start := time.Now()
	for _, extract := range extracts {
		w.pannierd("import", "monaco", extract).wantDone(t)
		bases = append(bases, is())
	}
	took := time.Since(start) / 4 // a call of two
	killed := 0
	for round := range 8 {
		before, to := is(), round%2
		command := exec.Command(commands.pannierd, "--data", w.data, "import", "monaco", extracts[to])
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		if round > 0 { // the first is killed for sure
			time.Sleep(rand.N(took))
		}
		command.Process.Kill()
		command.Wait()
		if after := is(); !slices.Contains([]string{before, bases[to]}, after) {
			t.Fatalf("round %d: the base is %s, neither %s nor %s", round, after, before, bases[to])
		}
		if command.ProcessState.ExitCode() != 0 {
			killed++
		}
	}
	t.Logf("%d of 8 were killed", killed)
	for i, extract := range extracts {
		w.pannierd("import", "monaco", extract).wantDone(t)
		if got := is(); got != bases[i] {
			t.Errorf("after all that the base is %s, want %s", got, bases[i])
		}
	}
	if killed == 0 {
		t.Error("no import was killed in time")
	}
}
