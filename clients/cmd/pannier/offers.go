package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/hours"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// opening tells opening hours in words, and whether it is open now. What is not
// in the syntax of OpenStreetMap is shown as it is.
func (a *app) opening(text string, now time.Time) string {
	s, err := hours.Parse(text)
	if err != nil {
		return text
	}
	state, until := s.At(now, hours.Calendar{})
	words := s.Words(a.languages...)
	if state == hours.Unknown {
		return words
	}
	status := map[hours.State]string{hours.Open: "open now", hours.Closed: "closed now"}[state]
	if !until.IsZero() {
		status += until.Format(", until 15:04")
		if until.YearDay() != now.YearDay() || until.Year() != now.Year() {
			status += until.Format(" on 2 January")
		}
	}
	return words + " (" + status + ")"
}

// offers tells what a place offers, what a route is like and what a notice means.
func (a *app) offers(f *feature.Feature, line func(what, value string)) {
	for _, s := range f.Season {
		line("season", s.From+" to "+s.Until)
	}
	if p := f.Price; p != nil {
		line("price", price(p))
	}
	line("services", a.terms(taxonomy.Service, f.Services))
	line("products", a.terms(taxonomy.Product, f.Products))
	if x := f.Access; x != nil {
		line("wheelchair", x.Wheelchair)
		line("aids", a.terms(taxonomy.Aid, x.Aids))
		if x.DoorCM > 0 {
			line("door", fmt.Sprintf("%d cm", x.DoorCM))
		}
		if x.Steps > 0 {
			line("steps", fmt.Sprint(x.Steps))
		}
	}
	for _, l := range f.Links {
		line(l.Kind, l.URL)
	}
	if t := f.Tour; t != nil {
		a.tour(t, line)
	}
	if e := f.Effect; e != nil {
		line("severity", e.Severity)
		line("routes", strings.Join(e.Routes, ", "))
	}
}

func (a *app) tour(t *feature.Tour, line func(what, value string)) {
	line("form", strings.ReplaceAll(t.Form, "_", " "))
	line("difficulty", t.Difficulty)
	if t.Ascent+t.Descent > 0 {
		line("climbs", fmt.Sprintf("%d m up, %d m down", t.Ascent, t.Descent))
	}
	if p := t.Profile; p != nil && len(p.Heights) > 0 {
		line("profile", profile(p))
	}
	var surfaces []string
	for _, s := range slices.Sorted(maps.Keys(t.Surfaces)) {
		surfaces = append(surfaces, fmt.Sprintf("%s %d %%", s, t.Surfaces[s]))
	}
	line("surface", strings.Join(surfaces, ", "))
	for i, s := range t.Stages {
		named := feature.Feature{Names: s.Names}
		line(fmt.Sprint("stage ", i+1), strings.TrimSpace(named.Name(a.languages...)+" "+distance(float64(s.Until-s.From))))
	}
}

// terms tells terms by their labels.
func (a *app) terms(kind taxonomy.TermKind, ids []string) string {
	var labels []string
	for _, id := range ids {
		label := strings.ReplaceAll(id, "_", " ") // of a newer version
		if t, ok := taxonomy.LookupTerm(kind, id); ok {
			label = t.Label(a.languages...)
		}
		labels = append(labels, label)
	}
	return strings.Join(labels, ", ")
}

func price(p *feature.Price) string {
	var parts []string
	switch {
	case p.Free:
		parts = append(parts, "free")
	case p.From > 0 && p.To > 0:
		parts = append(parts, fmt.Sprintf("%.2f to %.2f %s", p.From, p.To, p.Currency))
	case p.From+p.To > 0:
		parts = append(parts, fmt.Sprintf("%.2f %s", p.From+p.To, p.Currency))
	case p.Level > 0:
		parts = append(parts, fmt.Sprintf("%d of 4", p.Level))
	}
	if p.Per != "" {
		parts = append(parts, "per "+p.Per)
	}
	return strings.Join(parts, " ")
}
