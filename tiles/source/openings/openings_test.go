package openings

import "testing"

func on(days ...int) (set [7]bool) {
	for _, d := range days {
		set[d] = true
	}
	return set
}

func TestFormat(t *testing.T) {
	workdays, weekend := on(0, 1, 2, 3, 4), on(5, 6)
	for _, test := range []struct {
		name  string
		rules []Rule
		want  string
	}{
		{"none", nil, ""},
		{"week", []Rule{{Days: workdays, Opens: "08:00", Closes: "12:00:00"}, {Days: workdays, Opens: "13:00", Closes: "17:00"}, {Days: weekend, Opens: "9:00", Closes: "12:00"}},
			"Mo-Fr 08:00-12:00,13:00-17:00; Sa,Su 09:00-12:00"},
		{"always", []Rule{{Opens: "00:00", Closes: "23:59"}}, "24/7"},
		{"each day", []Rule{{Opens: "10:00", Closes: "00:00"}}, "10:00-24:00"},
		{"over midnight", []Rule{{Days: on(4), Opens: "18:00", Closes: "02:00"}}, "Fr 18:00-02:00"},
		{"closed", []Rule{{Days: on(0), Opens: "00:00", Closes: "00:00"}, {Days: on(1), Opens: "08:00", Closes: "09:00"}}, "Mo off; Tu 08:00-09:00"},
		{"holidays", []Rule{{Days: on(0, 2, 6), Holidays: true, Opens: "08:00", Closes: "09:00"}}, "Mo,We,Su,PH 08:00-09:00"},
		{"open end", []Rule{{Days: on(0), Opens: "18:00"}}, "Mo 18:00+"},
		{"spans", []Rule{
			{Days: on(4), From: "2024-07-01", Until: "2024-08-31", Opens: "16:30", Closes: "18:00"},
			{Days: on(0), Opens: "08:00", Closes: "09:00"},
			{From: "2025-01-01", Until: "2025-12-31", Opens: "08:00", Closes: "10:00"},
			{From: "2024-12-24", Until: "2024-12-24"},
		}, "Mo 08:00-09:00; 2024 Jul 01-2024 Aug 31 Fr 16:30-18:00; 2024 Dec 24 off; 2025 08:00-10:00"},
	} {
		got, whole := Format(test.rules, 1000)
		if got != test.want || !whole {
			t.Errorf("%s: %q, %v, want %q", test.name, got, whole, test.want)
		}
		if got != "" && !Written(got) {
			t.Errorf("%s: %q does not look as it should", test.name, got)
		}
	}
	got, whole := Format([]Rule{
		{From: "2024-01-01", Until: "2024-12-31", Opens: "08:00", Closes: "09:00"}, {From: "2025-01-01", Until: "2025-12-31", Opens: "08:00", Closes: "10:00"},
	}, 20)
	if got != "2025 08:00-10:00" || whole {
		t.Errorf("in 20 bytes: %q, %v", got, whole)
	}
}

func TestWritten(t *testing.T) {
	for text, want := range map[string]bool{
		"Mo-Fr 08:00-18:00; PH off": true, "24/7": true, `Apr-Oct: Sa,Su 10:00-17:00 "by phone"`: true, "sunrise-sunset": true,
		"": false, "by appointment": false, "pon-pet 8-16": false, "täglich 8:00": false, "Mo": false,
	} {
		if Written(text) != want {
			t.Errorf("Written(%q) = %v", text, !want)
		}
	}
}

func FuzzFormat(f *testing.F) {
	f.Add("08:00", "2024-07-01T18:00:00", "2024-07-01", "2024-08-31", uint8(5), true)
	f.Add("", "0:00", "x", "2024-02-30", uint8(0), false)
	f.Fuzz(func(t *testing.T, opens, closes, from, until string, days uint8, holidays bool) {
		r := Rule{Holidays: holidays, Opens: opens, Closes: closes, From: Day(from), Until: Day(until)}
		for d := range r.Days {
			r.Days[d] = days>>d&1 > 0
		}
		if text, _ := Format([]Rule{r, {Opens: "08:00", Closes: "12:00"}}, 500); len(text) > 500 || !Written(text) {
			t.Errorf("%+v: %q", r, text)
		}
	})
}
