package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/server/host"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/bundle"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/site"
	"github.com/pannier-maps/pannier/tiles/progress"
)

func (p *program) bundleCommand() *cobra.Command {
	var out string
	var from uint64
	cmd := &cobra.Command{
		Use:   "bundle REGION -o FILE",
		Short: "Put a region's current version into one file, for cards and phones",
		Long: `Put a region's current version, or the way to it from an older one, into one file
that a phone installs with "pannier import FILE". What the phone checks is
the signature, so the file may come from anybody.`,
		Example: `  pannierd bundle andorra -o andorra.pannier
  pannierd bundle andorra --from 11 -o andorra-11-12.pannier`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := p.path(out)
			return p.with(cmd.Context(), func(h *host.Host) error {
				meter := p.meter(progress.Counts)
				bytes, err := writeBundle(cmd.Context(), h, args[0], from, path, meter)
				meter.Done()
				if err != nil {
					return err
				}
				return p.answer(map[string]any{"file": path, "bytes": bytes}, func() {
					p.printf("Wrote %s, %s.\n", out, progress.FormatBytes(bytes))
				})
			})
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "file to write; one that exists is replaced")
	cmd.Flags().Uint64Var(&from, "from", 0, "only what leads from this version to the current one")
	cmd.MarkFlagRequired("output")
	return cmd
}

// writeBundle writes a bundle file and returns its length.
func writeBundle(ctx context.Context, h *host.Host, region string, from uint64, path string, meter *progress.Meter) (n int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".bundle-*")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	w := bundle.NewWriter(f)
	if err := addObjects(ctx, h, w, region, from, meter); err != nil {
		return 0, err
	}
	if err := errors.Join(w.Close(), f.Sync()); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if err := errors.Join(f.Chmod(0o644), f.Close()); err != nil {
		return 0, err
	}
	return info.Size(), os.Rename(f.Name(), path)
}

// addObjects adds what a device needs to install the current version, or to
// come to it from an older one.
func addObjects(ctx context.Context, h *host.Host, w *bundle.Writer, region string, from uint64, meter *progress.Meter) error {
	versions, err := h.Catalog.Ledger().Versions(ctx, region)
	if err != nil {
		return err
	}
	if len(versions) == 0 {
		return fmt.Errorf("%w: %s has none yet", publish.ErrNoVersion, region)
	}
	list, err := onlyRegion(ctx, h, region)
	if err != nil {
		return err
	}
	if err := w.Add(layout.Regions, list); err != nil {
		return err
	}
	names := []string{layout.Head(region)}
	for name, err := range h.Site.List(ctx, "v1/roots/") {
		if err != nil {
			return err
		}
		names = append(names, name)
	}
	last, _ := publish.Current(versions)
	to, err := publish.ReadManifest(ctx, h.Site, region, last.Manifest, last.Raw)
	if err != nil {
		return err
	}
	if from > 0 {
		name, err := deltaFrom(ctx, h, region, versions, from)
		if err != nil {
			return err
		}
		names = append(names, name)
	} else {
		names = append(names, layout.Manifest(region, last.Manifest))
		seen := make(map[blob.Hash]bool)
		for _, e := range to.Entries {
			if !seen[e.Hash] {
				seen[e.Hash] = true
				names = append(names, layout.Blob(e.Hash))
			}
		}
	}
	for i, name := range names {
		meter.Report("bundle", int64(i+1), int64(len(names)))
		data, err := h.Site.Get(ctx, name)
		if err != nil {
			return err
		}
		if err := w.Add(name, data); err != nil {
			return err
		}
	}
	return nil
}

// onlyRegion returns the list of regions with one region alone.
func onlyRegion(ctx context.Context, h *host.Host, region string) ([]byte, error) {
	data, err := h.Site.Get(ctx, layout.Regions)
	if err != nil {
		return nil, err
	}
	list, err := site.ParseRegions(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", layout.Regions, err)
	}
	r, ok := list.Find(region)
	if !ok {
		return nil, fmt.Errorf("%s: %s is not on it", layout.Regions, region)
	}
	list.Regions = []site.Region{r}
	return json.Marshal(list)
}

// deltaFrom names the delta from an older version to the current one, making it
// if need be.
func deltaFrom(ctx context.Context, h *host.Host, region string, versions []publish.Version, from uint64) (string, error) {
	last, _ := publish.Current(versions)
	for _, v := range versions {
		if v.Number != from {
			continue
		}
		old, err := publish.ReadManifest(ctx, h.Site, region, v.Manifest, v.Raw)
		if err != nil {
			return "", err
		}
		to, err := publish.ReadManifest(ctx, h.Site, region, last.Manifest, last.Raw)
		if err != nil {
			return "", err
		}
		if v.Manifest == last.Manifest {
			return "", fmt.Errorf("version %d has the same content as version %d: there is nothing to hand on", from, last.Number)
		}
		_, err = publish.WriteDelta(ctx, h.Site, region, old, to)
		return layout.Delta(region, v.Manifest, last.Manifest), err
	}
	return "", fmt.Errorf("%w: %s has no version %d", publish.ErrNoVersion, region, from)
}
