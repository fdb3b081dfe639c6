package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
)

// daemon is pannierd on a data folder of its own. Each call is a new process.
type daemon struct{ program, data string }

// published is what `pannierd publish` answers.
type published struct {
	Version   uint64
	Manifest  string
	Cells     int
	Bytes     int64
	Delta     int64 `json:"delta_bytes"`
	Unchanged bool
	Seconds   float64
	POIs      int
	Routes    int
}

func (d daemon) create(ctx context.Context, region, languages string) error {
	_, err := d.call(ctx, new(any), "region", "create", region, "--languages", languages)
	return err
}

// load imports files; options may stand among them.
func (d daemon) load(ctx context.Context, region string, files ...string) (Usage, error) {
	return d.call(ctx, new(any), append([]string{"import", region}, files...)...)
}

// bounded returns a command with its setting of memory, in megabytes. 0 leaves that
// to the program.
func (d daemon) bounded(memory int64, args ...string) []string {
	if memory > 0 {
		args = append(args, fmt.Sprintf("--memory=%d", memory))
	}
	return args
}

func (d daemon) publish(ctx context.Context, region string) (published, Usage, error) {
	var p published
	u, err := d.call(ctx, &p, "publish", region)
	if err == nil && p.Unchanged {
		err = fmt.Errorf("publish %s: nothing changed", region)
	}
	return p, u, err
}

// call runs a command and reads its answer.
func (d daemon) call(ctx context.Context, answer any, args ...string) (Usage, error) {
	out, u, err := measure(ctx, d.program, append([]string{"--data", d.data, "--json"}, args...)...)
	if err != nil {
		return u, err
	}
	if err := json.Unmarshal(out, answer); err != nil {
		return u, fmt.Errorf("pannierd %s: read its answer: %w", args[0], err)
	}
	return u, nil
}

// site is what the daemon has published.
func (d daemon) site() site { return site(filepath.Join(d.data, "public")) }
