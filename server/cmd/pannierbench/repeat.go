package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// Repeat is a map that is made again of the same extract.
type Repeat struct {
	Program string `json:"program"`
	Way     string `json:"way"` // what is different from the first time
	Tiles   int    `json:"tiles"`
	Differ  int    `json:"differing_tiles"` // also those that one time alone has
	// Manifest is the version's name, which stands for all that it holds: features too.
	Manifest string `json:"manifest,omitempty"`
}

// prints are the hashes of a map's tiles.
type prints map[cell.ID]blob.Hash

func printsOf(tiles tileset) (prints, error) {
	p := make(prints)
	for tile, err := range tiles {
		if err != nil {
			return nil, err
		}
		p[tile.ID] = blob.Sum(tile.Data)
	}
	return p, nil
}

// differ counts the tiles that are not the same in both.
func (p prints) differ(o prints) (n int) {
	for id, hash := range p {
		if o[id] != hash {
			n++
		}
	}
	for id := range o {
		if _, ok := p[id]; !ok {
			n++
		}
	}
	return n
}

// repeats makes a map again, in several ways, and looks what differs.
func (b *bench) repeats(ctx context.Context, e extract) error {
	if _, err := os.Stat(e.file); err != nil {
		b.absent("repeats: %v", err)
		return nil
	}
	later, err := b.laterProgram(ctx)
	if err != nil {
		return err
	}
	var first prints
	for _, way := range []struct {
		name, program, cores string
		memory               int64 // megabytes
	}{
		{name: "the first time"},
		{name: "again"},
		{name: "1 worker", cores: "1"},
		{name: "2 workers", cores: "2"},
		{name: "7 workers", cores: "7"},
		{name: "little memory", memory: 16},
		{name: "170 days later", program: later},
	} {
		if way.name == "170 days later" && later == "" {
			continue
		}
		say("%s: %s", e.region, way.name)
		r, got, err := b.repeat(ctx, e, way.program, way.cores, way.memory)
		if ctx.Err() == nil && err != nil && strings.Contains(err.Error(), "unknown flag") {
			b.absent("repeats, %s: pannierd has no such option", way.name)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
		if first == nil {
			first = got
		}
		r.Way, r.Differ = way.name, first.differ(got)
		b.report.Repeats = append(b.report.Repeats, r)
	}
	return b.repeatTilemaker(ctx, e)
}

// repeat makes one version in an empty data folder.
func (b *bench) repeat(ctx context.Context, e extract, program, cores string, memory int64) (r Repeat, p prints, err error) {
	d, done, err := b.fresh(ctx, e.region, e.languages)
	if err != nil {
		return r, nil, err
	}
	defer done()
	if program != "" {
		d.program = program
	}
	if cores != "" {
		defer os.Unsetenv("GOMAXPROCS")
		os.Setenv("GOMAXPROCS", cores) // of import and publish alike
	}
	if _, err := d.call(ctx, new(any), d.bounded(memory, "import", e.region, e.file)...); err != nil {
		return r, nil, err
	}
	var out published
	if _, err := d.call(ctx, &out, d.bounded(memory, "publish", e.region)...); err != nil {
		return r, nil, err
	}
	all, _, err := d.site().manifests(ctx, e.region)
	if err != nil {
		return r, nil, err
	}
	p, err = printsOf(d.site().tiles(ctx, all[0]))
	return Repeat{Program: "pannier", Tiles: len(p), Manifest: out.Manifest}, p, err
}

// repeatTilemaker has tilemaker make the same map twice.
func (b *bench) repeatTilemaker(ctx context.Context, e extract) error {
	var first prints
	for i := range 2 {
		dir, ok, err := b.tilemakerFolder(ctx, e)
		if err != nil || !ok {
			return err
		}
		got, err := printsOf(folderTiles(ctx, dir))
		if err := errors.Join(err, os.RemoveAll(dir)); err != nil {
			return err
		}
		if i == 0 {
			first = got
			continue
		}
		b.report.Repeats = append(b.report.Repeats, Repeat{Program: "tilemaker", Way: "again", Tiles: len(got), Differ: first.differ(got)})
	}
	return nil
}

// laterProgram builds pannierd with a clock that is 170 days ahead, by a changed
// copy of the standard library's. "" when that cannot be had.
func (b *bench) laterProgram(ctx context.Context) (string, error) {
	out, err := output(ctx, "go", "env", "GOROOT")
	if err != nil {
		return "", err
	}
	clock := filepath.Join(strings.TrimSpace(string(out)), "src", "time", "time.go")
	source, err := os.ReadFile(clock)
	const now = "func Now() Time {"
	if err != nil || strings.Count(string(source), now) != 1 {
		b.absent("repeat on another day: the clock in %s is not known", clock)
		return "", nil
	}
	changed, overlay := filepath.Join(b.temp, "later.go"), filepath.Join(b.temp, "later.json")
	text := strings.Replace(string(source), now, "func Now() Time { return present().Add(170 * 24 * Hour) }\n\nfunc present() Time {", 1)
	err = errors.Join(os.WriteFile(changed, []byte(text), 0o600), os.WriteFile(overlay, fmt.Appendf(nil, `{"Replace": {%q: %q}}`, clock, changed), 0o600))
	if err != nil {
		return "", err
	}
	say("building pannierd with a clock that is ahead")
	program := filepath.Join(b.temp, "pannierd-later")
	cmd := command(ctx, "go", "build", "-overlay", overlay, "-o", program, "./server/cmd/pannierd")
	cmd.Env = append(os.Environ(), "GOTMPDIR="+b.temp)
	if text, err := cmd.CombinedOutput(); err != nil {
		b.absent("repeat on another day: %v: %s", err, lastLine(text))
		return "", ctx.Err()
	}
	return program, nil
}

// tilemakerFolder has tilemaker write its tiles to a folder, unpacked by the
// caller, who removes it.
func (b *bench) tilemakerFolder(ctx context.Context, e extract) (dir string, ok bool, err error) {
	if _, err := exec.LookPath("tilemaker"); err != nil {
		return "", false, nil // noted by the build
	}
	config, process, err := b.profile()
	if err != nil {
		return "", false, nil // likewise
	}
	if dir, err = os.MkdirTemp(b.temp, "tilemaker-*"); err != nil {
		return "", false, err
	}
	say("%s: tilemaker, to a folder", e.region)
	if _, _, err = measure(ctx, "tilemaker", "--input", e.file, "--output", dir, "--config", config, "--process", process); err != nil {
		return "", false, errors.Join(err, os.RemoveAll(dir))
	}
	return dir, true, nil
}
