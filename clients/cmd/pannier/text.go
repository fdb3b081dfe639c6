package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// systemLanguages returns the user's languages as BCP 47 tags, from the
// variables that set them.
func systemLanguages(getenv func(string) string) []string {
	locale := ""
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale = getenv(name); locale != "" {
			break
		}
	}
	var languages []string
	for _, l := range append(strings.Split(getenv("LANGUAGE"), ":"), locale) {
		l, _, _ = strings.Cut(l, ".")
		l, _, _ = strings.Cut(l, "@")
		if l != "" && l != "C" && l != "POSIX" {
			languages = append(languages, strings.ReplaceAll(l, "_", "-"))
		}
	}
	return languages
}

// distance writes metres as people say them.
func distance(meters float64) string {
	switch {
	case meters < 99.5:
		return fmt.Sprintf("%.0f m", meters)
	case meters < 995:
		return fmt.Sprintf("%.0f m", 10*math.Round(meters/10))
	case meters < 9950:
		return fmt.Sprintf("%.1f km", meters/1000)
	}
	return fmt.Sprintf("%.0f km", meters/1000)
}

// size writes bytes in powers of ten.
func size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d bytes", n)
	case n < 999_500:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 999_500_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.2f GB", float64(n)/1e9)
}

// plain drops what could drive a terminal or turn its text around: names come
// from anybody.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s)
}

// label returns what the user calls a category.
func (a *app) label(category string) string {
	for _, id := range []string{category, taxonomy.Group(category)} {
		if c, ok := taxonomy.Lookup(id); ok {
			return c.Label(a.languages...)
		}
	}
	return category
}

// title returns the name of a feature and what it is.
func (a *app) title(f *feature.Feature) string {
	name, kind := plain(f.Name(a.languages...)), plain(a.label(f.Category))
	if name == "" {
		return kind
	}
	return name + " · " + kind
}

// place writes a position as near reads it.
func place(p cell.Point) string {
	return strconv.FormatFloat(float64(p.LatE7)/1e7, 'f', 5, 64) + "," + strconv.FormatFloat(float64(p.LonE7)/1e7, 'f', 5, 64)
}
