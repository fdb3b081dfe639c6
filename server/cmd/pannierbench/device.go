package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
)

// device is the client pannier with a folder of its own. Each call is a new
// process.
type device struct{ program, dir string }

// pulled is what `pannier pull` and `pannier update` answer.
type pulled struct {
	Version  uint64
	Manifest string
	Requests int64
	Changed  int `json:"changed_cells"`
}

func (d device) pull(ctx context.Context, region, server string) (p pulled, err error) {
	_, err = d.call(ctx, &p, "pull", region, "--server", server)
	return p, err
}

func (d device) update(ctx context.Context, region string) (p pulled, u Usage, err error) {
	u, err = d.call(ctx, &p, "update", region)
	return p, u, err
}

// verify has the device check all that is installed.
func (d device) verify(ctx context.Context, region string) error {
	_, err := d.call(ctx, new(any), "verify", "--region", region)
	return err
}

func (d device) export(ctx context.Context, region, format, file string) error {
	_, err := d.call(ctx, new(any), "export", format, "-o", file, "--region", region)
	return err
}

// clone copies the device to an empty folder.
func (d device) clone(dir string) (device, error) {
	return device{d.program, dir}, os.CopyFS(dir, os.DirFS(d.dir))
}

func (d device) call(ctx context.Context, answer any, args ...string) (Usage, error) {
	out, u, err := measure(ctx, d.program, append([]string{"--dir", d.dir, "--json"}, args...)...)
	if err != nil {
		return u, err
	}
	if err := json.Unmarshal(out, answer); err != nil {
		return u, fmt.Errorf("pannier %s: read its answer: %w", args[0], err)
	}
	return u, nil
}
