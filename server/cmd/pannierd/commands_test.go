package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The tests of bad input run the real commands as processes, built once.
var commands struct{ folder, pannierd, pannier string }

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "pannierd-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	out, err := exec.Command("go", "build", "-o", dir+string(filepath.Separator), ".", "../../../clients/cmd/pannier").CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "build the commands: %v\n%s", err, out)
		return 1
	}
	commands.folder = dir
	commands.pannierd, commands.pannier = filepath.Join(dir, "pannierd"), filepath.Join(dir, "pannier")
	return m.Run()
}

// outcome is how a command ended.
type outcome struct {
	code           int // -1: by a signal
	stdout, stderr string
	memory         int64 // bytes at most, 0 where the system does not tell
}

// run runs a command to its end.
func run(t *testing.T, command string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%s %q: %v", filepath.Base(command), args, errors.Join(err, ctx.Err()))
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String(), maxMemory(cmd.ProcessState)}
}

// message is what a command says at its end, without its progress.
func (o outcome) message() string {
	i := strings.LastIndex("\n"+o.stderr, "\npannier")
	return strings.TrimSpace(o.stderr[max(0, i):])
}

// wantDone checks that a command succeeded and returns its output.
func (o outcome) wantDone(t *testing.T) string {
	t.Helper()
	if o.code != 0 {
		t.Fatalf("exit status %d:\n%s%s", o.code, o.stdout, o.stderr)
	}
	return o.stdout
}

// inner is what no user should have to see: traces, types, pointers.
var inner = regexp.MustCompile(`goroutine \d|panic|runtime error|SIGBUS|fault address|\.go:\d|0xc0|%!|` +
	`\b(json|xml|gzip|flate|strconv|feature|osm|osmpbf|store|badger|catalog|http|url|fs|os|main|blob|head|sqlite|syscall)\.[A-Z(]`)

// wantRefused checks that a command failed, with a message that has each of the
// parts.
func (o outcome) wantRefused(t *testing.T, parts ...string) {
	t.Helper()
	t.Logf("exit status %d: %s", o.code, o.message())
	if o.code <= 0 {
		t.Errorf("exit status %d, want a failure; it says:\n%s%s", o.code, o.stdout, o.stderr)
	}
	for _, part := range parts {
		if !strings.Contains(o.message(), part) {
			t.Errorf("the message lacks %q:\n%s", part, o.message())
		}
	}
	if found := inner.FindString(o.stderr); found != "" {
		t.Errorf("the message shows %q:\n%s", found, o.stderr)
	}
}
