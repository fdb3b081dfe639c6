package records

import (
	"cmp"
	"strings"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// detailKeys are the tags that become details.
var detailKeys = taxonomy.Details()

// Plain fills what a feature lacks from common plain properties and tags of
// OpenStreetMap; value returns one, or "".
func Plain(f *feature.Feature, value func(key string) string) {
	get := func(keys ...string) string {
		for _, key := range keys {
			if s := feature.Clean(value(key), feature.MaxValueChars); s != "" {
				return s
			}
		}
		return ""
	}
	SetContact(f, feature.Contact{
		Phone:   get("phone", "contact:phone"),
		Email:   get("email", "contact:email"),
		Website: feature.Link(get("website", "contact:website", "url")),
	})
	SetAddress(f, feature.Address{
		Street:   get("addr:street", "addr:place", "address", "street"),
		Number:   get("addr:housenumber"),
		Postcode: get("addr:postcode", "postcode"),
		Place:    get("addr:city", "city"),
		Country:  strings.ToUpper(get("addr:country")),
	})
	f.OpeningHours = cmp.Or(f.OpeningHours, get("opening_hours"))
	for _, key := range detailKeys {
		Detail(f, key, get(key))
	}
	if f.Category == "" {
		f.Category, _ = taxonomy.Of(func(key string) string { return get(key) })
	}
}

// SetContact gives a feature that has no contact one, cleaned, unless it is empty.
func SetContact(f *feature.Feature, c feature.Contact) {
	c.Phone = feature.Clean(c.Phone, feature.MaxValueChars)
	c.Email = feature.Clean(c.Email, feature.MaxValueChars)
	if f.Contact == nil && c != (feature.Contact{}) {
		f.Contact = &c
	}
}

// SetAddress gives a feature that has no address one, cleaned, unless it is empty.
func SetAddress(f *feature.Feature, a feature.Address) {
	for _, part := range []*string{&a.Street, &a.Number, &a.Postcode, &a.Place, &a.Country} {
		*part = feature.Clean(strings.Join(strings.Fields(*part), " "), feature.MaxValueChars)
	}
	if f.Address == nil && a != (feature.Address{}) {
		f.Address = &a
	}
}
