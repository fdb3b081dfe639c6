package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// found is what search and near write as JSON.
type found struct {
	Region      string `json:"region"`
	Attribution string `json:"attribution"`
	Results     []hit  `json:"results"`
}

type hit struct {
	ID       string           `json:"id"`
	Name     string           `json:"name,omitempty"`
	Category string           `json:"category"`
	Lat      float64          `json:"lat"`
	Lon      float64          `json:"lon"`
	Distance *float64         `json:"distance_meters,omitempty"`
	Feature  *feature.Feature `json:"feature"`
}

func (a *app) hit(f *feature.Feature) hit {
	p := f.Anchor()
	return hit{
		ID: f.ID, Name: f.Name(a.languages...), Category: f.Category,
		Lat: float64(p.LatE7) / 1e7, Lon: float64(p.LonE7) / 1e7, Feature: f,
	}
}

func (a *app) searchCommand() *cobra.Command {
	var limit int
	c := a.fromRegion(&cobra.Command{
		Use:   "search TEXT",
		Short: "Find places and routes by name, category or address",
		Long: "Find what has every word in its name, category or address. Accents and capitals\n" +
			"do not matter, and the last word may be unfinished.",
		Example: "  pannier search gostilna\n  pannier search \"bicycle repair\" --limit 3",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			text := strings.Join(args, " ")
			return a.withRegion(c.Context(), func(name string, r *offline.Region) error {
				features, err := r.Search(c.Context(), text, limit)
				if err != nil {
					return err
				}
				var hits []hit
				for _, f := range features {
					hits = append(hits, a.hit(f))
				}
				return a.writeHits(c.Context(), name, r, hits, fmt.Sprintf("Nothing found for %q.", plain(text)))
			})
		},
	})
	c.Flags().IntVar(&limit, "limit", 10, "how many to show")
	return c
}

func (a *app) nearCommand() *cobra.Command {
	var limit int
	var category string
	var radius float64
	c := a.fromRegion(&cobra.Command{
		Use:   "near LAT,LON",
		Short: "Find what is nearest to a place",
		Example: "  pannier near 42.5063,1.5218\n" +
			"  pannier near -33.9249,18.4241 --category food.restaurant --limit 3",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			lat, lon, err := parsePlace(args[0])
			if err != nil {
				return err
			}
			return a.withRegion(c.Context(), func(name string, r *offline.Region) error {
				near, err := r.Near(c.Context(), lat, lon, category, limit, 1000*radius)
				if err != nil {
					return err
				}
				var hits []hit
				for _, n := range near {
					h := a.hit(n.Feature)
					h.Distance = &n.Meters
					hits = append(hits, h)
				}
				return a.writeHits(c.Context(), name, r, hits, "Nothing found there.")
			})
		},
	})
	c.Flags().IntVar(&limit, "limit", 10, "how many to show")
	c.Flags().StringVar(&category, "category", "", "only this category and those below it, such as food or food.cafe")
	c.Flags().Float64Var(&radius, "radius", 0, "only within so many kilometres; 0 for any distance")
	return c
}

func (a *app) writeHits(ctx context.Context, region string, r *offline.Region, hits []hit, nothing string) error {
	attribution, err := r.Attribution(ctx)
	if err != nil {
		return err
	}
	if a.json {
		if hits == nil {
			hits = []hit{}
		}
		return a.writeJSON(found{region, attribution, hits})
	}
	if len(hits) == 0 {
		fmt.Fprintln(a.out, nothing)
		return nil
	}
	for _, h := range hits {
		if h.Distance != nil {
			fmt.Fprintf(a.out, "%7s  ", distance(*h.Distance))
		}
		fmt.Fprintln(a.out, a.title(h.Feature))
		facts := []string{plain(h.ID), place(h.Feature.Anchor())}
		if hours := h.Feature.OpeningHours; hours != "" {
			facts = append(facts, "open "+plain(hours))
		}
		fmt.Fprintf(a.out, "         %s\n", strings.Join(facts, "  "))
	}
	return a.credit(attribution)
}
