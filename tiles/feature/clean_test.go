package feature

import (
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	tests := []struct {
		in          string
		limit       int
		line, lines string
	}{
		{"  Löwen\t", 9, "Löwen", "Löwen"},
		{"one\ntwo\x00", 9, "one two", "one\ntwo"},
		{"a\xffb", 9, "a\uFFFDb", "a\uFFFDb"},
		{"äöü  x", 4, "äöü", "äöü"},
		{"", 9, "", ""},
	}
	for _, test := range tests {
		if got := Clean(test.in, test.limit); got != test.line {
			t.Errorf("Clean(%q) = %q, want %q", test.in, got, test.line)
		}
		if got := CleanLines(test.in, test.limit); got != test.lines {
			t.Errorf("CleanLines(%q) = %q, want %q", test.in, got, test.lines)
		}
	}
}

func TestLink(t *testing.T) {
	for in, want := range map[string]string{
		"www.example.org":      "https://www.example.org",
		" http://example.org/": "http://example.org/",
		"javascript:alert(1)":  "",
		"ftp://example.org":    "",
		"none at all":          "",
		"":                     "",
	} {
		if got := Link(in); got != want {
			t.Errorf("Link(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestContentID(t *testing.T) {
	f := fountain()
	id := ContentID("vaduz", &f)
	f.ID, f.OpeningHours = "x", "24/7"
	if got := ContentID("vaduz", &f); got != id || !strings.HasPrefix(id, "vaduz/") || len(id) != 22 {
		t.Errorf("ids %q and %q", id, got)
	}
	f.Names["de"] = "Brunnen"
	if got := ContentID("vaduz", &f); got == id {
		t.Errorf("id %q stays with another name", got)
	}
}
