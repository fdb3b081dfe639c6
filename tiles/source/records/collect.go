package records

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// Collector makes a File of the objects that a reader finds.
type Collector struct {
	opts  Options
	file  File
	seen  map[string]int    // index of each id's item
	twins map[string]*twins // by the id of the first
}

// NewCollector returns a collector without objects.
func NewCollector(opts Options) *Collector {
	return &Collector{opts: opts, seen: map[string]int{}, twins: map[string]*twins{}}
}

// Language returns the language of texts that have none.
func (c *Collector) Language() string { return cmp.Or(c.opts.Language, feature.Und) }

// Source returns the name of the collection.
func (c *Collector) Source() string { return c.opts.Source }

// Add completes an object (collection, provenance, kind, category, id) and keeps
// it, or rejects it when it is not valid then. id is what the source calls it, or
// "". An error says that the file has too many objects.
func (c *Collector) Add(item Item, where, id string) error {
	f := &item.Feature
	if !item.Amends {
		f.Collection = c.opts.Source
		complete(&item, c.opts.Category)
	}
	p := &f.Provenance
	p.Provider = cmp.Or(c.opts.Provider, p.Provider)
	p.Licence = cmp.Or(p.Licence, c.opts.Licence)
	p.Attribution = cmp.Or(p.Attribution, c.opts.Attribution)
	f.ID = c.id(f, id)
	if !item.Amends {
		if err := f.Validate(); err != nil {
			c.Reject(item.Line, where, err.Error())
			return nil
		}
	}
	if _, twice := c.seen[f.ID]; twice {
		if id != "" {
			c.Reject(item.Line, where, fmt.Sprintf("id: %.80q comes twice", f.ID))
			return nil
		}
		if same, ok := c.number(f); ok {
			first := &c.file.Items[same]
			first.Warnings = warn(first.Warnings, "it is in the file again"+at(item.Line)+"; the first is kept")
			return nil
		}
	}
	if len(c.file.Items) == MaxItems {
		return Errorf(item.Line, "more than %d objects; divide the file", MaxItems)
	}
	if n := len(item.Warnings); n > MaxWarnings {
		item.Warnings = append(item.Warnings[:MaxWarnings:MaxWarnings], fmt.Sprintf("and %d more", n-MaxWarnings))
	}
	c.seen[f.ID] = len(c.file.Items)
	c.file.Items = append(c.file.Items, item)
	return nil
}

// warn appends a warning where there is room.
func warn(all []string, text string) []string {
	if len(all) >= MaxWarnings {
		return all
	}
	return append(all, text)
}

func at(line int) string {
	if line == 0 {
		return ""
	}
	return fmt.Sprintf(", in line %d", line)
}

// Reject notes an object that cannot be read.
func (c *Collector) Reject(line int, where, reason string) {
	if len(c.file.Rejected) == MaxRejected {
		c.file.Omitted++
		return
	}
	c.file.Rejected = append(c.file.Rejected, Rejected{line, where, feature.Clean(reason, feature.MaxValueChars)})
}

// Note notes something about the file as a whole.
func (c *Collector) Note(format string, args ...any) {
	c.file.Notes = append(c.file.Notes, fmt.Sprintf(format, args...))
}

// File returns what was collected.
func (c *Collector) File() *File { return &c.file }

// Found returns what was collected, or, when there was nothing at all, an error
// that wraps ErrEmpty and says what was looked for.
func (c *Collector) Found(wanted string) (*File, error) {
	if len(c.file.Items)+len(c.file.Rejected) == 0 {
		return nil, fmt.Errorf("%w: it has no %s", ErrEmpty, wanted)
	}
	return &c.file, nil
}

// twins are objects of one hash at different places.
type twins struct {
	known map[string]int // index of the item of each content
	count int
}

// number gives the second and further objects of one hash ids of their own. It
// returns the index of the item, if there is one, that is the same object.
func (c *Collector) number(f *feature.Feature) (same int, ok bool) {
	base := f.ID
	all := c.twins[base]
	if all == nil {
		first := c.seen[base]
		all = &twins{map[string]int{feature.ContentID("", &c.file.Items[first].Feature): first}, 1}
		c.twins[base] = all
	}
	content := feature.ContentID("", f)
	if same, ok := all.known[content]; ok {
		return same, true
	}
	all.known[content] = len(c.file.Items)
	for taken := true; taken; {
		all.count++
		f.ID = base + "-" + strconv.Itoa(all.count)
		_, taken = c.seen[f.ID]
	}
	return 0, false
}

func (c *Collector) id(f *feature.Feature, id string) string {
	name := f.Name()
	switch {
	case strings.HasPrefix(id, c.opts.Source+"/"):
		return id
	case id != "" && f.ID == id: // of another collection
		return id
	case id != "":
		f.Provenance.SourceID = cmp.Or(f.Provenance.SourceID, feature.Clean(id, feature.MaxValueChars))
		return shorten(c.opts.Source, id)
	case name == "" || f.Geometry.Count() == 0:
		return feature.ContentID(c.opts.Source, f)
	}
	at := f.Geometry.Lines[0].Points[0]
	return hashed(c.opts.Source, string(f.Kind), name, rounded(at))
}

// shorten returns SOURCE/ID, or a hash where that is too long or has characters
// that no id may have.
func shorten(source, id string) string {
	whole := source + "/" + id
	if len(whole) > feature.MaxIDBytes || feature.Clean(id, feature.MaxIDBytes) != id {
		return hashed(source, id)
	}
	return whole
}

func hashed(source string, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return source + "/" + hex.EncodeToString(sum[:8])
}

// rounded writes a position to 1e-4 degrees.
func rounded(p cell.Point) string {
	return fmt.Sprintf("%d %d", int(math.Round(float64(p.LonE7)/1e3)), int(math.Round(float64(p.LatE7)/1e3)))
}

// complete fills in kind and category. A route without a course is a POI.
func complete(item *Item, category string) {
	f := &item.Feature
	line := f.Geometry.Shape == feature.LineString || f.Geometry.Shape == feature.MultiLineString
	if f.Category == "" && f.Kind == "" && (taxonomy.Group(category) == "route") == line {
		f.Category = category
	}
	if f.Kind == "" {
		group := taxonomy.Group(f.Category)
		switch {
		case group == "notice":
			f.Kind = feature.Notice
		case group == "route" && !line:
			f.Kind = feature.POI
			item.Warnings = append(item.Warnings, "the course of this route is not in the file: it is shown at its position")
		case group == "route", f.Category == "" && line:
			f.Kind = feature.Route
		default:
			f.Kind = feature.POI
		}
	}
	if f.Category == "" {
		f.Category = map[feature.Kind]string{
			feature.Route: taxonomy.OtherRoute, feature.Notice: "notice.info",
		}[f.Kind]
		f.Category = cmp.Or(f.Category, taxonomy.Other)
	}
}
