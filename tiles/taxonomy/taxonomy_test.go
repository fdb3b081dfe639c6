package taxonomy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

func TestCategories(t *testing.T) {
	id := regexp.MustCompile(`^[a-z]+(\.[a-z_]+)?$`)
	icon := regexp.MustCompile(`^(maki/[a-z0-9-]+|temaki/[a-z0-9_-]+)$`)
	seen := map[string]bool{}
	for _, c := range All() {
		if !id.MatchString(c.ID) || seen[c.ID] {
			t.Errorf("id %q is malformed or there twice", c.ID)
		}
		seen[c.ID] = true
		if !seen[Group(c.ID)] {
			t.Errorf("%s comes before its group", c.ID)
		}
		if !icon.MatchString(c.Icon) {
			t.Errorf("%s: icon %q", c.ID, c.Icon)
		}
		for _, l := range []string{"en", "de", "sl", "hr", "hu", "fr", "ca", "es"} {
			label := c.Labels[l]
			if label == "" || strings.TrimSpace(label) != label {
				t.Errorf("%s: label %q in %s", c.ID, label, l)
			}
			for _, r := range label {
				if unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) {
					t.Errorf("%s: letter %q in %s", c.ID, r, l)
				}
			}
		}
	}
	for _, id := range []string{Other, OtherRoute} {
		if !seen[id] {
			t.Errorf("no category %s", id)
		}
	}
}

// TestLabelsDiffer checks that a menu never shows two categories of a group by
// the same words.
func TestLabelsDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, c := range All() {
		if !strings.Contains(c.ID, ".") {
			continue
		}
		for l, label := range c.Labels {
			key := Group(c.ID) + "/" + l + "/" + label
			if other := seen[key]; other != "" {
				t.Errorf("%s and %s are both %q in %s", other, c.ID, label, l)
			}
			seen[key] = c.ID
		}
	}
}

// TestRules checks that each rule can win: that no earlier one hides it.
func TestRules(t *testing.T) {
	for i, r := range rules {
		tags := map[string]string{}
		for _, c := range append([]condition{r.first}, r.rest...) {
			switch {
			case c.not || c.value == "":
			case c.value == "*":
				tags[c.key] = "yes"
			default:
				tags[c.key] = c.value
			}
		}
		if r.first.not || r.first.value == "" {
			t.Errorf("rule %d begins with a negation", i)
		}
		got, ok := Of(func(k string) string { return tags[k] })
		if got != r.category && (ok || r.category != none) {
			t.Errorf("rule %d %v gives %q, want %q", i, tags, got, r.category)
		}
	}
	used := map[string]bool{}
	for _, r := range rules {
		used[r.category] = true
	}
	for _, c := range All() {
		group := Group(c.ID)
		given := group == "notice" || group == "producer" || group == "living" // only by providers
		if c.ID != group && !used[c.ID] && !given && group != "other" && c.ID != OtherRoute {
			t.Errorf("no rule gives %s", c.ID)
		}
	}
}

func TestOf(t *testing.T) {
	tests := []struct{ tags, want string }{
		{"amenity=cafe", "food.cafe"},
		{"amenity=bar;cafe", "food.cafe"},
		{"amenity=cafe tourism=hotel", "food.cafe"},
		{"amenity=drinking_water man_made=water_tap", "water.drinking"},
		{"man_made=water_tap drinking_water=no", ""},
		{"tourism=information information=guidepost", "info.guidepost"},
		{"tourism=information", "info.board"},
		{"shop=sports;bicycle", "cycling.shop"},
		{"shop=fabric", "shop.other"},
		{"shop=no", ""},
		{"shop=vacant", ""},
		{"amenity=shelter shelter_type=public_transport", ""},
		{"type=route route=mtb", "route.mtb"},
		{"route=mtb", ""},
		{"highway=residential", ""},
		{"", ""},
	}
	for _, test := range tests {
		get := func(key string) string {
			for _, tag := range strings.Fields(test.tags) {
				if k, v, _ := strings.Cut(tag, "="); k == key {
					return v
				}
			}
			return ""
		}
		if got, ok := Of(get); got != test.want || ok != (test.want != "") {
			t.Errorf("Of(%s) = %q, %v, want %q", test.tags, got, ok, test.want)
		}
	}
}

