package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/sync/layout"
)

// suffix of a region's file. Beside "x.mbtiles" lie "x.stage", the folder of
// downloads that are not installed yet, and "x.lock".
const suffix = ".mbtiles"

// defaultDir returns the folder in which the system keeps a user's data.
func defaultDir() string {
	home, err := os.UserHomeDir()
	if err != nil {
		home = "."
	}
	base := os.Getenv("XDG_DATA_HOME")
	switch {
	case base != "":
	case runtime.GOOS == "windows" && os.Getenv("LocalAppData") != "":
		base = os.Getenv("LocalAppData")
	case runtime.GOOS == "darwin":
		base = filepath.Join(home, "Library", "Application Support")
	default:
		base = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(base, "pannier")
}

func (a *app) path(region string) string { return filepath.Join(a.dir, region+suffix) }

// notInstalled is the error for a region that is not on this computer.
type notInstalled struct{ region string }

func (e *notInstalled) Error() string {
	if e.region == "" {
		return "no region is installed"
	}
	return fmt.Sprintf("region %q is not installed", e.region)
}

// installed lists the regions on this computer, in the order of their names.
func (a *app) installed(ctx context.Context) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(escapeGlob(a.dir), "*"+suffix))
	if err != nil {
		return nil, err
	}
	var regions []string
	for _, file := range files {
		region := strings.TrimSuffix(filepath.Base(file), suffix)
		if layout.CheckRegion(region) != nil {
			continue
		}
		r, err := a.openRegion(ctx, region)
		var absent *notInstalled
		if errors.As(err, &absent) || errors.Is(err, offline.ErrForeign) {
			continue
		}
		if err == nil {
			r.Close()
		}
		regions = append(regions, region) // a damaged one is installed too
	}
	return regions, nil
}

// escapeGlob makes a folder's name stand for itself in a pattern.
func escapeGlob(dir string) string {
	if runtime.GOOS == "windows" {
		return dir
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// openRegion opens an installed region for reading.
func (a *app) openRegion(ctx context.Context, region string) (*offline.Region, error) {
	if err := layout.CheckRegion(region); err != nil {
		return nil, err
	}
	r, err := offline.OpenReadOnly(a.path(region))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &notInstalled{region}
	}
	if err != nil {
		return nil, err
	}
	if _, err := r.State(ctx); err != nil {
		r.Close()
		if errors.Is(err, fs.ErrNotExist) {
			return nil, &notInstalled{region}
		}
		return nil, err
	}
	return r, nil
}

// chosen returns the region to answer from: the one asked for, or the only one.
func (a *app) chosen(ctx context.Context, asked string) (string, error) {
	if asked != "" {
		return asked, nil
	}
	regions, err := a.installed(ctx)
	switch {
	case err != nil:
		return "", err
	case len(regions) == 0:
		return "", &notInstalled{}
	case len(regions) > 1:
		return "", fmt.Errorf("several regions are installed (%s); say which with --region", strings.Join(regions, ", "))
	}
	return regions[0], nil
}

// withRegion runs fn on the region to answer from.
func (a *app) withRegion(ctx context.Context, fn func(name string, r *offline.Region) error) error {
	name, err := a.chosen(ctx, a.region)
	if err != nil {
		return err
	}
	r, err := a.openRegion(ctx, name)
	if err != nil {
		return err
	}
	defer r.Close()
	return fn(name, r)
}
