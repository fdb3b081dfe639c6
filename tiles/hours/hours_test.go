package hours

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAt asks at times of November 2026; the 22nd is a Sunday.
func TestAt(t *testing.T) {
	tests := []struct{ hours, at, want string }{
		{"24/7", "11-22 10:00", "open"},
		{"Mo-Fr 08:00-18:00", "11-23 07:59", "closed until 11-23 08:00"},
		{"Mo-Fr 08:00-18:00", "11-23 08:00", "open until 11-23 18:00"},
		{"Mo-Fr 08:00-18:00", "11-22 10:00", "closed until 11-23 08:00"},
		{"Mo-Fr 08:00-12:00,14:00-18:00; Sa 09:00-12:00", "11-23 12:30", "closed until 11-23 14:00"},
		{"Mo-Fr 08:00-12:00, We 14:00-18:00", "11-25 15:00", "open until 11-25 18:00"},
		{"Mo-Fr 08:00-12:00; We 14:00-18:00", "11-25 10:00", "closed until 11-25 14:00"},
		{"Mo-Sa 10:00-20:00; Tu off", "11-24 12:00", "closed until 11-25 10:00"},
		{"Mo-Su 10:00-20:00; 12:00-13:00 off", "11-24 12:30", "closed until 11-24 13:00"},
		{"Fr-Su 18:00-02:00", "11-23 01:30", "open until 11-23 02:00"},
		{"Fr-Su 18:00-26:00", "11-23 02:30", "closed until 11-27 18:00"},
		{"Sa-Mo 10:00-12:00", "11-24 09:00", "closed until 11-28 10:00"},
		{"00:00-24:00", "11-22 10:00", "open"},
		{"Nov 09:00-10:00", "11-22 09:30", "open until 11-22 10:00"},
		{"Nov-Mar off; Apr-Oct 09:00-10:00", "11-22 09:30", "closed until 04-01 09:00"},
		{"Nov 20-Dec 5 08:00-10:00", "12-05 08:30", "open until 12-05 10:00"},
		{"Dec 24-Jan 6 off; 08:00-10:00", "12-24 09:00", "open until 12-24 10:00"},
		{"08:00-10:00; Dec 24-Jan 6 off", "12-24 09:00", "closed until 01-07 08:00"},
		{"08:00-10:00; Nov 22,24 off", "11-24 09:00", "closed until 11-25 08:00"},
		{"2026 Nov 22 08:00-10:00", "11-22 09:00", "open until 11-22 10:00"},
		{"2026 Dec 24-Jan 6 08:00-10:00", "12-31 09:00", "open until 12-31 10:00"},
		{"2025 08:00-10:00", "11-22 09:00", "closed"},
		{"2025-2027/2 08:00-10:00", "11-22 09:00", "closed until 01-01 08:00"},
		{"week 47 08:00-10:00", "11-22 09:00", "open until 11-22 10:00"},
		{"week 1-53/2 08:00-10:00", "11-23 09:00", "closed until 11-30 08:00"},
		{"Su[4] 08:00-10:00", "11-22 09:00", "open until 11-22 10:00"},
		{"Su[-1] 08:00-10:00", "11-22 09:00", "closed until 11-29 08:00"},
		{"Nov Su[-1]-Dec Sa[1] 08:00-10:00", "11-29 09:00", "open until 11-29 10:00"},
		{"easter -2 days-easter +1 day 08:00-10:00", "11-22 09:00", "closed until 03-26 08:00"},
		{"Mo-Fr 10:00+", "11-23 11:00", "unknown until 11-24 00:00"},
		{"Mo-Fr 10:00-12:00+", "11-23 11:00", "open until 11-23 12:00"},
		{"sunrise-sunset", "11-23 11:00", "unknown"},
		{"08:00-sunset", "11-23 07:00", "closed until 11-23 08:00"},
		{"PH off", "11-23 11:00", "closed"},
		{"Mo-Fr 08:00-10:00 || \"by appointment\"", "11-23 11:00", "unknown until 11-24 08:00"},
		{"Mo-Fr 08:00-10:00 unknown", "11-23 09:00", "unknown until 11-23 10:00"},
	}
	for _, test := range tests {
		s, err := Parse(test.hours)
		if err != nil {
			t.Errorf("%s: %v", test.hours, err)
			continue
		}
		when, err := time.Parse("2006-01-02 15:04", "2026-"+test.at)
		if err != nil {
			t.Fatal(err)
		}
		state, until := s.At(when, Calendar{})
		got := [...]string{"closed", "open", "unknown"}[state]
		if !until.IsZero() {
			got += until.Format(" until 01-02 15:04")
		}
		if got != test.want {
			t.Errorf("%s at %s: %s, want %s", test.hours, test.at, got, test.want)
		}
	}
}

