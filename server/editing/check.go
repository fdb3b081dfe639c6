package editing

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/hours"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// rules is what checking an actor's writes to a region needs to know.
type rules struct {
	actor  Actor
	owners map[string]string // organisation by source
	own    map[string]bool   // the region's own categories
}

func (d *Desk) rules(ctx context.Context, region string, a Actor) (rules, error) {
	if _, err := d.catalog.Region(ctx, region); err != nil {
		return rules{}, err
	}
	owners, err := d.owners(ctx, region)
	if err != nil {
		return rules{}, err
	}
	categories, err := d.catalog.Categories(ctx, region)
	own := make(map[string]bool)
	for _, c := range categories {
		own[c.ID] = true
	}
	return rules{a, owners, own}, err
}

// owners returns the organisations of a region's sources.
func (d *Desk) owners(ctx context.Context, region string) (map[string]string, error) {
	sources, err := d.catalog.Sources(ctx, region)
	if err != nil {
		return nil, err
	}
	owners := make(map[string]string)
	for _, s := range sources {
		if s.Organisation != "" {
			owners[s.Name] = s.Organisation
		}
	}
	return owners, nil
}

func owner(owners map[string]string, source string) string {
	if o := owners[source]; o != "" {
		return o
	}
	return source
}

// may says whether the actor may write a source.
func (r rules) may(ref catalog.Ref) error {
	if r.actor.Editor || (r.actor.Organisation != "" && owner(r.owners, ref.Source) == r.actor.Organisation) {
		return nil
	}
	return fmt.Errorf("%w: %s belongs to %s", ErrForbidden, ref.ID, owner(r.owners, ref.Source))
}

// fill completes a ref: the source is the organisation's own when none is
// named, and a new feature gets an id.
func (r rules) fill(ref catalog.Ref, f *feature.Feature) (catalog.Ref, error) {
	if ref.Source == "" {
		ref.Source = r.actor.Organisation
	}
	if err := CheckSource(ref.Source); err != nil {
		return ref, err
	}
	if f != nil && ref.ID == "" {
		ref.ID = f.ID
	}
	if ref.ID == "" && f == nil {
		return ref, invalid("id", "missing")
	}
	if ref.ID == "" {
		random := make([]byte, 8)
		rand.Read(random)
		ref.ID = ref.Source + "/" + hex.EncodeToString(random)
	}
	if problem := checkID(ref.ID); problem != "" {
		return ref, invalid("id", problem)
	}
	if f != nil && f.ID != "" && f.ID != ref.ID {
		return ref, invalid("id", fmt.Sprintf("%.80q is not the feature's id %.80q", f.ID, ref.ID))
	}
	return ref, r.may(ref)
}

// checkID says what is wrong with an id, before it becomes part of a key.
func checkID(id string) string {
	f := feature.Feature{ID: id}
	for _, p := range f.Problems() {
		if p.Field == "id" {
			return p.Problem
		}
	}
	return ""
}

// checkBase says what is wrong with the base of a write.
func checkBase(base string) error {
	if base == "" || base == Any || len(base) == 64 && strings.Trim(base, "0123456789abcdef") == "" {
		return nil
	}
	return invalid("base", "must be a hash of 64 hex digits, or *")
}

// CheckSource returns an *InvalidError unless a source's name is 1 to 64 of
// a-z, 0-9, -, . and _, and is not OpenStreetMap's.
func CheckSource(name string) error {
	switch {
	case name == "":
		return invalid("source", "missing")
	case name == "osm":
		return invalid("source", "the name osm belongs to OpenStreetMap")
	case len(name) > 64 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-._") != "":
		return invalid("source", fmt.Sprintf("%.80q is not 1 to 64 of a-z, 0-9, -, . and _", name))
	}
	return nil
}

// Amends reports whether a record changes an object of another collection.
func Amends(ref catalog.Ref) bool { return !strings.HasPrefix(ref.ID, ref.Source+"/") }

// complete sets what is not the writer's to choose: id, collection and provider.
func (r rules) complete(ref catalog.Ref, f *feature.Feature) {
	f.ID = ref.ID
	if !Amends(ref) {
		f.Collection = ref.Source
	}
	if owner(r.owners, ref.Source) == r.actor.Organisation {
		f.Provenance.Provider = r.actor.Organisation
		if r.actor.Provider != "" {
			f.Provenance.Provider = r.actor.Provider
		}
	} else if f.Provenance.Provider == "" { // an editor writes for another
		f.Provenance.Provider = owner(r.owners, ref.Source)
	}
	if f.Provenance.Attribution == "" {
		f.Provenance.Attribution = f.Provenance.Provider
	}
	f.Provenance.AmendedBy = ""
}

