package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/server/ingest"
	"github.com/pannier-maps/pannier/tiles/osm"
	"github.com/pannier-maps/pannier/tiles/source"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/shapefile"
	"github.com/pannier-maps/pannier/tiles/source/table"
)

// inspection is what a file would bring.
type inspection struct {
	File       string             `json:"file"`
	Kind       source.Kind        `json:"kind,omitempty"`
	Error      string             `json:"error,omitempty"`
	Objects    int                `json:"objects"`
	Changes    int                `json:"changes,omitempty"` // of objects of other sources
	Positions  int                `json:"positions"`
	Kinds      map[string]int     `json:"kinds,omitempty"`
	Categories map[string]int     `json:"categories,omitempty"`
	Columns    []table.Column     `json:"columns,omitempty"`
	About      string             `json:"about,omitempty"`
	Warnings   []string           `json:"warnings,omitempty"`
	Rejected   []records.Rejected `json:"rejected,omitempty"`
	Omitted    int                `json:"omitted,omitempty"`
	Notes      []string           `json:"notes,omitempty"`
}

func (p *program) inspectCommand() *cobra.Command {
	var language string
	var columns []string
	c := &cobra.Command{
		Use:   "inspect FILE...",
		Short: "Show what providers' files would bring",
		Long: `Read files of providers (GPX, KML, KMZ, FIT, TCX, GeoJSON, CSV, XLSX, DATAtourisme,
Open Data Hub, schema.org; of shapefiles the polygons) and show how many objects of which kinds and categories
they hold, what is rejected, where and why, and what columns of a table are taken
for. Nothing is imported. Exit status 1 when a file cannot be read at all.`,
		Example: "  pannierd inspect places.csv trails.kmz\n  pannierd inspect places.csv --column Ort=place --column Info=description:de",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, files []string) error {
			var all []inspection
			failed := false
			for _, file := range files {
				i, err := inspect(p.path(file), language, columns)
				if err != nil {
					i.Error, failed = err.Error(), true
				}
				i.File = file
				all = append(all, i)
			}
			if err := p.answer(all, func() { p.printInspected(all) }); err != nil {
				return err
			}
			if failed {
				return exitCode(1)
			}
			return nil
		},
	}
	c.Flags().StringVar(&language, "language", "", "the language of texts where a file does not tell, such as sl")
	c.Flags().StringArrayVar(&columns, "column", nil, "take a column for FIELD or FIELD:LANGUAGE: HEADER=FIELD; empty: do not read it")
	return c
}

// inspect reads a file.
func inspect(path, language string, columns []string) (i inspection, err error) {
	if kind, err := source.Detect(path); kind == source.Shapefile && err == nil {
		return inspectShapes(path)
	} else if kind.Archive() && err == nil {
		return inspectArchive(path, kind)
	}
	opts := records.Options{Source: ingest.SourceName(path), Provider: "inspect", Licence: "CC0-1.0", Language: language}
	f, kind, err := source.Open(path)
	if err != nil {
		return i, err
	}
	defer f.Close()
	i.Kind = kind
	var all *records.File
	if kind.Table() {
		var preview table.Preview
		again, _, err := source.Open(path)
		if err != nil {
			return i, err
		}
		preview, err = source.Preview(again, kind, opts)
		again.Close()
		if err != nil {
			return i, err
		}
		i.About = preview.About
		if err := setColumns(&preview.Mapping, columns); err != nil {
			return i, err
		}
		i.Columns = preview.Mapping.Columns
		all, err = source.ReadTable(f, kind, preview.Mapping, opts)
		if err != nil {
			return i, err
		}
	} else if all, err = source.Read(f, kind, opts); err != nil {
		return i, err
	}
	i.count(all)
	return i, f.End()
}

// inspectShapes reads a shapefile: polygons are all that it may have.
func inspectShapes(path string) (i inspection, err error) {
	f, err := shapefile.Open(path)
	if err != nil {
		return i, err
	}
	defer f.Close()
	i.Kind, i.About = source.Shapefile, fmt.Sprintf("%s, EPSG:%d; as the sea of a region, if it is of water polygons", f.Name, f.Projection)
	for rings, err := range f.Polygons(func(osm.Box) bool { return true }) {
		if err != nil {
			return i, fmt.Errorf("%s: %w", path, err)
		}
		i.Objects++
		for _, ring := range rings {
			i.Positions += len(ring)
		}
	}
	return i, nil
}

