package control

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// daemon serves dir until the returned function is called, which waits.
func daemon(t *testing.T, dir string, run Run) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, dir, run) }()
	for { // until it answers, or gives up
		conn, err := dial(dir)
		if err == nil {
			conn.Close()
			break
		}
		select {
		case err := <-ended:
			t.Fatalf("Serve: %v", err)
		default:
		}
	}
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func try(ctx context.Context, t *testing.T, dir string, args ...string) (code int, ok bool, stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	code, ok, err = Try(ctx, dir, args, &out, &errs)
	return code, ok, out.String(), errs.String(), err
}

// echo writes its arguments and folder, and returns their number.
func echo(_ context.Context, args []string, dir string, stdout, stderr io.Writer) int {
	fmt.Fprintf(stdout, "%q", args)
	fmt.Fprint(stderr, dir)
	return len(args)
}

func TestCommand(t *testing.T) {
	dir := t.TempDir()
	daemon(t, dir, echo)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {"publish"}, {"a b", "", "line\nline", "\"", "žäß"}} {
		code, ok, stdout, stderr, err := try(t.Context(), t, dir, args...)
		if code != len(args) || !ok || err != nil || stdout != fmt.Sprintf("%q", args) || stderr != here {
			t.Errorf("%q gave %d, %v, %v, output %s, errors %s", args, code, ok, err, stdout, stderr)
		}
	}
}

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	var want int
	daemon(t, dir, func(context.Context, []string, string, io.Writer, io.Writer) int { return want })
	for _, want = range []int{0, 1, 255, -1, 1 << 30} {
		if code, ok, _, _, err := try(t.Context(), t, dir); code != want || !ok || err != nil {
			t.Errorf("got %d, %v, %v, want code %d", code, ok, err, want)
		}
	}
}

func TestLongOutput(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("0123456789", 100_000)
	daemon(t, dir, func(_ context.Context, _ []string, _ string, stdout, stderr io.Writer) int {
		io.WriteString(stdout, long)
		io.WriteString(stderr, long[1:])
		return 0
	})
	if _, _, stdout, stderr, err := try(t.Context(), t, dir); stdout != long || stderr != long[1:] || err != nil {
		t.Errorf("%d and %d bytes, %v", len(stdout), len(stderr), err)
	}
}

func TestNoDaemon(t *testing.T) {
	dir := t.TempDir()
	for name, dir := range map[string]string{"empty folder": dir, "no folder": filepath.Join(dir, "none")} {
		if code, ok, _, _, err := try(t.Context(), t, dir, "x"); code != 0 || ok || err != nil {
			t.Errorf("%s: %d, %v, %v, want nobody", name, code, ok, err)
		}
	}
}

func TestStaleSocket(t *testing.T) {
	dir := t.TempDir()
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, socketName), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ln.SetUnlinkOnClose(false)
	ln.Close() // as a crash leaves it
	if _, ok, _, _, err := try(t.Context(), t, dir); ok || err != nil {
		t.Errorf("a stale socket: %v, %v, want nobody", ok, err)
	}
	stop := daemon(t, dir, echo)
	if err := Serve(t.Context(), dir, echo); !errors.Is(err, ErrRunning) {
		t.Errorf("a second daemon gave %v, want ErrRunning", err)
	}
	if code, ok, _, _, err := try(t.Context(), t, dir, "x"); code != 1 || !ok || err != nil {
		t.Errorf("after the second daemon: %d, %v, %v", code, ok, err)
	}
	stop()
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	daemon(t, dir, echo)
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, socketName): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v (%v), want %v", path, info.Mode(), err, want)
		}
	}
}

func TestLongPath(t *testing.T) {
	for _, extra := range []int{-1, 0, 1, 100} {
		dir := filepath.Join(t.TempDir(), "d")
		if n := maxPath - len(socketName) - 1 - len(dir) + extra; n > 0 {
			dir += strings.Repeat("d", n)
		} else {
			t.Fatal("the temporary folder's path is too long itself")
		}
		stop := daemon(t, dir, echo)
		if code, ok, _, _, err := try(t.Context(), t, dir, "x"); code != 1 || !ok || err != nil {
			t.Errorf("path of %d bytes: %d, %v, %v", len(dir), code, ok, err)
		}
		stop()
	}
}

