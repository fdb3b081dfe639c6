package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Usage is what a process took, with the children that it waited for.
type Usage struct {
	WallSeconds float64 `json:"wall_seconds"`
	CPUSeconds  float64 `json:"cpu_seconds"` // user and system
	PeakBytes   int64   `json:"peak_bytes"`  // of resident memory; 0 where the system does not tell
}

// launch is the first argument that makes this command a launcher.
const launch = "-launch-and-measure"

// launched is what a launcher writes.
type launched struct {
	Usage  Usage  `json:"usage"`
	Output []byte `json:"output"`
}

// measure runs a program to its end and returns its output and what it took.
//
// A launcher stands in between: Linux counts towards a process's peak what the
// one that started it had held, and this one holds whole bundles.
func measure(ctx context.Context, program string, args ...string) ([]byte, Usage, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, Usage{}, err
	}
	out, err := output(ctx, self, append([]string{launch, program}, args...)...)
	if err != nil {
		return nil, Usage{}, err
	}
	var l launched
	if err := json.Unmarshal(out, &l); err != nil {
		return nil, Usage{}, fmt.Errorf("measure %s: %w", program, err)
	}
	return l.Output, l.Usage, nil
}

// launcher starts the program that its arguments name and reports on it.
func launcher(ctx context.Context, args []string) int {
	cmd := command(ctx, args[0], args[1:]...)
	var stdout bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, os.Stderr
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", strings.Join(args, " "), err)
		return 1
	}
	state := cmd.ProcessState
	err = json.NewEncoder(os.Stdout).Encode(launched{
		Usage{wall.Seconds(), (state.UserTime() + state.SystemTime()).Seconds(), peak(state)}, stdout.Bytes(),
	})
	if err != nil {
		return 1
	}
	return 0
}

// output runs a program; the error carries what it said.
func output(ctx context.Context, program string, args ...string) ([]byte, error) {
	out, err := command(ctx, program, args...).Output()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		err = errors.New(strings.TrimSpace(string(exit.Stderr)))
	}
	return out, err
}

// command is asked to stop, and given time to clean up, when ctx ends.
func command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// newStep takes the medians of a step's runs.
func newStep(name string, runs []Usage) Step {
	return Step{Name: name, Runs: runs, Median: Usage{
		WallSeconds: median(runs, func(u Usage) float64 { return u.WallSeconds }),
		CPUSeconds:  median(runs, func(u Usage) float64 { return u.CPUSeconds }),
		PeakBytes:   median(runs, func(u Usage) int64 { return u.PeakBytes }),
	}}
}

// median returns the middle value of usages.
func median[N float64 | int64](runs []Usage, of func(Usage) N) N { return middle(runs, of) }

// middle returns the middle value; of an even number, the mean of the two in the middle.
func middle[T any, N float64 | int64](runs []T, of func(T) N) N {
	values := make([]N, len(runs))
	for i, u := range runs {
		values[i] = of(u)
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
