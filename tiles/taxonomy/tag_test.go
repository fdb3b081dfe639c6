package taxonomy

import (
	"strings"
	"testing"
)

// TestTags checks that the tag that stands for a category makes it, alone or with
// further ones, and that what Decide names does.
func TestTags(t *testing.T) {
	for _, r := range rules {
		if r.category == none {
			continue
		}
		if tag := Tag(r.category); tag != "" && !Makes(tag, r.category) {
			t.Errorf("%s stands for %s, which it does not make", tag, r.category)
		}
		if r.first.value != "*" && !Makes(r.first.String(), r.category) {
			t.Errorf("%s does not make %s", r.first, r.category)
		}
	}
	for _, test := range []struct{ tags, category, tag string }{
		{"amenity=nightclub", "food.bar", "amenity=nightclub"},
		{"shop=chocolate;pastry", "shop.pastry", "shop=pastry"}, // the first rule, not the first value
		{"shop=car;tyres", "shop.other", "shop=car"},
		{"shop=vacant", "", ""},
		{"amenity=vending_machine vending=milk", "food.vending", "amenity=vending_machine"},
		{"highway=residential", "", ""},
	} {
		tags := make(map[string]string)
		for _, text := range strings.Fields(test.tags) {
			key, value, _ := strings.Cut(text, "=")
			tags[key] = value
		}
		if category, tag := Decide(func(key string) string { return tags[key] }); category != test.category || tag != test.tag {
			t.Errorf("%s: %q by %q, want %q by %q", test.tags, category, tag, test.category, test.tag)
		}
	}
	for _, test := range []struct {
		tag, category string
		want          bool
	}{
		{"shop=car", "shop.other", true}, {"shop=", "shop.other", false}, {"shop", "shop.other", false},
		{"amenity=cafe", "food.bar", false}, {"", "food.bar", false}, {"amenity=bar", "food.x_bar", false},
	} {
		if got := Makes(test.tag, test.category); got != test.want {
			t.Errorf("Makes(%q, %q) = %v", test.tag, test.category, got)
		}
	}
	if Tag("food.bar") != "amenity=bar" || Tag("shop.other") != "" || Tag("lodging") != "" {
		t.Errorf("%q, %q, %q", Tag("food.bar"), Tag("shop.other"), Tag("lodging"))
	}
}
