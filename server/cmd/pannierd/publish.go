package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/server/host"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/tiles/progress"
)

// published is the answer of publish and rollback.
type published struct {
	Region     string   `json:"region"`
	Version    uint64   `json:"version"`
	Manifest   string   `json:"manifest"`
	Cells      int      `json:"cells"`
	Bytes      int64    `json:"bytes"`
	DeltaFrom  uint64   `json:"delta_from"` // 0: there is no version before
	DeltaBytes int64    `json:"delta_bytes"`
	Unchanged  bool     `json:"unchanged"`
	POIs       int      `json:"pois,omitempty"`
	Routes     int      `json:"routes,omitempty"`
	Notices    int      `json:"notices,omitempty"`
	Warnings   []string `json:"warnings,omitempty"`
	Seconds    float64  `json:"seconds"`
}

func newPublished(region string, r publish.Result, start time.Time) published {
	v := r.Version
	out := published{
		Region: region, Version: v.Number, Manifest: v.Manifest.String(), Cells: v.Cells, Bytes: v.Bytes,
		Unchanged: r.Unchanged, Seconds: time.Since(start).Round(time.Millisecond).Seconds(),
	}
	if len(v.Deltas) > 0 {
		out.DeltaFrom, out.DeltaBytes = v.Deltas[0].Number, v.Deltas[0].Bytes
	}
	return out
}

func (p *program) publishCommand() *cobra.Command {
	var opts host.PublishOptions
	var memory int
	cmd := &cobra.Command{
		Use:     "publish REGION",
		Short:   "Make a version of a region's present content",
		Long:    "Make a signed version of what a region holds now, and the delta that leads riders to it.\nWhen nothing has changed, no version is made.",
		Example: `  pannierd publish andorra -m "opening hours of the museum"`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := p.spare(memory); err != nil {
				return err
			}
			opts.Memory = int64(memory) << 20
			return p.with(cmd.Context(), func(h *host.Host) error {
				return p.publish(operator(cmd.Context()), h, args[0], opts)
			})
		},
	}
	cmd.Flags().StringVarP(&opts.Note.Message, "message", "m", "", "what changed, for people")
	cmd.Flags().StringVar(&opts.Note.Author, "author", "", "who publishes")
	cmd.Flags().IntVar(&opts.Note.Share, "share", 0, "percentage of phones that get it at first; see rollout (default: all)")
	cmd.Flags().IntVar(&opts.Workers, "workers", 0, "goroutines that draw the map (default: one for each core)")
	cmd.Flags().IntVar(&memory, "memory", 40, "megabytes that drawing the map may take, beside some 60; what does not fit goes to disk")
	cmd.Flags().BoolVar(&opts.Rebuild, "rebuild", false, "draw the whole map again, even where nothing changed")
	return cmd
}

func (p *program) publish(ctx context.Context, h *host.Host, region string, opts host.PublishOptions) error {
	start := time.Now()
	meter := p.meter(progress.Counts)
	defer meter.Done()
	opts.Progress = meter.Report
	result, draft, err := h.Publish(ctx, region, opts)
	if err != nil {
		return err
	}
	meter.Done()
	out := newPublished(region, result, start)
	out.POIs, out.Routes, out.Notices, out.Warnings = draft.POIs, draft.Routes, draft.Notices, draft.Warnings
	return p.answer(out, func() { p.printPublished(out) })
}

func (p *program) printPublished(out published) {
	for _, w := range out.Warnings {
		p.printf("warning: %s\n", w)
	}
	if out.Unchanged {
		p.printf("%s is unchanged: version %d stays.\n", out.Region, out.Version)
		return
	}
	p.printf("Published %s version %d in %.1f s: %d cells, %s to download in full", out.Region, out.Version, out.Seconds, out.Cells, progress.FormatBytes(out.Bytes))
	if out.POIs+out.Routes+out.Notices > 0 {
		p.printf(" (%d places, %d routes, %d notices)", out.POIs, out.Routes, out.Notices)
	}
	p.printf(".\n")
	if out.DeltaFrom > 0 {
		p.printf("A rider of version %d will download %s.\n", out.DeltaFrom, progress.FormatBytes(out.DeltaBytes))
	}
	p.printf("Manifest %s\n", out.Manifest)
}

func (p *program) rollbackCommand() *cobra.Command {
	var note publish.Note
	var to uint64
	cmd := &cobra.Command{
		Use:     "rollback REGION --to VERSION",
		Short:   "Publish an earlier version's content again",
		Long:    "Publish an earlier version's content again, as a new version with a small delta.\nThe imported data stays as it is: the next publish brings it back.",
		Example: `  pannierd rollback andorra --to 3 -m "the new routes were wrong"`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(h *host.Host) error {
				start := time.Now()
				result, err := h.Rollback(cmd.Context(), args[0], to, note)
				if err != nil {
					return err
				}
				out := newPublished(args[0], result, start)
				return p.answer(out, func() { p.printPublished(out) })
			})
		},
	}
	cmd.Flags().Uint64Var(&to, "to", 0, "the version to go back to")
	cmd.Flags().StringVarP(&note.Message, "message", "m", "", "why, for people")
	cmd.Flags().StringVar(&note.Author, "author", "", "who publishes")
	cmd.MarkFlagRequired("to")
	return cmd
}

// about is what is special about a version.
func about(v publish.Version) string {
	switch {
	case v.Staged():
		return fmt.Sprintf("(for %d %%) ", v.Share)
	case v.Restores > 0:
		return fmt.Sprintf("(back to %d) ", v.Restores)
	}
	return ""
}

func (p *program) versionsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "versions REGION", Short: "List a region's versions", Example: "  pannierd versions andorra", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(h *host.Host) error {
				if _, err := h.Catalog.Region(cmd.Context(), args[0]); err != nil {
					return err
				}
				versions, err := h.Catalog.Ledger().Versions(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if versions == nil {
					versions = []publish.Version{}
				}
				return p.answer(versions, func() {
					if len(versions) == 0 {
						p.printf("%s has no version yet. Publish one with: pannierd publish %s\n", args[0], args[0])
					}
					for _, v := range versions {
						delta := ""
						if len(v.Deltas) > 0 {
							delta = "delta " + progress.FormatBytes(v.Deltas[0].Bytes)
						}
						p.printf("%4d  %s  %10s  %-16s %s%s\n", v.Number, v.Created.Format(time.DateTime), progress.FormatBytes(v.Bytes), delta, about(v), v.Message)
					}
				})
			})
		},
	}
}
