package search

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	_ "modernc.org/sqlite"
)

func TestFold(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"Čakovec", "cakovec"},
		{"ŠKOFJA LOKA", "skofja loka"},
		{"Žužemberk", "zuzemberk"},
		{"Đurđevac", "durdevac"},
		{"Ćuprija", "cuprija"},
		{"Müllerstraße", "mullerstrasse"},
		{"Győr, Fő tér 1.", "gyor fo ter 1"},
		{"Łódź", "lodz"},
		{"Tromsø", "tromso"},
		{"Sæby", "saeby"},
		{"Sacré-Cœur", "sacre coeur"},
		{"Þingvellir", "thingvellir"},
		{"İstanbul Kadıköy", "istanbul kadikoy"},
		{"L'Hospitalet", "l hospitalet"},
		{"  (Bar) \"Pri  Mari\"  ", "bar pri mari"},
		{"Ａ１ ﬁn", "a1 fin"},
		{"Ὀδυσσεύς", "οδυσσευσ"},
		{"Київ", "киів"},
		{"서울", "서울"},
		{"が", "が"},
		{"हिन्दी", "हिन्दी"},
	}
	for _, test := range tests {
		if got := Fold(test.in); got != test.want {
			t.Errorf("Fold(%q) = %q, want %q", test.in, got, test.want)
		}
	}
}

func TestVariants(t *testing.T) {
	tests := []struct {
		in   string
		want []string
	}{
		{"Ptuj", []string{"ptuj"}},
		{"Đurđevac", []string{"durdevac", "djurdjevac"}},
		{"Gu\u0308ssing", []string{"gussing", "guessing"}},
		{"STRASSE", []string{"strasse"}},
		{"Ærø", []string{"aero", "aeroe"}},
	}
	for _, test := range tests {
		if got := Variants(test.in); !slices.Equal(got, test.want) {
			t.Errorf("Variants(%q) = %q, want %q", test.in, got, test.want)
		}
	}
}

func TestQuery(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{" -- * ", ""},
		{"Pri Mari", `"pri" AND "mari"*`},
		{"Đurđevac bar", `("durdevac" OR "djurdjevac") AND "bar"*`},
		{"Graz-Süd", `"graz" AND ("sud"* OR "sued"*)`},
		{`NEAR(a "b`, `"near" AND "a" AND "b"*`},
	}
	for _, test := range tests {
		if got := Query(test.in); got != test.want {
			t.Errorf("Query(%q) = %s, want %s", test.in, got, test.want)
		}
	}
	if got := strings.Count(Query(strings.Repeat("a ", 1000)), "AND"); got != maxWords-1 {
		t.Errorf("1000 words asked for %d", got+1)
	}
}

// index returns a function that reports whether an expression matches.
func index(tb testing.TB, names ...string) func(expr string) (int, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		tb.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	tb.Cleanup(func() { db.Close() })
	if _, err := db.Exec(`CREATE VIRTUAL TABLE t USING fts5(name, tokenize='ascii')`); err != nil {
		tb.Fatal(err)
	}
	for _, name := range names {
		if _, err := db.Exec(`INSERT INTO t VALUES (?)`, strings.Join(Variants(name), " ")); err != nil {
			tb.Fatal(err)
		}
	}
	return func(expr string) (n int, err error) {
		err = db.QueryRow(`SELECT count(*) FROM t WHERE t MATCH ?`, expr).Scan(&n)
		return n, err
	}
}

func TestQueryFinds(t *testing.T) {
	match := index(t, "Đurđevac", "Müllerstraße 5", "Győr")
	for _, text := range []string{
		"durdevac", "Djurdjevac", "ĐURĐ", "djurd", "mullerstr", "Muellerstrasse", "müllerstraße 5", "5 muller", "gyor", "GYŐ", "gyoer",
	} {
		if n, err := match(Query(text)); n != 1 || err != nil {
			t.Errorf("%q as %s found %d, %v", text, Query(text), n, err)
		}
	}
}

// FuzzQuery checks that folding twice changes nothing, and that every question
// is an expression that FTS5 accepts.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"Đurđevac", `" OR 1 NEAR(`, "ß\x00\xff", "a* AND ^b : {c d}", "İſς", "が\u3099"} {
		f.Add(seed)
	}
	match := index(f, "a")
	f.Fuzz(func(t *testing.T, text string) {
		for _, form := range Variants(text) {
			if again := Fold(form); again != form {
				t.Errorf("Fold(%q) = %q", form, again)
			}
			if !utf8.ValidString(form) {
				t.Errorf("Fold(%q) = %q", text, form)
			}
		}
		if expr := Query(text); expr != "" {
			if _, err := match(expr); err != nil {
				t.Errorf("%q as %s: %v", text, expr, err)
			}
		}
	})
}
