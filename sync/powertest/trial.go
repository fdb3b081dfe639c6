package powertest

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// All reports whether tests that sample shall run every trial: make test-power
// asks for that.
func All() bool { return os.Getenv("PANNIER_TEST_POWER") != "" }

// Outcome is how a command ended, and the disk that it left.
type Outcome struct {
	Disk   *Disk
	Struck bool   // the fault struck while the command ran
	Calls  int64  // that changed the disk
	Out    string // what the command wrote
	Err    error  // of the command
}

// Run loads a disk with a folder, mounts it, and runs a command on it with a
// fault. When the power is cut the command is killed.
func Run(tb testing.TB, from string, f Fault, command func(dir string) *exec.Cmd) Outcome {
	tb.Helper()
	d := New()
	if err := d.Load(from); err != nil {
		tb.Fatal(err)
	}
	dir, unmount := d.Mount(tb)
	defer unmount()
	var out bytes.Buffer
	cmd := command(dir)
	cmd.Stdout, cmd.Stderr = &out, &out
	d.Inject(f)
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	struck := d.Struck()
	o := Outcome{Disk: d}
	select {
	case o.Err = <-ended:
		select {
		case <-struck:
			o.Struck = true
		default:
		}
	case <-struck:
		o.Struck = true
		if f.Cut {
			cmd.Process.Kill()
		}
		o.Err = <-ended
	}
	o.Calls, o.Out = d.Calls(), out.String()
	return o
}

// Each runs trial with a fault at call 1, 2, 3 … until the fault does not
// strike; or, unless All, at a sample of the calls. It returns how many trials
// there were. trial reports whether its fault struck.
func Each(tb testing.TB, f Fault, calls int64, sample int, trial func(Fault) bool) (trials int) {
	tb.Helper()
	if All() {
		for f.At = 1; ; f.At++ {
			trials++
			if !trial(f) || tb.Failed() {
				return trials
			}
		}
	}
	for i := range sample { // one of each stretch of calls
		from, to := calls*int64(i)/int64(sample), calls*int64(i+1)/int64(sample)
		f.At = 1 + from + rand.N(max(1, to-from))
		trials++
		if trial(f); tb.Failed() {
			break
		}
	}
	return trials
}

// Left saves what a cut leaves into new folders: once what was synced and
// nothing else, and once more with some of the rest.
func (o Outcome) Left(tb testing.TB) []string {
	tb.Helper()
	dirs := []string{filepath.Join(tb.TempDir(), "synced"), filepath.Join(tb.TempDir(), "torn")}
	for i, random := range []*rand.Rand{nil, rand.New(rand.NewPCG(rand.Uint64(), 0))} {
		if err := o.Disk.Save(dirs[i], random); err != nil {
			tb.Fatal(err)
		}
	}
	return dirs
}