func (i *inspection) count(all *records.File) {
	i.Kinds, i.Categories = map[string]int{}, map[string]int{}
	for _, item := range all.Items {
		if i.Positions += item.Feature.Geometry.Count(); item.Amends {
			i.Changes++
		} else {
			i.Objects++
			i.Kinds[string(item.Feature.Kind)]++
			i.Categories[item.Feature.Category]++
		}
		for _, w := range item.Warnings {
			where := cmp.Or(item.Feature.Name(), item.Feature.ID)
			if item.Line > 0 {
				where = fmt.Sprintf("line %d, %s", item.Line, where)
			}
			i.Warnings = append(i.Warnings, where+": "+w)
		}
	}
	i.Rejected, i.Omitted, i.Notes = all.Rejected, all.Omitted, all.Notes
}

// setColumns changes a mapping: HEADER=FIELD or HEADER=FIELD:LANGUAGE.
func setColumns(m *table.Mapping, columns []string) error {
	for _, text := range columns {
		header, field, ok := strings.Cut(text, "=")
		name, detail, _ := strings.Cut(field, ":")
		if !ok || !slices.Contains(table.Fields(), table.Field(name)) {
			return fmt.Errorf("--column %q: write HEADER=FIELD, where FIELD is one of %s", text, fields())
		}
		at := slices.IndexFunc(m.Columns, func(c table.Column) bool { return c.Header == header })
		if at < 0 {
			return fmt.Errorf("--column %q: no column is called %q", text, header)
		}
		c := table.Column{Header: header, Field: table.Field(name)}
		if c.Field == table.Detail {
			c.Key = detail
		} else {
			c.Language = detail
		}
		for j := range m.Columns { // a field is in one column
			if o := &m.Columns[j]; o.Field == c.Field && o.Language == c.Language && o.Key == c.Key {
				*o = table.Column{Header: o.Header}
			}
		}
		m.Columns[at] = c
	}
	return nil
}

func fields() string {
	var names []string
	for _, f := range table.Fields() {
		if f != table.Ignored {
			names = append(names, string(f))
		}
	}
	return strings.Join(names, ", ")
}

// shown is how many warnings and rejected objects of a file are printed.
const shown = 20

func (p *program) printInspected(all []inspection) {
	for _, i := range all {
		if i.Error != "" {
			p.printf("%s: %s\n", i.File, strings.TrimPrefix(i.Error, p.path(i.File)+": "))
			continue
		}
		p.printf("%s: %s, %s of %s", i.File, i.Kind, plural(i.Objects, "object"), plural(i.Positions, "position"))
		if i.Changes > 0 {
			p.printf(", %d changes of others", i.Changes)
		}
		if n := len(i.Rejected) + i.Omitted; n > 0 {
			p.printf(", %d rejected", n)
		}
		p.printf("\n")
		if i.About != "" {
			p.printf("  read as %s\n", i.About)
		}
		for _, c := range i.Columns {
			as := cmp.Or(string(c.Field), "not read")
			if more := cmp.Or(c.Language, c.Key); more != "" {
				as += ":" + more
			}
			p.printf("  column %q: %s\n", c.Header, as)
		}
		p.printCounts("kinds", i.Kinds)
		p.printCounts("categories", i.Categories)
		for _, note := range i.Notes {
			p.printf("  %s\n", note)
		}
		for n, w := range i.Warnings {
			if n == shown {
				p.printf("  … and %d more warnings (--json shows all)\n", len(i.Warnings)-n)
				break
			}
			p.printf("  warning: %s\n", w)
		}
		p.printRejected(i.Rejected, i.Omitted)
	}
}

// printRejected prints objects that cannot be read, and why.
func (p *program) printRejected(all []records.Rejected, omitted int) {
	for n, r := range all {
		if n == shown {
			p.printf("  … and %d more rejected (--json shows them)\n", len(all)-n+omitted)
			break
		}
		p.printf("  rejected: %s\n", r)
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (p *program) printCounts(what string, counts map[string]int) {
	if len(counts) == 0 {
		return
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[name], name))
	}
	p.printf("  %s: %s\n", what, strings.Join(parts, ", "))
}
