package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/control"
	"github.com/pannier-maps/pannier/server/host"
	"github.com/pannier-maps/pannier/server/jobs"
	"github.com/pannier-maps/pannier/server/media"
	"github.com/pannier-maps/pannier/server/public"
	"github.com/pannier-maps/pannier/server/store/local"
	"github.com/pannier-maps/pannier/server/viewer"
	"github.com/pannier-maps/pannier/sync/fsck"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/tiles/progress"
)

func (p *program) serveCommand() *cobra.Command {
	var o web
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the published regions to phones, and the API to providers",
		Long: `Serve the published regions to phones, and the API to providers, below /v1/.
As long as nobody administers the site, it prints a link to become the one who does.
While it runs, the other commands go on working on the same data folder: they are
carried out inside it.`,
		Example: `  pannierd serve --listen 0.0.0.0:8080 --public-url https://maps.example.org`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if p.host != nil {
				return errors.New("a server is running already on this data folder")
			}
			return p.serve(cmd.Context(), o)
		},
	}
	o.flags(cmd)
	return cmd
}

func (p *program) serve(ctx context.Context, o web) error {
	log := slog.New(slog.NewTextHandler(p.stderr, nil))
	dir := p.path(p.data)
	h, err := host.Open(ctx, dir, log)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", o.listen)
	if err != nil {
		return errors.Join(fmt.Errorf("serve: %w", err), h.Close())
	}
	imports, err := h.Jobs(ctx, log)
	if err != nil {
		return errors.Join(err, ln.Close(), h.Close())
	}
	client, err := o.outside.client(true)
	if err != nil {
		return errors.Join(err, ln.Close(), imports.Close(), h.Close())
	}
	accounts, api, own, err := p.openAPI(ctx, h, imports, o, ln.Addr().String(), log)
	if err != nil {
		return errors.Join(err, ln.Close(), imports.Close(), h.Close())
	}
	at, err := o.origins()
	if err != nil {
		return errors.Join(err, ln.Close(), imports.Close(), h.Close())
	}
	p.printf("Serving %s on http://%s/ (stop with Ctrl-C)\n", p.data, ln.Addr())
	if err := p.greet(ctx, accounts); err != nil {
		return errors.Join(err, ln.Close(), imports.Close(), h.Close())
	}
	g, ctx := errgroup.WithContext(ctx)
	context.AfterFunc(ctx, api.EndStreams)
	for _, run := range own {
		g.Go(func() error { return run(ctx) })
	}
	g.Go(func() error {
		read := public.New(public.Config{Blobs: h.Site, Updates: publish.NewUpdates(h.Site), Next: h.Catalog.Next, Log: log})
		return public.Serve(ctx, ln, together(api, viewer.New(h.Site, at, log), read, log), log)
	})
	g.Go(func() error { return renew(ctx, h, accounts, imports, log) })
	g.Go(func() error { return tend(ctx, h, client, log) })
	g.Go(func() error {
		return control.Serve(ctx, dir, func(ctx context.Context, args []string, here string, stdout, stderr io.Writer) int {
			inside := &program{stdout: stdout, stderr: stderr, here: here, args: args, host: h, accounts: accounts}
			return inside.run(ctx)
		})
	})
	err = g.Wait()
	accounts.Close()
	return errors.Join(err, imports.Close(), h.Close())
}

// renew keeps heads fresh, and accounts clean, for as long as the daemon runs.
func renew(ctx context.Context, h *host.Host, accounts *auth.Accounts, imports *jobs.Jobs, log *slog.Logger) error {
	daily := time.NewTicker(24 * time.Hour)
	defer daily.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-daily.C:
			if err := h.Publisher(nil).Renew(ctx); err != nil {
				log.Error("heads could not be signed anew", "err", err)
			}
			if err := accounts.Sweep(ctx); err != nil {
				log.Error("old sessions and links could not be removed", "err", err)
			}
			if err := imports.Sweep(ctx); err != nil {
				log.Error("old imports could not be removed", "err", err)
			}
			if _, err := h.Media.Sweep(ctx, media.Grace); err != nil {
				log.Error("deleted photos could not be removed", "err", err)
			}
		}
	}
}

func (p *program) fsckCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "fsck",
		Short:   "Check every object of the site",
		Long:    "Check that each object of the site is there and is what its name or signature promises.\nExit status 1 when something is wrong.",
		Example: "  pannierd fsck", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(h *host.Host) error {
				release, err := h.Hold(cmd.Context())
				if err != nil {
					return err
				}
				defer release()
				meter := p.meter(progress.Counts)
				defer meter.Done()
				report, err := check(cmd.Context(), h, meter.Report)
				if err != nil {
					return err
				}
				meter.Done()
				if err := p.answer(checked(report), func() { p.printChecked(report) }); err != nil {
					return err
				}
				if len(report.Problems) > 0 {
					return exitCode(1)
				}
				return nil
			})
		},
	}
}

