package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// extract is a region's map data.
type extract struct {
	region, languages string
	file              string
}

// module holds extracts as its test data.
const module = "github.com/paulmach/osm"

// builds measures each region whose name contains a text, from its extract to its first version.
func (b *bench) builds(ctx context.Context, only string) error {
	extracts := []extract{
		{"liechtenstein-2024", "de,en", filepath.Join(b.osm, recentExtract)},
		{"liechtenstein-2019", "de,en", filepath.Join(b.osm, autumnExtract)},
		{"andorra", "ca,es,fr,en", filepath.Join(b.osm, "andorra-2021-06-22.osm.pbf")},
	}
	out, err := output(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module)
	dir := strings.TrimSpace(string(out))
	if err == nil && dir == "" {
		err = errors.New("it is not downloaded (go mod download)")
	}
	if err == nil {
		extracts = append(extracts, extract{"delaware", "en", filepath.Join(dir, "testdata", "delaware-latest.osm.pbf")})
	} else {
		b.absent("build of delaware: module %s: %v", module, err)
	}
	for _, e := range extracts {
		if !strings.Contains(e.region, only) {
			continue
		}
		info, err := os.Stat(e.file)
		if errors.Is(err, fs.ErrNotExist) {
			b.absent("build of %s: there is no %s", e.region, e.file)
			continue
		}
		if err != nil {
			return err
		}
		build, err := b.build(ctx, e)
		if err != nil {
			return fmt.Errorf("build %s: %w", e.region, err)
		}
		build.Bytes = info.Size()
		b.report.Builds = append(b.report.Builds, build)
		if e.file == filepath.Join(b.osm, recentExtract) {
			if err := b.repeats(ctx, e); err != nil {
				return fmt.Errorf("repeat %s: %w", e.region, err)
			}
		}
	}
	return nil
}

// recentExtract is the newest of the extracts that most rows are of.
const recentExtract = "liechtenstein-2024-03-04.osm.pbf"

// build measures import, first publish and the export of that as an archive, each
// time in an empty data folder, and by turns with it the other program, so that both
// have the same share of a machine with other work.
func (b *bench) build(ctx context.Context, e extract) (Build, error) {
	self, err := os.Executable()
	if err != nil {
		return Build{}, err
	}
	peer, err := b.rival(e)
	if err != nil {
		return Build{}, err
	}
	var imports, publishes, exports []Usage
	var content Content
	var ours Archive
	var manifest string
	for i := range b.runs {
		say("%s: run %d of %d", e.region, i+1, b.runs)
		d, done, err := b.fresh(ctx, e.region, e.languages)
		if err != nil {
			return Build{}, err
		}
		defer done()
		u, err := d.load(ctx, e.region, e.file)
		if err != nil {
			return Build{}, err
		}
		imports = append(imports, u)
		p, u, err := d.publish(ctx, e.region)
		if err != nil {
			return Build{}, err
		}
		publishes = append(publishes, u)
		file := filepath.Join(d.data, "map.pmtiles")
		if _, u, err = measure(ctx, self, exporting, string(d.site()), e.region, file); err != nil {
			return Build{}, err
		}
		exports = append(exports, u)
		if peer != nil {
			ok, err := peer.run(ctx)
			if err != nil {
				return Build{}, err
			}
			if !ok {
				peer = nil
			}
		}
		if i > 0 {
			if p.Manifest != manifest {
				return Build{}, fmt.Errorf("run %d made manifest %s, run 1 made %s", i+1, p.Manifest, manifest)
			}
			continue
		}
		manifest = p.Manifest
		all, _, err := d.site().manifests(ctx, e.region)
		if err != nil {
			return Build{}, err
		}
		if content, err = d.site().weigh(ctx, all[0]); err != nil {
			return Build{}, err
		}
		content.POIs, content.Routes, content.Bundle = p.POIs, p.Routes, p.Bytes
		info, err := os.Stat(file)
		if err != nil {
			return Build{}, err
		}
		if ours, err = countTiles(ctx, d.site().tiles(ctx, all[0])); err != nil {
			return Build{}, err
		}
		ours.Program, ours.File = "pannier", info.Size()
	}
	build := Build{
		Region: e.region, Extract: filepath.Base(e.file), Content: content,
		Steps:    []Step{newStep("import", imports), newStep("publish", publishes), newStep("export", exports)},
		Archives: []Archive{ours},
	}
	if peer != nil {
		err = peer.finish(ctx, &build)
	}
	return build, err
}

// fresh returns a pannierd with one region and nothing in it. The caller calls
// done to remove it.
func (b *bench) fresh(ctx context.Context, region, languages string) (d daemon, done func(), err error) {
	dir, err := os.MkdirTemp(b.temp, region+"-*")
	if err != nil {
		return daemon{}, nil, err
	}
	d = daemon{b.pannierd, dir}
	if err := d.create(ctx, region, languages); err != nil {
		os.RemoveAll(dir)
		return daemon{}, nil, err
	}
	return d, func() { os.RemoveAll(dir) }, nil
}

// installed reports whether a program is there, and notes it if not. It is the
// program of the Debian package of the same name.
func (b *bench) installed(program string) bool {
	if _, err := exec.LookPath(program); err != nil {
		b.absent("%s: not installed (Debian package %s)", program, program)
		return false
	}
	return true
}
