// Command pannierbench measures pannierd on real extracts, and sets its maps beside
// those of tilemaker and its deltas beside those of zstd, bsdiff and xdelta3. Run it in the repository's root:
//
//	go run ./server/cmd/pannierbench        builds, days and deltas
//	go run ./server/cmd/pannierbench sync   updates of a real client, on the wire
//	go run ./server/cmd/pannierbench api    writes, lists, imports and publishes through the write API
//	go run ./server/cmd/pannierbench scale  extracts of rising size
//
// A table goes to stdout, progress to stderr, and the figures to out/bench.json,
// out/bench-sync.json, out/bench-api.json or out/bench-scale.json.
// Delaware comes from a Go module; further extracts and the programs
// compared with are left out where they are missing, and the table says so.
// Every import, publish and foreign program is a process of its own, so that
// CPU time and memory are its own; its files are in the page cache. Temporary
// files (some 600 MB below TMPDIR; scale takes more) are removed at the end, and on Ctrl-C.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path"
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

	pannier   string // the client, for sync
	goPMTiles string // a peer, for sync; "" when it cannot be had
}

func run(ctx context.Context, args []string) (err error) {
	if len(args) > 0 && args[0] == exporting {
		return export(ctx, args[1:])
	}
	if len(args) > 0 && args[0] == "sync" {
		return runSync(ctx, args[1:])
	}
	if len(args) > 0 && args[0] == "scale" {
		return runScale(ctx, args[1:])
	}
	if len(args) > 0 && args[0] == "api" {
		return runAPI(ctx, args[1:])
	}
	b := &bench{}
	flags := flag.NewFlagSet("pannierbench", flag.ContinueOnError)
	out := b.flags(flags, "out/bench.json")
	only := flags.String("only", "", "measure only the regions whose name contains this; or \"days\" or \"updates\"")
	if err := flags.Parse(args); err != nil {
		return err
	}
	done, err := b.start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	for _, part := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"", func(ctx context.Context) error { return b.builds(ctx, *only) }}, {"days", b.days}, {"updates", b.updates},
	} {
		if part.name != "" && *only != "" && *only != part.name {
			continue
		}
		if err := part.do(ctx); err != nil {
			return err
		}
	}
	b.report.Groups, b.report.Targets = groups, b.report.buildTargets()
	if err := b.report.print(os.Stdout); err != nil {
		return err
	}
	return writeReport(*out, b.report)
}

// flags declares the flags that all benchmarks have.
func (b *bench) flags(flags *flag.FlagSet, file string) (out *string) {
	flags.IntVar(&b.runs, "runs", 5, "runs of each step that is timed; the table shows medians")
	flags.StringVar(&b.osm, "osm", filepath.FromSlash("../shared/data/osm"), "folder of further extracts and changes")
	return flags.String("out", filepath.FromSlash(file), "file for the figures as JSON")
}

// start begins a report, and builds pannierd in a temporary folder. The caller
// calls done to remove that.
func (b *bench) start(ctx context.Context) (done func() error, err error) {
	if b.runs < 1 {
		return nil, fmt.Errorf("-runs %d: must be 1 or more", b.runs)
	}
	b.report = &Report{
		Date: time.Now().UTC().Truncate(time.Second), Machine: thisMachine(), Revision: revision(ctx), Runs: b.runs,
	}
	if b.temp, err = os.MkdirTemp("", "pannierbench-*"); err != nil {
		return nil, err
	}
	done = func() error { return os.RemoveAll(b.temp) }
	if b.pannierd, err = b.program(ctx, "./server/cmd/pannierd"); err != nil {
		return nil, errors.Join(err, done())
	}
	return done, nil
}

// program builds a command in the temporary folder and returns its path.
func (b *bench) program(ctx context.Context, pkg string) (string, error) {
	say("building %s", pkg)
	program := filepath.Join(b.temp, path.Base(pkg))
	cmd := command(ctx, "go", "build", "-o", program, pkg)
	cmd.Env = append(os.Environ(), "GOTMPDIR="+b.temp) // go leaves its files when interrupted
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s (run this in the repository's root): %w\n%s", pkg, err, text)
	}
	return program, nil
}

// writeReport writes the figures as JSON.
func writeReport(file string, report any) error {
	data, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(file, append(data, '\n'), 0o644); err != nil {
		return err
	}
	say("wrote %s", file)
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
