package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/server/host"
	"github.com/pannier-maps/pannier/sync/gc"
	"github.com/pannier-maps/pannier/tiles/progress"
)

// collected is the answer of gc.
type collected struct {
	DryRun   bool        `json:"dry_run"`
	Regions  []gc.Region `json:"regions"`
	Unlinked gc.Amount   `json:"unlinked"`
	Waiting  gc.Amount   `json:"waiting"`
	Deleted  gc.Amount   `json:"deleted"`
}

func (p *program) gcCommand() *cobra.Command {
	var policy gc.Policy
	var remember bool
	c := gc.Collector{}
	cmd := &cobra.Command{
		Use:   "gc [REGION...]",
		Short: "Take old versions off the site",
		Long: `Take old versions off the site, and what only they needed: their manifests,
deltas and cells. All versions of a region are kept unless --keep-versions or
--keep-days say otherwise, now or with --remember. A version is kept if either
gives a reason to; the newest always is. Without REGION all regions are looked at.

What nothing leads to any more is deleted by a later run, when the grace has
passed, so that phones in the middle of a download are not cut off. Riders of a
version that is gone take the changed cells in full. Run it once a day, for
instance; it may be stopped at any time.`,
		Example: `  pannierd gc andorra --keep-versions 400 --keep-days 365 --remember
  pannierd gc --dry-run`,
		RunE: func(cmd *cobra.Command, args []string) error {
			given := cmd.Flags().Changed("keep-versions") || cmd.Flags().Changed("keep-days")
			switch {
			case policy.Versions < 0 || policy.Days < 0 || c.Grace < 0:
				return errors.New("--keep-versions, --keep-days and --grace cannot be negative")
			case remember && !given:
				return errors.New("--remember goes with --keep-versions or --keep-days")
			case remember && c.DryRun:
				return errors.New("--remember does not go with --dry-run")
			}
			return p.with(cmd.Context(), func(h *host.Host) error {
				meter := p.meter(progress.Counts)
				defer meter.Done()
				c.Progress = meter.Report
				policies, err := retention(cmd, h, args, policy, given, remember)
				if err != nil {
					return err
				}
				report, err := h.Collect(cmd.Context(), c, policies)
				if err != nil {
					return err
				}
				meter.Done()
				out := collected{c.DryRun, report.Regions, report.Unlinked, report.Waiting, report.Deleted}
				if out.Regions == nil {
					out.Regions = []gc.Region{}
				}
				return p.answer(out, func() { p.printCollected(out) })
			})
		},
	}
	cmd.Flags().IntVar(&policy.Versions, "keep-versions", 0, "keep so many of the newest versions (0: keep all, or what --keep-days says)")
	cmd.Flags().IntVar(&policy.Days, "keep-days", 0, "keep versions that were current in the last so many days")
	cmd.Flags().BoolVar(&remember, "remember", false, "do the same in later runs that do not say what to keep")
	cmd.Flags().DurationVar(&c.Grace, "grace", gc.Grace, "how long objects stay when nothing leads to them any more")
	cmd.Flags().BoolVar(&c.DryRun, "dry-run", false, "only tell what would be done")
	return cmd
}

// retention returns what is to be kept of which region: what the flags say for
// the regions that are named, or all; else what was remembered.
func retention(cmd *cobra.Command, h *host.Host, regions []string, said gc.Policy, given, remember bool) (map[string]gc.Policy, error) {
	ctx := cmd.Context()
	if len(regions) == 0 {
		all, err := h.Catalog.AllRegions(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range all {
			regions = append(regions, r.ID)
		}
	}
	policies := make(map[string]gc.Policy)
	for _, id := range regions {
		if _, err := h.Catalog.Region(ctx, id); err != nil {
			return nil, err
		}
		kept, err := h.Catalog.Retention(ctx, id)
		if err != nil {
			return nil, err
		}
		if given {
			kept = said
		}
		if remember {
			if err := h.Catalog.SetRetention(ctx, id, said); err != nil {
				return nil, err
			}
		}
		policies[id] = kept
	}
	return policies, nil
}

func (p *program) printCollected(out collected) {
	would := func(did, would string) string {
		if out.DryRun {
			return would
		}
		return did
	}
	for _, r := range out.Regions {
		switch {
		case r.Last == 0:
			p.printf("%s has no version yet.\n", r.ID)
		case r.Dropped == 0:
			p.printf("%s keeps all its versions, %s.\n", r.ID, numbers(r.First, r.Last))
		default:
			p.printf("%s %s %s and %s %s.\n", r.ID, would("dropped", "would drop"), numbers(r.First-uint64(r.Dropped), r.First-1),
				would("keeps", "keep"), numbers(r.First, r.Last))
		}
	}
	p.printf("%s %s; %s within their grace.\n", amount(out.Deleted), would("were deleted", "would be deleted"), amount(out.Waiting)+would(" wait", " would wait"))
}

func numbers(first, last uint64) string {
	if first == last {
		return fmt.Sprint("version ", first)
	}
	return fmt.Sprintf("versions %d to %d", first, last)
}

func amount(a gc.Amount) string {
	return fmt.Sprintf("%d objects (%s)", a.Objects, progress.FormatBytes(a.Bytes))
}
