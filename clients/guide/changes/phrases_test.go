package changes

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/taxonomy"
)

// TestPhrases checks that each phrase has in each language of the taxonomy what
// it has in English.
func TestPhrases(t *testing.T) {
	if want := taxonomy.Languages(); !slices.Equal(languages, want) {
		t.Errorf("phrases in %v, categories in %v", languages, want)
	}
	blank := regexp.MustCompile(`\{[a-z]+\}`)
	for key, in := range phrases {
		want := blank.FindAllString(in["en"], -1)
		slices.Sort(want)
		for _, l := range languages {
			got := blank.FindAllString(in[l], -1)
			slices.Sort(got)
			if in[l] == "" || !slices.Equal(got, want) {
				t.Errorf("%s in %s: %q, English %q", key, l, in[l], in["en"])
			}
		}
	}
	for _, l := range languages {
		if n := len(strings.Split(phrases["months"][l], ",")); n != 12 {
			t.Errorf("%d months in %s", n, l)
		}
	}
}