func TestLanguages(t *testing.T) {
	if got := Languages(); !slices.Equal(got, []string{"en", "de", "sl", "hr", "hu", "fr", "ca", "es"}) {
		t.Errorf("Languages = %q", got)
	}
}

func Example() {
	tags := map[string]string{"amenity": "bicycle_repair_station"}
	id, _ := Of(func(key string) string { return tags[key] })
	c, _ := Lookup(id)
	fmt.Println(c.ID, c.Icon, c.Nameless)
	fmt.Println(c.Label("sl"))
	fmt.Println(c.Label("it", "de-AT"))
	// Output:
	// cycling.repair temaki/bicycle_repair true
	// Popravljalnica koles
	// Reparaturstation
}

func BenchmarkOf(b *testing.B) {
	tags := map[string]string{"building": "yes", "tourism": "museum", "name": "x"}
	b.ReportAllocs()
	for b.Loop() {
		Of(func(key string) string { return tags[key] })
	}
}

func TestDetails(t *testing.T) {
	keys := Details()
	if !slices.IsSorted(keys) || len(slices.Compact(slices.Clone(keys))) != len(keys) {
		t.Error("details are not in order, or twice there")
	}
}

func TestTerms(t *testing.T) {
	icons := map[string]bool{}
	for _, c := range All() {
		icons[c.Icon] = true
	}
	id := regexp.MustCompile(`^[a-z_]+$`)
	for _, kind := range []TermKind{Service, Aid, Product} {
		seen, labels := map[string]bool{}, map[string]string{}
		for _, c := range Terms(kind) {
			if !id.MatchString(c.ID) || seen[c.ID] || !icons[c.Icon] {
				t.Errorf("%s %s is malformed, there twice or has another icon", kind, c.ID)
			}
			seen[c.ID] = true
			for _, l := range Languages() {
				label := c.Labels[l]
				if label == "" || strings.TrimSpace(label) != label || labels[l+label] != "" {
					t.Errorf("%s %s: label %q in %s, also of %q", kind, c.ID, label, l, labels[l+label])
				}
				labels[l+label] = c.ID
			}
		}
		if len(seen) < 10 {
			t.Errorf("%d terms of %s", len(seen), kind)
		}
	}
	if c, ok := LookupTerm(Service, "packed_lunch"); !ok || c.Label("sl") != "Paket s kosilom" {
		t.Errorf("packed_lunch = %+v", c)
	}
	if _, ok := LookupTerm(Aid, "packed_lunch"); ok {
		t.Error("packed lunch is no aid")
	}
}

func TestCheckOwn(t *testing.T) {
	good := Category{ID: "food.x_vinotoc", Icon: "temaki/grapes", Labels: map[string]string{"sl": "Vinotoč"}}
	tests := []struct {
		change func(*Category)
		want   string
	}{
		{func(*Category) {}, ""},
		{func(c *Category) { c.ID = "food.vinotoc" }, "id"},
		{func(c *Category) { c.ID = "moon.x_vinotoc" }, "id"},
		{func(c *Category) { c.ID = "food.x_" }, "id"},
		{func(c *Category) { c.ID = "food.x_vinotoč" }, "id"},
		{func(c *Category) { c.Icon = "maki/unicorn" }, "icon"},
		{func(c *Category) { c.Labels = nil }, "labels"},
		{func(c *Category) { c.Labels = map[string]string{"sl": " "} }, "labels.sl"},
		{func(c *Category) { c.Labels = map[string]string{"sl": strings.Repeat("x", 61)} }, "labels.sl"},
	}
	for i, test := range tests {
		c := good
		test.change(&c)
		if field, problem := CheckOwn(c); field != test.want || (field == "") != (problem == "") {
			t.Errorf("%d: %s: %s, want %q", i, field, problem, test.want)
		}
	}
	if Own("food.cafe") || !Own("food.x_cafe") || Own("x_food") {
		t.Error("Own is wrong")
	}
	for _, c := range All() {
		if Own(c.ID) {
			t.Errorf("%s looks like a region's own", c.ID)
		}
	}
}