func TestCalendar(t *testing.T) {
	c := Calendar{
		Holiday: func(kind string, day time.Time) bool { return kind == "PH" && day.Day() == 23 },
		Sun:     func(time.Time) (int, int, int, int) { return 360, 400, 1000, 1040 },
	}
	for hours, want := range map[string]State{
		"Mo-Fr 08:00-18:00; PH off": Closed, "Mo-Fr 08:00-18:00; SH off": Open, "PH,Su 10:00-12:00": Open, "sunrise-sunset": Open, "(sunset-01:00)-22:00": Closed,
	} {
		s, err := Parse(hours)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := s.At(time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC), c); got != want {
			t.Errorf("%s: %v, want %v", hours, got, want)
		}
	}
	s, _ := Parse("PH off; sunrise-sunset")
	if !s.Uses("PH") || s.Uses("SH") || !s.Uses("sun") {
		t.Error("Uses is wrong")
	}
}

func TestErrors(t *testing.T) {
	tests := []struct{ hours, want string }{
		{"", "character 1: there is nothing in it"},
		{"Mo-Fr 8-12", `character 8: a time is written as 08:00; found "-" after 8`},
		{"Mo-Fr 08:00", `character 12: a time needs an end, such as 08:00-18:00, or a "+"; found the end`},
		{"Mon-Fri 08:00-12:00", `character 1: "Mon" is written "Mo"`},
		{"mo 08:00-12:00", `character 1: "mo" is written "Mo"`},
		{"August 08:00-12:00", `character 1: "August" is written "Aug"`},
		{"Mo-Fr 08:00-25:00x", `character 18: did not expect "x"`},
		{"Mo-Fr 24:30-25:00", "character 7: 24:30 is later than 24:00"},
		{"Mo-Fr 08:60-09:00", "character 10: minutes must be 0 to 59, not 60"},
		{"Mo-Fr 08:00-12:00; ; Sa off", `character 20: did not expect ";"`},
		{"0800-1200", "character 1: 800 is no year; a time is written as 08:00"},
		{`Mo "closed`, `character 4: the comment has no end: " is missing`},
		{"Mo-Xx 08:00-12:00", `character 4: did not expect "Xx"`},
		{"Feb 30 off", "character 5: a day must be 1 to 29, not 30"},
		{"week 54", "character 6: a week must be 1 to 53, not 54"},
		{"Su[6] 08:00-12:00", "character 4: a number must be 1 to 5, not 6"},
		{"(noon+01:00)-12:00", `character 2: expected dawn, sunrise, sunset or dusk, found "noon"`},
		{"täglich ab 9 Uhr", `character 1: did not expect "täglich"`},
		{"Mo 08:00-12:00,", "character 16: expected a day, a time or \"off\", found the end"},
		{strings.Repeat("Mo;", 101) + "Mo", "character 303: more than 200 rules, days and times"},
		{strings.Repeat("x", MaxChars+1), "character 2001: 2001 characters, more than 2000"},
	}
	for _, test := range tests {
		_, err := Parse(test.hours)
		var syntax *SyntaxError
		if !errors.Is(err, ErrSyntax) || !errors.As(err, &syntax) || err.Error() != test.want {
			t.Errorf("%.40s: %v, want %s", test.hours, err, test.want)
		}
	}
	s, err := Parse("Mo-Fr 8:00-12:00;")
	if err != nil || len(s.Warnings()) != 2 {
		t.Errorf("warnings %q, %v", s.Warnings(), err)
	}
}