// wait runs until it is told to stop, and says when it began.
func wait(began chan<- bool) Run {
	return func(ctx context.Context, _ []string, _ string, stdout, _ io.Writer) int {
		began <- true
		<-ctx.Done()
		io.WriteString(stdout, "stopped in good order")
		return 130
	}
}

func TestCancel(t *testing.T) {
	dir, began := t.TempDir(), make(chan bool, 1)
	daemon(t, dir, wait(began))
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-began; cancel() }()
	code, ok, stdout, _, err := try(ctx, t, dir)
	if code != 130 || !ok || err != nil || stdout != "stopped in good order" {
		t.Errorf("got %d, %v, %v, %q; want the command's own end", code, ok, err, stdout)
	}
}

func TestCallerVanishes(t *testing.T) {
	dir, ended := t.TempDir(), make(chan bool)
	daemon(t, dir, func(ctx context.Context, _ []string, _ string, stdout, _ io.Writer) int {
		io.WriteString(stdout, "x")
		<-ctx.Done()
		close(ended)
		return 0
	})
	conn, err := dial(dir)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "{}\n")
	io.ReadFull(conn, make([]byte, 6)) // it runs
	conn.Close()
	<-ended
}

func TestTwoAtOnce(t *testing.T) {
	dir := t.TempDir()
	var meet [2]chan bool
	for i := range meet {
		meet[i] = make(chan bool)
	}
	daemon(t, dir, func(_ context.Context, args []string, _ string, stdout, _ io.Writer) int {
		me := int(args[0][0] - '0')
		close(meet[me])
		<-meet[1-me] // neither ends unless both run
		io.WriteString(stdout, args[0])
		return me
	})
	done := make(chan bool)
	for _, arg := range []string{"0", "1"} {
		go func() {
			if code, ok, stdout, _, err := try(t.Context(), t, dir, arg); fmt.Sprint(code) != arg || !ok || err != nil || stdout != arg {
				t.Errorf("command %s gave %d, %v, %v, %q", arg, code, ok, err, stdout)
			}
			done <- true
		}()
	}
	<-done
	<-done
}

func TestDaemonStops(t *testing.T) {
	dir, began := t.TempDir(), make(chan bool, 1)
	stop := daemon(t, dir, wait(began))
	go func() { <-began; stop() }()
	if code, ok, stdout, _, err := try(t.Context(), t, dir); code != 130 || !ok || err != nil || stdout == "" {
		t.Errorf("got %d, %v, %v, %q; want the command's own end", code, ok, err, stdout)
	}
	stop()
}

func TestPanic(t *testing.T) {
	dir := t.TempDir()
	daemon(t, dir, func(context.Context, []string, string, io.Writer, io.Writer) int { panic("secret") })
	for range 2 {
		if code, _, _, stderr, err := try(t.Context(), t, dir); code != codeSoftware || err != nil || strings.Contains(stderr, "secret") || stderr == "" {
			t.Errorf("got %d, %v, %q", code, err, stderr)
		}
	}
}

func TestBadRequests(t *testing.T) {
	dir := t.TempDir()
	daemon(t, dir, func(context.Context, []string, string, io.Writer, io.Writer) int {
		t.Error("a bad request was run")
		return 0
	})
	for name, line := range map[string]string{
		"nothing": "", "no newline": "{}", "no JSON": "publish\n", "other JSON": "[1]\n",
		"too long": strings.Repeat(" ", maxRequest-2) + "{}\n",
	} {
		conn, err := dial(dir)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, line[:min(len(line), maxRequest)])
		conn.CloseWrite()
		var stderr bytes.Buffer
		if code, err := receive(conn, io.Discard, &stderr); code != codeUsage || err != nil || stderr.Len() == 0 {
			t.Errorf("%s: %d, %v, %q", name, code, err, stderr.String())
		}
		conn.Close()
	}
	args := []string{strings.Repeat("x", maxRequest)}
	if _, ok, err := Try(t.Context(), dir, args, io.Discard, io.Discard); !ok || err == nil || errors.Is(err, ErrBroken) {
		t.Errorf("arguments over the limit: %v, %v", ok, err)
	}
}
