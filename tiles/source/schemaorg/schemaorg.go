// Package schemaorg reads places and events that are described with schema.org
// (https://schema.org) in JSON-LD: files of it, and web pages that have it in
// <script type="application/ld+json">.
//
// Objects of the types in tiles/taxonomy/schemaorg.tsv become POIs, and events
// notices for their days; objects of other types (pages, persons, offers) are
// only looked through for such. A position is asked for; an event may have that
// of its location. Pictures are taken when they have a licence. Microdata and
// RDFa are not read. An object's id is its identifier or "@id".
//
// Calls may run concurrently. Memory is bounded by records.MaxFileBytes and
// jsonread.MaxObject.
package schemaorg

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"regexp"
	"strings"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/jsonld"
	"github.com/pannier-maps/pannier/tiles/source/jsonread"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// MaxPageBytes is the largest web page.
const MaxPageBytes = 16 << 20

const (
	wanted   = "place or event of schema.org"
	maxDepth = 20
)

// Read reads a file of JSON-LD.
func Read(r io.Reader, opts records.Options) (*records.File, error) {
	raw, err := records.ReadAll(r, records.MaxFileBytes)
	if err != nil {
		return nil, err
	}
	p := &parser{all: records.NewCollector(opts), language: opts.Language}
	if err := p.text(raw, 0, ""); err != nil {
		return nil, err
	}
	return p.all.Found(wanted)
}

var (
	script   = regexp.MustCompile(`(?is)<script\b([^>]*)>`)
	isLD     = regexp.MustCompile(`(?i)\btype\s*=\s*["']?application/ld\+json`)
	language = regexp.MustCompile(`(?is)<html\b[^>]*\blang\s*=\s*["']?([a-z]{2,3})`)
	end      = regexp.MustCompile(`(?i)</script`)
)

// ReadPage reads a web page. Texts are in the page's language, unless the options
// name one.
func ReadPage(r io.Reader, opts records.Options) (*records.File, error) {
	raw, err := records.ReadAll(r, MaxPageBytes)
	if err != nil {
		return nil, err
	}
	if m := language.FindSubmatch(raw); m != nil && opts.Language == "" {
		opts.Language = strings.ToLower(string(m[1]))
	}
	p := &parser{all: records.NewCollector(opts), language: opts.Language}
	lines, counted := 1, 0
	for at, n := 0, 0; ; {
		m := script.FindSubmatchIndex(raw[at:])
		if m == nil {
			break
		}
		attributes, begin := raw[at+m[2]:at+m[3]], at+m[1]
		at = len(raw)
		if m := end.FindIndex(raw[begin:]); m != nil {
			at = begin + m[0]
		}
		if !isLD.Match(attributes) {
			continue
		}
		n++
		lines += bytes.Count(raw[counted:begin], []byte{'\n'})
		counted = begin
		where := fmt.Sprintf("script %d", n)
		if err := p.text(raw[begin:at], lines-1, where+", "); err != nil {
			p.all.Reject(lines, where, err.Error())
		}
	}
	return p.all.Found(wanted + ` in <script type="application/ld+json">`)
}

// parser is the state of one Read.
type parser struct {
	all      *records.Collector
	language string
	count    int
}

// text reads the objects of a text that begins after some lines.
func (p *parser) text(raw []byte, lines int, inside string) error {
	return jsonread.New(raw).Each([]string{"@graph"}, func(line int, raw json.RawMessage) error {
		p.count++
		where := fmt.Sprintf("%sobject %d", inside, p.count)
		var object map[string]any
		if problem := jsonread.Object(raw, &object); problem != "" {
			p.all.Reject(lines+line, where, problem)
			return nil
		}
		return p.node(jsonld.MakeNode(object), lines+line, where, 0)
	})
}

// within are members that may hold further places and events.
var within = []string{
	"mainEntity", "mainEntityOfPage", "about", "itemListElement", "item", "containsPlace", "department", "event",
	"events", "subEvent", "hasPart", "subjectOf", "@graph",
}

// node reads an object, or those that it holds.
func (p *parser) node(n jsonld.Node, line int, where string, depth int) error {
	if depth > maxDepth {
		return nil
	}
	if category, ok := taxonomy.OfSchemaOrg(n.Types()...); ok {
		if err := p.place(n, category, line, where); err != nil {
			return err
		}
	}
	for _, key := range within {
		for _, inner := range n.Nodes(key) {
			if len(inner) < 2 { // a mere reference
				continue
			}
			if err := p.node(inner, line, where, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// plain makes a text fit that may have been escaped for a page.
func plain(texts map[string]string) map[string]string {
	for l, s := range texts {
		texts[l] = html.UnescapeString(s)
	}
	return texts
}

// names reads a node's names.
func (p *parser) names(n jsonld.Node) map[string]string {
	l := p.all.Language()
	if in := strings.ToLower(n.Text("inLanguage")); feature.ValidLanguage(in) {
		l = in
	}
	return jsonld.Names(plain(n.Texts("name", l)))
}
