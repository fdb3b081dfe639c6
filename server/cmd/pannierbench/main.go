// Command pannierbench measures pannierd on real extracts and sets its deltas
// beside those of zstd, bsdiff and xdelta3. Run it in the repository's root:
//
//	go run ./server/cmd/pannierbench
//
// A table goes to stdout, progress to stderr, and the figures to out/bench.json.
// Andorra and Delaware come from a Go module; further extracts and the programs
// compared with are left out where they are missing, and the table says so.
// Every import, publish and foreign program is a process of its own, so that
// CPU time and memory are its own; its files are in the page cache. Temporary
// files (some 200 MB below TMPDIR) are removed at the end, and on Ctrl-C.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) > 2 && os.Args[1] == launch {
		os.Exit(launcher(ctx, os.Args[2:]))
	}
	err := run(ctx, os.Args[1:])
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
	case ctx.Err() != nil:
		say("stopped; nothing is left behind")
		os.Exit(130)
	default:
		say("%v", err)
		os.Exit(1)
	}
}

// bench is one run of the command.
type bench struct {
	osm      string // folder of extracts
	temp     string // removed at the end
	pannierd string // the program measured
	runs     int
	report   *Report
}

func run(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("pannierbench", flag.ContinueOnError)
	b := &bench{report: &Report{Date: time.Now().UTC().Truncate(time.Second)}}
	flags.IntVar(&b.runs, "runs", 3, "runs of each build; the table shows medians")
	flags.StringVar(&b.osm, "osm", filepath.FromSlash("../shared/data/osm"), "folder of further extracts and changes")
	out := flags.String("out", filepath.FromSlash("out/bench.json"), "file for the figures as JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if b.runs < 1 {
		return fmt.Errorf("-runs %d: must be 1 or more", b.runs)
	}
	b.report.Runs, b.report.Machine, b.report.Revision = b.runs, thisMachine(), revision(ctx)
	if b.temp, err = os.MkdirTemp("", "pannierbench-*"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.temp)) }()

	if err := b.buildPannierd(ctx); err != nil {
		return err
	}
	if err := b.builds(ctx); err != nil {
		return err
	}
	if err := b.updates(ctx); err != nil {
		return err
	}
	if err := b.report.print(os.Stdout); err != nil {
		return err
	}
	data, err := json.MarshalIndent(b.report, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(*out), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(*out, append(data, '\n'), 0o644); err != nil {
		return err
	}
	say("wrote %s", *out)
	return nil
}

// buildPannierd builds the program to measure, in the temporary folder.
func (b *bench) buildPannierd(ctx context.Context) error {
	say("building pannierd")
	b.pannierd = filepath.Join(b.temp, "pannierd")
	cmd := command(ctx, "go", "build", "-o", b.pannierd, "./server/cmd/pannierd")
	cmd.Env = append(os.Environ(), "GOTMPDIR="+b.temp) // go leaves its files when interrupted
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build pannierd (run this in the repository's root): %w\n%s", err, text)
	}
	return nil
}

// say reports progress.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "pannierbench: "+format+"\n", args...) }

// absent notes what could not be measured, once.
func (b *bench) absent(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	for _, known := range b.report.Absent {
		if known == line {
			return
		}
	}
	say("%s", line)
	b.report.Absent = append(b.report.Absent, line)
}
