package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/ingest"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/gc"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/powertest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// TestPower cuts the power, or fails the disk, at each call by which an import,
// a publish and a collection of garbage change a server's disk: after a restart
// what was acknowledged is there, and every object of the site is sound. Unless
// asked for all (make test-power) it takes a sample.
func TestPower(t *testing.T) {
	if dir := os.Getenv("PANNIER_TEST_POWER_DIR"); dir != "" {
		if err := work(dir, "new hut", func(done string) { fmt.Println(done) }); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	before := filepath.Join(t.TempDir(), "before")
	for _, name := range []string{"first hut", "second hut"} {
		if err := work(before, name, func(string) {}); err != nil {
			t.Fatal(err)
		}
	}
	command := func(dir string) *exec.Cmd {
		child := exec.Command(os.Args[0], "-test.run=^TestPower$")
		child.Env = append(os.Environ(), "PANNIER_TEST_POWER_DIR="+dir)
		return child
	}
	whole := powertest.Run(t, before, powertest.Fault{}, command)
	if whole.Err != nil {
		t.Fatalf("without a fault: %v\n%s", whole.Err, whole.Out)
	}
	checkHost(t, "without a fault", whole)
	for _, f := range []struct {
		powertest.Fault
		sample int
	}{
		{powertest.Fault{Cut: true}, 12},
		{powertest.Fault{Errno: syscall.EIO}, 5},
		{powertest.Fault{Errno: syscall.ENOSPC}, 2},
		{powertest.Fault{Errno: syscall.ENOSPC, Stays: true}, 3},
	} {
		reached := make(map[string]int)
		trials := powertest.Each(t, f.Fault, whole.Calls, f.sample, func(f powertest.Fault) bool {
			o := powertest.Run(t, before, f, command)
			reached[checkHost(t, f.String(), o)]++
			return o.Struck
		})
		t.Logf("%d calls: %v, %d trials; the last thing acknowledged: %v", whole.Calls, f.Fault, trials, reached)
	}
}

// work imports a place, publishes it, and lets go of all versions but two. It
// tells what is done.
func work(dir, name string, done func(string)) error {
	ctx := context.Background()
	h, err := Open(ctx, dir, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	done("opened")
	if _, err := h.Catalog.CreateRegion(ctx, catalog.Region{ID: "test"}); err != nil && !errors.Is(err, catalog.ErrExists) {
		return err
	}
	if err := addRoot(ctx, h); err != nil {
		return err
	}
	file := filepath.Join(os.TempDir(), fmt.Sprintf("pannier-power-%d.geojson", os.Getpid()))
	defer os.Remove(file)
	place := fmt.Sprintf(`{"type":"Feature","id":"hut","geometry":{"type":"Point","coordinates":[1.52,42.51]},`+
		`"properties":{"name":%q,"category":"lodging.alpine_hut"}}`, name)
	if err := os.WriteFile(file, []byte(place), 0o600); err != nil {
		return err
	}
	if _, err := h.Importer(nil).Import(ctx, "test", []string{file}, ingest.Options{Source: "huts"}); err != nil {
		return err
	}
	done("imported")
	result, _, err := h.Publish(ctx, "test", PublishOptions{})
	if err != nil {
		return err
	}
	done(fmt.Sprint("published ", result.Version.Number))
	if _, err := h.Collect(ctx, gc.Collector{}, map[string]gc.Policy{"test": {Versions: 2}}); err != nil {
		return err
	}
	done("collected")
	return nil
}

// checkHost restarts a server from what a fault has left, and returns the last
// thing that had been acknowledged.
func checkHost(t *testing.T, where string, o powertest.Outcome) (last string) {
	t.Helper()
	for line := range strings.Lines(o.Out) {
		switch word, _, _ := strings.Cut(strings.TrimSpace(line), " "); word {
		case "opened", "imported", "published", "collected":
			last = word
		}
	}
	dirs := o.Left(t)
	if !strings.Contains(where, "cut") {
		dirs = []string{filepath.Join(t.TempDir(), "seen")}
		if err := o.Disk.SaveSeen(dirs[0]); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range dirs {
		t.Run(fmt.Sprintf("%s after %s, %s", where, last, filepath.Base(dir)), func(t *testing.T) {
			restart(t, dir, last)
		})
		os.RemoveAll(dir)
	}
	return last
}

func restart(t *testing.T, dir, last string) {
	ctx := context.Background()
	h, err := Open(ctx, dir, slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	sound(t, h)
	published := func() bool {
		m, err := h.Last(ctx, "test")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range m.Entries {
			stored, err := h.Site.Get(ctx, layout.Blob(e.Hash))
			if err != nil {
				t.Fatal(err)
			}
			raw, err := blob.Open(stored, int(e.Raw), e.Hash)
			if err != nil {
				t.Fatal(err)
			}
			if e.Key.Layer == cell.Features && bytes.Contains(raw, []byte("new hut")) {
				return true
			}
		}
		return false
	}
	if (last == "published" || last == "collected") && !published() {
		t.Error("the publish was acknowledged, but is not there")
	}
	if last == "imported" {
		if _, _, err := h.Publish(ctx, "test", PublishOptions{}); err != nil || !published() {
			t.Errorf("the import was acknowledged, but is not there; %v", err)
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if err := work(dir, "new hut", func(string) {}); err != nil {
		t.Fatalf("begun again: %v", err)
	}
	if h, err = Open(ctx, dir, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if sound(t, h); !published() {
		t.Error("begun again, it is not there")
	}
}

// testLog writes a log into a test's.
type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Logf("%s", p)
	return len(p), nil
}
