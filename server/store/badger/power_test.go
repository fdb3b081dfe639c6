package badgerstore

import (
	"fmt"
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
// merged meanwhile. No half of an Update shows.
func TestPower(t *testing.T) {
	for _, test := range []struct {
		name         string
		value        int   // bytes, at most
		calls        int64 // among which faults strike
		sample, full int   // trials
	}{
		{"small", 100, 3000, 5, 120},
		{"large", 20_000, 9000, 2, 60},
	} {
		t.Run(test.name, func(t *testing.T) {
			trials := test.sample
			if powertest.All() {
				trials = test.full
			}
			total := 0
			for i := range trials {
				f := powertest.Fault{At: 1 + rand.Int64N(test.calls), Cut: true}
				if i%4 == 3 { // once the store is made: see sync/PROMISES.md
					f = powertest.Fault{At: 30 + f.At, Errno: []syscall.Errno{syscall.EIO, syscall.ENOSPC}[i/4%2]}
				}
				total += strike(t, f, test.value)
			}
			t.Logf("%d trials, %d acknowledged updates", trials, total)
		})
	}
}

// strike lets a fault strike a process that writes for ever, checks what it
// leaves, and returns how many updates were acknowledged.
func strike(t *testing.T, f powertest.Fault, value int) (acknowledged int) {
	t.Helper()
	o := powertest.Run(t, t.TempDir(), f, func(dir string) *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), crashDir+"="+dir, fmt.Sprintf("%s=%d", crashValue, value))
		return cmd
	})
	if !o.Struck {
		t.Fatalf("%v: it has not struck; %v\n%s", f, o.Err, o.Out)
	}
	last := -1
	for line := range strings.Lines(o.Out) {
		if strings.HasSuffix(line, "\n") {
			fmt.Sscan(line, &last)
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
		s := open(t, dir, nil)
		a, b := count(t, s, "a"), count(t, s, "b")
		if a != b || a < last+1 {
			t.Errorf("%v, %s: %d and %d records, %d pairs were acknowledged", f, filepath.Base(dir), a, b, last+1)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%v, %s: %v", f, filepath.Base(dir), err)
		}
		os.RemoveAll(dir)
	}
	return last + 1
}
