package badgerstore

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A disk that somebody else fills up between the look at it and the write ends
// the process by a bus error, or an error of the store. What was acknowledged is
// there when there is room again.
func TestFullBehindItsBack(t *testing.T) {
	for _, size := range []int{70, 90} { // MiB: where it strikes
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			dir := t.TempDir()
			if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", size)); err != nil {
				t.Skipf("a full disk needs a small file system, and mounting one needs root: %v", err)
			}
			defer syscall.Unmount(dir, syscall.MNT_DETACH)
			folder := filepath.Join(dir, "store")
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), crashDir+"="+folder, crashBlind+"=yes")
			out, err := cmd.Output()
			if err == nil {
				t.Fatal("the disk was not filled up")
			}
			has := 0
			for line := range strings.Lines(string(out)) {
				fmt.Sscanf(line, "has %d\n", &has)
			}
			if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=1g"); err != nil {
				t.Fatal(err)
			}
			s, err := Open(folder, Options{Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			if a, b := count(t, s, "a"), count(t, s, "b"); a != b || a < has || has < 100 {
				t.Errorf("%d and %d records, %d pairs were acknowledged", a, b, has)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
