package feature

import (
	"cmp"
	"maps"
	"slices"
)

// Merge returns base with the members that the amendment gives: single members,
// lists, price, tour and effect are replaced whole; texts by language, details,
// contact, address and accessibility member by member. The id stays, and the provenance stays that of base, with AmendedBy
// naming the amendment's provider. An amendment cannot take a member away. The
// result shares no maps with its parts, but the lines of geometry and what is
// replaced whole.
func Merge(base, amendment Feature) Feature {
	out := base
	out.Kind = cmp.Or(amendment.Kind, base.Kind)
	out.Category = cmp.Or(amendment.Category, base.Category)
	out.OpeningHours = cmp.Or(amendment.OpeningHours, base.OpeningHours)
	if !amendment.Geometry.IsZero() {
		out.Geometry = amendment.Geometry
	}
	out.Names = mergeTexts(base.Names, amendment.Names)
	out.Descriptions = mergeTexts(base.Descriptions, amendment.Descriptions)
	out.Details = mergeTexts(base.Details, amendment.Details)
	out.Contact = mergeContact(base.Contact, amendment.Contact)
	out.Address = mergeAddress(base.Address, amendment.Address)
	out.Access = mergeAccess(base.Access, amendment.Access)
	out.Season = either(amendment.Season, base.Season)
	out.Services = either(amendment.Services, base.Services)
	out.Products = either(amendment.Products, base.Products)
	out.Links = either(amendment.Links, base.Links)
	out.Media = either(amendment.Media, base.Media)
	out.Price = cmp.Or(amendment.Price, base.Price)
	out.Tour = cmp.Or(amendment.Tour, base.Tour)
	out.Effect = cmp.Or(amendment.Effect, base.Effect)
	if period := base.Valid; period != nil || amendment.Valid != nil {
		if amendment.Valid != nil {
			period = amendment.Valid
		}
		valid := *period
		out.Valid = &valid
	}
	out.Provenance.AmendedBy = cmp.Or(amendment.Provenance.Provider, base.Provenance.AmendedBy)
	return out
}

func mergeTexts(base, amendment map[string]string) map[string]string {
	if len(base)+len(amendment) == 0 {
		return nil
	}
	out := make(map[string]string, len(base)+len(amendment))
	maps.Copy(out, base)
	for k, v := range amendment {
		out[k] = cmp.Or(v, out[k])
	}
	return out
}

func mergeContact(base, amendment *Contact) *Contact {
	if base == nil && amendment == nil {
		return nil
	}
	b, a := value(base), value(amendment)
	return &Contact{
		Phone:   cmp.Or(a.Phone, b.Phone),
		Email:   cmp.Or(a.Email, b.Email),
		Website: cmp.Or(a.Website, b.Website),
	}
}

func mergeAddress(base, amendment *Address) *Address {
	if base == nil && amendment == nil {
		return nil
	}
	b, a := value(base), value(amendment)
	return &Address{
		Street:   cmp.Or(a.Street, b.Street),
		Number:   cmp.Or(a.Number, b.Number),
		Postcode: cmp.Or(a.Postcode, b.Postcode),
		Place:    cmp.Or(a.Place, b.Place),
		Country:  cmp.Or(a.Country, b.Country),
	}
}

func mergeAccess(base, amendment *Access) *Access {
	if base == nil && amendment == nil {
		return nil
	}
	b, a := value(base), value(amendment)
	return &Access{
		Wheelchair: cmp.Or(a.Wheelchair, b.Wheelchair),
		Aids:       either(a.Aids, b.Aids),
		DoorCM:     cmp.Or(a.DoorCM, b.DoorCM),
		Steps:      cmp.Or(a.Steps, b.Steps),
		Note:       mergeTexts(b.Note, a.Note),
	}
}

// either returns the first list that has something in it.
func either[T any](lists ...[]T) []T {
	for _, l := range lists {
		if len(l) > 0 {
			return slices.Clone(l)
		}
	}
	return nil
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