// content checks a feature and returns its content.
func (d *Desk) content(ctx context.Context, r rules, ref catalog.Ref, f *feature.Feature) (catalog.Content, error) {
	if err := d.photos(ctx, r, ref, f); err != nil {
		return catalog.Content{}, err
	}
	raw, err := r.canonical(ref, f)
	if err != nil {
		return catalog.Content{}, err
	}
	return d.catalog.Keep(ctx, raw)
}

// photos completes the photos that a feature names.
func (d *Desk) photos(ctx context.Context, r rules, ref catalog.Ref, f *feature.Feature) error {
	if d.Photos == nil || len(f.Media) == 0 {
		return nil
	}
	problems, err := d.Photos.Complete(ctx, owner(r.owners, ref.Source), f)
	if err == nil && len(problems) > 0 {
		err = &InvalidError{problems}
	}
	return err
}

// canonical completes and checks a feature and returns its bytes.
func (r rules) canonical(ref catalog.Ref, f *feature.Feature) ([]byte, error) {
	r.complete(ref, f)
	if problems := r.check(ref, f); len(problems) > 0 {
		return nil, &InvalidError{problems}
	}
	raw, err := f.Canonical()
	if err != nil {
		return nil, invalidCause(err)
	}
	return raw, nil
}

func invalidCause(err error) error {
	var field *feature.FieldError
	if errors.As(err, &field) {
		return &InvalidError{[]*feature.FieldError{field}}
	}
	return fmt.Errorf("%w: %w", ErrInvalid, err)
}

// check lists what is wrong with a feature, or with the members that an
// amendment has.
func (r rules) check(ref catalog.Ref, f *feature.Feature) []*feature.FieldError {
	whole := f
	if Amends(ref) {
		merged := feature.Merge(sound(ref.ID, f.Kind), *f)
		merged.Provenance.AmendedBy = f.Provenance.Provider
		whole = &merged
	}
	return append(whole.Problems(), r.words(f)...)
}

// sound is an object with nothing wrong in it, for an amendment to stand on.
func sound(id string, kind feature.Kind) feature.Feature {
	f := feature.Feature{
		ID: id, Kind: feature.POI, Collection: "x", Category: taxonomy.Other,
		Geometry:   feature.At(cell.Point{}),
		Names:      map[string]string{feature.Und: "x"},
		Provenance: feature.Provenance{Provider: "x", Licence: "CC0-1.0"},
	}
	if kind == feature.Route {
		f.Geometry = feature.Along(feature.Line{Points: []cell.Point{{}, {LonE7: 1}}})
	}
	return f
}

// words checks what follows rules of its own: the taxonomy and opening hours.
func (r rules) words(f *feature.Feature) (problems []*feature.FieldError) {
	if c, ok := taxonomy.Lookup(f.Category); f.Category != "" && !r.own[f.Category] && (!ok || c.ID == taxonomy.Group(c.ID)) {
		problems = append(problems, &feature.FieldError{Field: "category", Problem: fmt.Sprintf("%.80q is no category", f.Category)})
	}
	lists := map[taxonomy.TermKind][]string{taxonomy.Service: f.Services, taxonomy.Product: f.Products}
	fields := map[taxonomy.TermKind]string{taxonomy.Service: "services", taxonomy.Product: "products", taxonomy.Aid: "accessibility.aids"}
	if f.Access != nil {
		lists[taxonomy.Aid] = f.Access.Aids
	}
	for _, kind := range [...]taxonomy.TermKind{taxonomy.Service, taxonomy.Product, taxonomy.Aid} {
		for i, id := range lists[kind] {
			if _, ok := taxonomy.LookupTerm(kind, id); !ok {
				problems = append(problems, &feature.FieldError{Field: fmt.Sprintf("%s.%d", fields[kind], i), Problem: fmt.Sprintf("%.80q is no %s", id, kind)})
			}
		}
	}
	if f.OpeningHours != "" {
		if _, err := hours.Parse(f.OpeningHours); err != nil {
			problems = append(problems, &feature.FieldError{Field: "opening_hours", Problem: err.Error()})
		}
	}
	return problems
}

// Owner returns the organisation that a region's source belongs to.
func (d *Desk) Owner(ctx context.Context, region, source string) (string, error) {
	owners, err := d.owners(ctx, region)
	return owner(owners, source), err
}
