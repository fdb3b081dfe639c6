package taxonomy

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxLabelChars is the longest label of a region's own category.
const MaxLabelChars = 60

// Own reports whether an id is of a region's own category: "food.x_buschenschank".
func Own(id string) bool {
	_, name, ok := strings.Cut(id, ".")
	return ok && strings.HasPrefix(name, "x_")
}

// CheckOwn says what is wrong with a region's own category, by member; "" when
// nothing is. It needs a group of ours, an icon that one of our categories has, and
// labels that are neither empty nor long.
func CheckOwn(c Category) (field, problem string) {
	group, name, _ := strings.Cut(c.ID, ".")
	if _, ok := byID[group]; !ok || !Own(c.ID) || len(name) < 3 || len(c.ID) > 64 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return "id", fmt.Sprintf("%.80q must be a group such as food, then \".x_\" and 1 or more of a-z, 0-9 and _", c.ID)
	}
	if !slices.ContainsFunc(categories, func(known Category) bool { return known.Icon == c.Icon }) {
		return "icon", fmt.Sprintf("%.80q is not the icon of a category", c.Icon)
	}
	if len(c.Labels) == 0 || len(c.Labels) > 64 {
		return "labels", fmt.Sprintf("%d languages, not 1 to 64", len(c.Labels))
	}
	for l, text := range c.Labels {
		if text == "" || strings.TrimSpace(text) != text || utf8.RuneCountInString(text) > MaxLabelChars || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
			return "labels." + l, fmt.Sprintf("must be 1 to %d characters in one line", MaxLabelChars)
		}
	}
	return "", ""
}
