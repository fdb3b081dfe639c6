package badgerstore

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pannier-maps/pannier/sync/powertest"
)

// What was acknowledged survives a power cut, and a disk that fails, at any
// moment of many writes: small ones, and so large ones that tables are made and
// the store is rewritten meanwhile; and at each call by which a store is made, or
// opened and rewritten. No half of an Update shows.
func TestPower(t *testing.T) {
	many := filepath.Join(t.TempDir(), "many")
	for range 3 { // tables
		write(t, many, 50)
	}
	for _, test := range []struct {
		name    string
		from    string // a folder to begin with
		value   int    // bytes, at most
		tables  int    // Options.Tables
		updates int    // at which the process ends if it does not before
		calls   int64  // among which faults strike
		each    bool   // in the full run at each of them
		sample  int    // trials
		full    int
	}{
		{"making", t.TempDir(), 100, 0, 100, 90, true, 4, 270},
		{"opening", many, 100, 2, 100, 240, true, 6, 720},
		{"small", t.TempDir(), 100, 0, 2000, 3000, false, 3, 120},
		{"large", t.TempDir(), 20_000, 2, 6000, 9000, false, 2, 90},
	} {
		t.Run(test.name, func(t *testing.T) {
			trials := test.sample
			if powertest.All() {
				trials = test.full
			}
			faults := []powertest.Fault{{Cut: true}, {Errno: syscall.EIO}, {Errno: syscall.ENOSPC}}
			total, rewritten := 0, 0
			for i := range trials {
				f := faults[i%3]
				f.At = 1 + rand.Int64N(test.calls)
				if test.each && powertest.All() {
					f.At = 1 + int64(i/3)
				}
				acknowledged, generation := strike(t, f, test.from, fmt.Sprintf("%s=%d", crashValue, test.value),
					fmt.Sprintf("%s=%d", crashTables, test.tables), fmt.Sprintf("%s=%d", crashUpdates, test.updates))
				total += acknowledged
				if generation > 1 {
					rewritten++
				}
			}
			t.Logf("%d trials, %d acknowledged updates; %d times the store had been rewritten", trials, total, rewritten)
		})
	}
}

// strike lets a fault strike a process that writes for ever, checks what it
// leaves, and returns how many updates were acknowledged, and the generation.
func strike(t *testing.T, f powertest.Fault, from string, env ...string) (acknowledged int, newest uint64) {
	t.Helper()
	o := powertest.Run(t, from, f, func(dir string) *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(append(os.Environ(), crashDir+"="+dir), env...)
		return cmd
	})
	if !o.Struck {
		t.Fatalf("%v: it has not struck; %v\n%s", f, o.Err, o.Out)
	}
	for line := range strings.Lines(o.Out) {
		var n int
		if _, err := fmt.Sscanf(line, "has %d\n", &n); err == nil {
			acknowledged = n
		}
	}
	dirs := o.Left(t)
	if !f.Cut {
		dirs = append(dirs, filepath.Join(t.TempDir(), "seen"))
		if err := o.Disk.SaveSeen(dirs[2]); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range dirs {
		for tables := range 2 { // the second time it is rewritten
			s, err := Open(dir, Options{Log: slog.New(slog.DiscardHandler), Tables: tables})
			if err != nil {
				t.Fatalf("%v, %s: %v\n%s", f, filepath.Base(dir), err, o.Out)
			}
			a, b := count(t, s, "a"), count(t, s, "b")
			if a != b || a < acknowledged {
				t.Errorf("%v, %s: %d and %d records, %d pairs were acknowledged\n%s", f, filepath.Base(dir), a, b, acknowledged, o.Out)
			}
			if tables == 0 {
				newest = s.generation
			}
			if err := s.Close(); err != nil {
				t.Errorf("%v, %s: %v", f, filepath.Base(dir), err)
			}
		}
		os.RemoveAll(dir)
	}
	return acknowledged, newest
}
