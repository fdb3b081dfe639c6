package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/tiles/feature"
)

func (a *app) showCommand() *cobra.Command {
	return a.fromRegion(&cobra.Command{
		Use:     "show ID",
		Short:   "Show all that is known of a place or route",
		Long:    "Show one record. IDs are what search and near show; --json writes the record itself.",
		Example: "  pannier show osm/node/123456",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRegion(c.Context(), func(name string, r *offline.Region) error {
				f, err := r.Feature(c.Context(), args[0])
				if errors.Is(err, fs.ErrNotExist) {
					return fmt.Errorf("region %s has nothing with the id %q; search shows ids", name, args[0])
				}
				if err != nil {
					return err
				}
				if a.json {
					return a.writeJSON(f)
				}
				attribution, err := r.Attribution(c.Context())
				if err != nil {
					return err
				}
				a.writeFeature(f)
				return a.credit(attribution)
			})
		},
	})
}

func (a *app) writeFeature(f *feature.Feature) {
	fmt.Fprintln(a.out, a.title(f))
	line := func(what, value string) {
		if value = plain(value); value != "" {
			fmt.Fprintf(a.out, "  %-14s %s\n", what, value)
		}
	}
	line("id", f.ID)
	line("at", place(f.Anchor()))
	if f.Kind == feature.Route {
		line("length", distance(f.Geometry.Length()))
	}
	if f.OpeningHours != "" {
		line("open", a.opening(f.OpeningHours, time.Now()))
	}
	if p := f.Valid; p != nil {
		line("from", p.From)
		line("until", p.Until)
	}
	if x := f.Address; x != nil {
		street := strings.TrimSpace(x.Street + " " + x.Number)
		town := strings.TrimSpace(x.Postcode + " " + x.Place)
		line("address", strings.Join(slices.DeleteFunc([]string{street, town, x.Country}, func(s string) bool { return s == "" }), ", "))
	}
	if x := f.Contact; x != nil {
		line("phone", x.Phone)
		line("email", x.Email)
		line("website", x.Website)
	}
	a.offers(f, line)
	for _, language := range slices.Sorted(maps.Keys(f.Names)) {
		if name := f.Names[language]; name != f.Name(a.languages...) && language != feature.Und {
			line("name "+language, name)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(f.Details)) {
		line(strings.ReplaceAll(key, "_", " "), f.Details[key])
	}
	line("about", f.Description(a.languages...))
	for _, m := range f.Media {
		line("photo", m.URL+" "+m.Credit+" "+m.Licence)
	}
	from := f.Provenance.Provider
	if f.Provenance.Licence != "" {
		from += " (" + f.Provenance.Licence + ")"
	}
	if f.Provenance.AmendedBy != "" {
		from += ", amended by " + f.Provenance.AmendedBy
	}
	line("source", from)
	line("as of", f.Provenance.Retrieved)
}
