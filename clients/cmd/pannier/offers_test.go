package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/tiles/feature"
)

func TestWriteFeatureInFull(t *testing.T) {
	var out bytes.Buffer
	a := &app{out: &out, languages: []string{"de"}}
	a.writeFeature(&feature.Feature{
		ID: "farm/1", Kind: feature.Route, Category: "route.bicycle", OpeningHours: "Mo-Fr nach Lust",
		Season:   []feature.Season{{From: "04", Until: "10-15"}},
		Price:    &feature.Price{From: 12.5, To: 30, Currency: "EUR", Per: "person"},
		Services: []string{"packed_lunch", "of_tomorrow"}, Products: []string{"honey"},
		Access: &feature.Access{Wheelchair: "limited", Aids: []string{"ramp"}, DoorCM: 90},
		Links:  []feature.WebLink{{Kind: "video", URL: "https://example.org/film"}},
		Tour: &feature.Tour{
			Form: "there_and_back", Ascent: 320, Descent: 300, Surfaces: map[string]int{"gravel": 20, "asphalt": 80},
			Stages:  []feature.Stage{{Names: map[string]string{"de": "Hin"}, Until: 9000}},
			Profile: &feature.HeightProfile{Step: 100, Heights: []int32{2000, 2700, 3500, 2350}},
		},
		Effect: &feature.Effect{Severity: "minor", Routes: []string{"a/1", "a/2"}},
	})
	for _, want := range []string{
		"open           Mo-Fr nach Lust", "season         04 to 10-15", "price          12.50 to 30.00 EUR per person", "services       Lunchpaket, of tomorrow",
		"products       Honig", "wheelchair     limited", "aids           Rampe", "door           90 cm", "video          https://example.org/film",
		"form           there and back", "climbs         320 m up, 300 m down", "surface        asphalt 80 %, gravel 20 %", "stage 1        Hin 9.0 km",
		"profile        ▁▄█▂ 200 to 350 m",
		"severity       minor", "routes         a/1, a/2",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestProfile(t *testing.T) {
	long := make([]int32, 199)
	for i := range long {
		long[i] = int32(i * 10)
	}
	got := profile(&feature.HeightProfile{Step: 10, Heights: long})
	if bars, words, _ := strings.Cut(got, " "); len([]rune(bars)) != profileWidth || !strings.HasPrefix(bars, "▁") || !strings.HasSuffix(bars, "█") || words != "0 to 198 m" {
		t.Errorf("a slope is %q", got)
	}
	if got := profile(&feature.HeightProfile{Step: 10, Heights: []int32{-30, -30}}); got != "▁▁ -3 to -3 m" {
		t.Errorf("a polder is %q", got)
	}
	if got := profile(&feature.HeightProfile{Step: 10, Heights: []int32{-200000, 200000}}); got != "▁█ -20000 to 20000 m" {
		t.Errorf("the limits are %q", got)
	}
}

func TestOpening(t *testing.T) {
	a := &app{languages: []string{"sl"}}
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) // a Monday
	for text, want := range map[string]string{
		"Mo-Fr 08:00-18:00": "ponedeljek–petek 08:00–18:00 (open now, until 18:00)",
		"Sa 08:00-18:00":    "sobota 08:00–18:00 (closed now, until 08:00 on 28 November)",
		"24/7":              "odprto neprekinjeno (open now)",
		"sunrise-sunset":    "sončni vzhod – sončni zahod",
		"na željo":          "na željo",
	} {
		if got := a.opening(text, now); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
