package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/clients/guide/changes"
	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// telling says how changes are told.
type telling struct {
	near  string
	limit int
}

func (t *telling) flags(c *cobra.Command) {
	c.Flags().StringVar(&t.near, "near", "", "tell what is near LAT,LON first; else what is near the route that is held")
	c.Flags().IntVar(&t.limit, "limit", 20, "how many changed places to tell one by one; 0 for all")
}

// options returns how to tell, given what is held.
func (t *telling) options(a *app, held cover.Selection) (changes.Options, error) {
	o := changes.Options{
		Languages: a.languages, Near: offline.Corridor(held), Limit: t.limit, Today: time.Now().Format(time.DateOnly),
	}
	if t.near != "" {
		lat, lon, err := parsePlace(t.near)
		if err != nil {
			return o, err
		}
		p, problem := feature.PointAt(lon, lat)
		if problem != "" {
			return o, errors.New(problem)
		}
		o.Near = &changes.Place{Lines: [][]cell.Point{{p}}}
	}
	return o, nil
}

// told is what changes and update --dry-run write as JSON.
type told struct {
	Region  string           `json:"region"`
	From    uint64           `json:"from"`
	To      uint64           `json:"to"`
	Total   int              `json:"total"`
	Lines   []changes.Line   `json:"lines"`
	Changes []changes.Change `json:"changes"`
	More    []changes.Count  `json:"more,omitempty"`
	Plan    *planned         `json:"plan,omitempty"`
}

func tellingOf(region string, l changes.List, o changes.Options) told {
	out := told{Region: region, From: l.From, To: l.To, Total: l.Total(), Lines: l.Tell(o), Changes: l.Changes, More: l.More}
	if out.Lines == nil {
		out.Lines = []changes.Line{}
	}
	if out.Changes == nil {
		out.Changes = []changes.Change{}
	}
	return out
}

func (a *app) changesCommand() *cobra.Command {
	var how telling
	c := a.fromRegion(&cobra.Command{
		Use:   "changes",
		Short: "Tell what the last update brought",
		Long: "Tell which places, routes and notices the last update brought, changed and removed.\n" +
			"What an update would bring is told by: pannier update --dry-run",
		Example: "  pannier changes\n  pannier changes --near 42.507,1.522 --limit 5",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.withRegion(c.Context(), func(name string, r *offline.Region) error {
				state, err := r.State(c.Context())
				if err != nil {
					return err
				}
				o, err := how.options(a, state.Selection)
				if err != nil {
					return err
				}
				l, err := r.Changes(c.Context())
				if errors.Is(err, fs.ErrNotExist) { // installed, never updated
					h, err := r.Head(c.Context())
					if err != nil {
						return err
					}
					l = changes.List{From: h.Version, To: h.Version}
				} else if err != nil {
					return fmt.Errorf("region %s: %w", name, err)
				}
				if a.json {
					return a.writeJSON(tellingOf(name, l, o))
				}
				if l.From == l.To {
					fmt.Fprintf(a.out, "%s has not been updated since version %d was installed.\n", name, l.To)
					return nil
				}
				a.writeChanges(fmt.Sprintf("%s, version %d after %d", name, l.To, l.From), l, o)
				return nil
			})
		},
	})
	how.flags(c)
	return c
}

// writeChanges tells a list to people.
func (a *app) writeChanges(title string, l changes.List, o changes.Options) {
	if l.Total() == 0 {
		fmt.Fprintf(a.out, "%s: no place, route or notice changed.\n", title)
		return
	}
	fmt.Fprintf(a.out, "%s: %s\n", title, counted(l.Total(), "change", "changes"))
	for _, line := range l.Tell(o) {
		text := "  " + plain(line.Text)
		switch {
		case line.Meters != nil && line.N > 1:
			text += ", the nearest " + distance(*line.Meters) + " away"
		case line.Meters != nil:
			text += ", " + distance(*line.Meters) + " away"
		}
		fmt.Fprintln(a.out, text)
	}
}

// dryUpdate tells what an update would bring. What it fetches is kept for the
// update.
func (a *app) dryUpdate(ctx context.Context, region string, how telling) error {
	r, err := a.openRegion(ctx, region)
	if err != nil {
		return err
	}
	defer r.Close()
	state, err := r.State(ctx)
	if err != nil {
		return err
	}
	h, err := r.Head(ctx)
	if err != nil {
		return err
	}
	o, err := how.options(a, state.Selection)
	if err != nil {
		return err
	}
	lock, err := a.lock(region)
	if err != nil {
		return err
	}
	defer lock.Release()
	var compared changes.Comparison
	p, err := a.preview(ctx, region, source{}, func(c pull.CellChange) error {
		return errors.Join(each(c.Old, compared.Old), each(c.New, compared.New))
	})
	if err != nil {
		return fmt.Errorf("region %s: %w", region, err)
	}
	l := changes.NewList(h.Version, p.Head.Version, compared.Changes(), o.Near)
	if a.json {
		out := tellingOf(region, l, o)
		plan := planOf(region, p)
		out.Plan = &plan
		return a.writeJSON(out)
	}
	if err := a.tellPlan(region, p); err != nil || p.Unchanged {
		return err
	}
	a.writeChanges(fmt.Sprintf("Version %d after %d", l.To, l.From), l, o)
	return nil
}

// each calls fn with the items of a cell.
func each(raw []byte, fn func(id string, record []byte)) error {
	for item, err := range cell.Items(raw) {
		if err != nil {
			return err
		}
		fn(string(item.Key), item.Value)
	}
	return nil
}