// check checks the site, and that its changing objects are what the ledger says.
func check(ctx context.Context, h *host.Host, progress host.Progress) (fsck.Report, error) {
	report, err := fsck.Check(ctx, h.OnDisk(), fsck.Options{Progress: progress})
	if err != nil {
		return report, err
	}
	publisher := h.Publisher(nil)
	publisher.Objects = h.OnDisk()
	differing, err := publisher.Differing(ctx)
	for _, name := range differing {
		known := func(p fsck.Problem) bool { return p.Object == name }
		if !slices.ContainsFunc(report.Problems, known) {
			report.Problems = append(report.Problems, fsck.Problem{Object: name, Err: errStale})
		}
	}
	if len(report.Problems) > 0 {
		err = nil // what it stumbled over has been found above
	}
	return report, err
}

// errStale is what is wrong with a changing object that is well-formed.
var errStale = errors.New("it is not what was published; a restart of pannierd writes it again")

func checked(r fsck.Report) any {
	problems := []map[string]string{}
	for _, found := range r.Problems {
		problems = append(problems, map[string]string{"object": found.Object, "problem": found.Err.Error()})
	}
	return map[string]any{
		"regions": r.Regions, "versions": r.Versions, "objects": r.Objects, "bytes": r.Bytes, "unused": r.Unused, "problems": problems,
	}
}

func (p *program) printChecked(r fsck.Report) {
	for _, found := range r.Problems {
		p.printf("%s\n", found)
	}
	p.printf("Checked %d objects (%s) of %d versions in %d regions: ", r.Objects, progress.FormatBytes(r.Bytes), r.Versions, r.Regions)
	if len(r.Problems) == 0 {
		p.printf("all are sound.\n")
	} else {
		p.printf("%d problems.\n", len(r.Problems))
	}
	if r.Unused > 0 {
		p.printf("%d objects are used by no version; they do no harm.\n", r.Unused)
	}
}

func (p *program) exportStaticCommand() *cobra.Command {
	var direct int
	var prune bool
	cmd := &cobra.Command{
		Use:     "export-static FOLDER",
		Short:   "Copy the site to a folder that any web server can serve",
		Long:    "Copy the site to a folder that any static web server, object store or CDN can\nserve: phones pull and update from it as from pannierd. Run it again after each\npublish; only what is new is copied, the heads last. Since no server makes deltas\nthere, those that riders of older versions would miss are made now.\nWith --prune, what gc took off the site goes from the folder too, once the new heads are there.",
		Example: "  pannierd export-static /var/www/maps", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			folder := p.path(args[0])
			return p.with(cmd.Context(), func(h *host.Host) error {
				release, err := h.Hold(cmd.Context())
				if err != nil {
					return err
				}
				defer release()
				if err := os.MkdirAll(folder, 0o755); err != nil {
					return err
				}
				to, err := localstore.Open(folder)
				if err != nil {
					return err
				}
				meter := p.meter(progress.Counts)
				defer meter.Done()
				regions, err := h.Catalog.AllRegions(cmd.Context())
				if err != nil {
					return errors.Join(err, to.Close())
				}
				var damage []error // in one region keeps no other from being copied
				for _, r := range regions {
					if _, err := h.Publisher(meter.Report).Direct(cmd.Context(), r.ID, direct); err != nil {
						damage = append(damage, fmt.Errorf("export %s: %w", r.ID, err))
					}
				}
				copied, err := publish.Copy(cmd.Context(), h.Site, host.Site{BlobStore: to}, meter.Report)
				meter.Done()
				err = errors.Join(append(damage, err)...)
				var pruned int64
				if prune && err == nil {
					pruned, err = publish.Prune(cmd.Context(), h.Site, host.Site{BlobStore: to}, to.Delete)
				}
				if err = errors.Join(err, to.Close()); err != nil {
					return err
				}
				return p.answer(map[string]any{"folder": folder, "objects": copied, "pruned": pruned}, func() {
					p.printf("%s holds the site now; %d objects were copied.\n", folder, copied)
					if prune {
						p.printf("%d objects that the site has no longer were removed.\n", pruned)
					}
				})
			})
		},
	}
	cmd.Flags().BoolVar(&prune, "prune", false, "remove what the site has no longer")
	cmd.Flags().IntVar(&direct, "direct", 400, "how many versions back riders shall take no more than 1.3 times the direct delta")
	return cmd
}