func TestWords(t *testing.T) {
	tests := []struct{ hours, language, want string }{
		{"24/7", "en", "open around the clock"},
		{"24/7", "it", "aperto 24 ore su 24"},
		{"Mo-Fr 08:00-12:00,14:00-18:00; Sa 09:00-12:00; Su,PH off", "en", "Monday–Friday 08:00–12:00, 14:00–18:00; Saturday 09:00–12:00; Sunday, public holidays closed"},
		{"Mo-Fr 08:00-12:00,14:00-18:00; Sa 09:00-12:00; Su,PH off", "de-AT", "Montag–Freitag 08:00–12:00, 14:00–18:00; Samstag 09:00–12:00; Sonntag, Feiertage geschlossen"},
		{"Mo-Fr 08:00-12:00; Su,PH off", "sl", "ponedeljek–petek 08:00–12:00; nedelja, prazniki zaprto"},
		{"Mo-Fr 08:00-12:00; Su,PH off", "hr", "ponedjeljak–petak 08:00–12:00; nedjelja, praznici zatvoreno"},
		{"Mo-Fr 08:00-12:00; Su,PH off", "hu", "hétfő–péntek 08:00–12:00; vasárnap, ünnepnapok zárva"},
		{"Mo-Fr 08:00-12:00; Su,PH off", "fr", "lundi–vendredi 08:00–12:00; dimanche, jours fériés fermé"},
		{"Mo-Fr 08:00-12:00; Su,PH off", "it", "lunedì–venerdì 08:00–12:00; domenica, giorni festivi chiuso"},
		{"Apr 15-Oct 31 Sa 10:00-26:00", "en", "15 April – 31 October Saturday 10:00–02:00"},
		{"Dec 24-26 off", "de", "24–26. Dezember geschlossen"},
		{"Nov-Mar off", "sl", "november – marec zaprto"},
		{"Fr[-1] 18:00+", "de", "letzter Freitag ab 18:00"},
		{"2026 Jul \"by appointment\"", "en", "July 2026 all day “by appointment”"},
		{"sunrise-(sunset-01:00)", "en", "sunrise – 01:00 before sunset"},
		{"week 1-53/2 Mo", "de", "Woche ab 1 (jede 2.) Montag ganztägig"},
		{"Mo-Fr 10:00-12:00 unknown", "xx", "Monday–Friday 10:00–12:00 not known"},
	}
	for _, test := range tests {
		s, err := Parse(test.hours)
		if err != nil {
			t.Errorf("%s: %v", test.hours, err)
			continue
		}
		if got := s.Words(test.language); got != test.want {
			t.Errorf("%s in %s:\n got %s\nwant %s", test.hours, test.language, got, test.want)
		}
	}
}

// TestDictionary makes sure that no word is missing and no format goes wrong.
func TestDictionary(t *testing.T) {
	all := `2026 Jan 5-Feb 6 +1 day week 3-9/2 Mo[2,-1,-2],Tu-We,PH -1 day,SH (dawn+01:00)-(dusk-01:00),sunrise-sunset,10:00-12:00+,20:00+; Mar+ off; easter unknown; Oct Su[2]; 24/7 "x"`
	s, err := Parse(all)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range Languages() {
		d := dictionary[l]
		for _, list := range [][]string{d.days[:], d.months[1:], {d.closed, d.unknown, d.always, d.allDay, d.easter, d.week}} {
			for _, w := range list {
				if w == "" {
					t.Errorf("%s: a word is missing", l)
				}
			}
		}
		if words := s.Words(l); strings.Contains(words, "%") || strings.Contains(words, "  ") {
			t.Errorf("%s: %s", l, words)
		}
	}
}

// TestReal reads the opening hours of real places and counts what is refused.
func TestReal(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/data/poi/osm-overpass/*.json")
	total, bad := 0, 0
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		in := bufio.NewScanner(f)
		in.Buffer(nil, 64<<20)
		for in.Scan() {
			for _, part := range strings.Split(in.Text(), `"opening_hours":`)[1:] {
				text, ok := strings.CutPrefix(strings.TrimSpace(part), `"`)
				text, _, _ = strings.Cut(text, `"`)
				if !ok || strings.HasSuffix(text, `\`) {
					continue
				}
				total++
				if _, err := Parse(text); err != nil {
					bad++
					t.Logf("%s: %v", text, err)
				}
			}
		}
		f.Close()
	}
	if total == 0 {
		t.Skip("no places with opening hours in ../shared/data/poi/osm-overpass")
	}
	t.Logf("%d of %d refused", bad, total)
	if bad*5 > total {
		t.Errorf("%d of %d refused", bad, total)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"24/7", "Mo-Fr 08:00-12:00,14:00-18:00; PH off", `2026 Dec 24-Jan 6 Sa[1,-1] +1 day sunset-26:00+ || "x"`, "easter -2 days; week 1-53/2 Dec 25,26 off", "Mo 10:00-12:00/30"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			if !errors.Is(err, ErrSyntax) {
				t.Fatalf("error %v is no ErrSyntax", err)
			}
			return
		}
		now := time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC)
		if _, until := s.At(now, Calendar{}); !until.IsZero() && !until.After(now) {
			t.Fatalf("%q stays until %v", text, until)
		}
		if s.Words("de") == "" {
			t.Fatalf("%q has no words", text)
		}
	})
}

func Example() {
	s, err := Parse("Apr-Oct Tu-Su 10:00-18:00; Nov-Mar off")
	if err != nil {
		fmt.Println(err)
		return
	}
	state, until := s.At(time.Date(2026, 5, 30, 16, 0, 0, 0, time.UTC), Calendar{})
	fmt.Println(state == Open, until.Format("15:04"))
	fmt.Println(s.Words("sl"))
	// Output:
	// true 18:00
	// april – oktober torek–nedelja 10:00–18:00; november – marec zaprto
}
