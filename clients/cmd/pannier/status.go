package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/tiles/progress"
)

func (a *app) regionsCommand() *cobra.Command {
	var server string
	c := &cobra.Command{
		Use:     "regions",
		Short:   "List the regions of a server",
		Example: "  pannier regions --server https://maps.example.org",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client := pull.NewClient(server)
			defer client.Close()
			list, err := client.Regions(c.Context())
			if err != nil {
				return fmt.Errorf("list the regions of %s: %w", server, err)
			}
			if a.json {
				return a.writeJSON(list)
			}
			for _, r := range list.Regions {
				fmt.Fprintf(a.out, "%-20s %s, version %d, %s", r.ID, plain(r.Name), r.Version, size(r.Bytes))
				if len(r.Languages) > 0 {
					fmt.Fprintf(a.out, ", in %s", plain(strings.Join(r.Languages, " ")))
				}
				fmt.Fprintln(a.out)
			}
			if len(list.Regions) == 0 {
				fmt.Fprintln(a.out, "There are no regions on this server yet.")
			}
			return nil
		},
	}
	c.Flags().StringVar(&server, "server", "", "address of the server")
	c.MarkFlagRequired("server")
	return c
}

// status is what status writes as JSON.
type status struct {
	version
	Name        string    `json:"name"`
	Server      string    `json:"server"`
	Issued      time.Time `json:"issued"`
	Expires     time.Time `json:"expires"`
	Attribution string    `json:"attribution"`
	File        string    `json:"file"`
	FileBytes   int64     `json:"file_bytes"`
}

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "status [REGION]",
		Short:   "Show what is installed",
		Example: "  pannier status",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, regions []string) error {
			if len(regions) == 0 {
				var err error
				if regions, err = a.installed(c.Context()); err != nil {
					return err
				}
				if len(regions) == 0 {
					return &notInstalled{}
				}
			}
			for _, region := range regions {
				s, err := a.status(c.Context(), region)
				var absent *notInstalled
				if errors.As(err, &absent) {
					return err
				}
				if err != nil {
					return fmt.Errorf("region %s: %w", region, err)
				}
				if err := a.writeStatus(s); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func (a *app) status(ctx context.Context, region string) (*status, error) {
	r, err := a.openRegion(ctx, region)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	state, err := r.State(ctx)
	if err != nil {
		return nil, err
	}
	h, err := r.Head(ctx)
	if err != nil {
		return nil, err
	}
	m, err := r.Manifest(ctx)
	if err != nil {
		return nil, err
	}
	held := state.Selection.Cover().Of(m)
	info, err := os.Stat(r.Path())
	if err != nil {
		return nil, err
	}
	return &status{
		version: version{
			Region: region, Version: h.Version, Manifest: h.Manifest,
			Cells: len(held.Entries), AllCells: len(m.Entries), Part: partOf(state.Selection),
			Stale: time.Now().After(h.Expires),
		},
		Name: m.Meta.Name, Server: state.Origin.Server, Issued: h.Issued, Expires: h.Expires,
		Attribution: offline.Attribution(m), File: r.Path(), FileBytes: info.Size(),
	}, nil
}

func (a *app) writeStatus(s *status) error {
	if a.json {
		return a.writeJSON(s)
	}
	fmt.Fprintf(a.out, "%s (%s): version %d of %s, %d cells, %s\n", s.Region, plain(s.Name), s.Version,
		s.Issued.Local().Format("2 January 2006"), s.Cells, size(s.FileBytes))
	if s.Part != nil {
		fmt.Fprintf(a.out, "  a part, %d of %d cells: %s\n", s.Cells, s.AllCells, partWords(*s.Part))
	}
	if s.Stale {
		fmt.Fprintf(a.out, "  It can be used, but whether there is something newer is unknown since %s.\n",
			s.Expires.Local().Format("2 January 2006"))
	}
	fmt.Fprintf(a.out, "  from %s\n  in %s\n", plain(s.Server), s.File)
	return a.credit(s.Attribution)
}

// credit writes the line that names where the data comes from.
func (a *app) credit(attribution string) error {
	if attribution != "" {
		fmt.Fprintln(a.out, plain(attribution))
	}
	return nil
}

func (a *app) verifyCommand() *cobra.Command {
	return a.fromRegion(&cobra.Command{
		Use:     "verify",
		Short:   "Check an installed region for damage",
		Long:    "Check the signature, every cell of the installed version and the file itself.",
		Example: "  pannier verify",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withRegion(c.Context(), func(name string, r *offline.Region) error {
				meter := a.meter(progress.Counts)
				cells := 0
				err := r.Verify(c.Context(), func(done, total int) {
					cells = total
					meter.Report("verify", int64(done), int64(total))
				})
				meter.Done()
				if err != nil {
					return fmt.Errorf("region %s: %w", name, err)
				}
				h, err := r.Head(c.Context())
				if err != nil {
					return err
				}
				state, err := r.State(c.Context())
				if err != nil {
					return err
				}
				m, err := r.Manifest(c.Context())
				if err != nil {
					return err
				}
				if a.json {
					return a.writeJSON(version{
						Region: name, Version: h.Version, Manifest: h.Manifest,
						Cells: cells, AllCells: len(m.Entries), Part: partOf(state.Selection),
					})
				}
				fmt.Fprintf(a.out, "%s is sound: version %d, %d cells checked.\n", name, h.Version, cells)
				if !state.Selection.IsAll() {
					fmt.Fprintf(a.out, "It holds a part, %d of %d cells: %s.\n", cells, len(m.Entries), partWords(state.Selection))
				}
				return nil
			})
		},
	})
}
