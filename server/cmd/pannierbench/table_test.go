package main

import (
	"strings"
	"testing"
)

func containsAll(s string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}

func TestPrint(t *testing.T) {
	r := Report{
		Runs: 3,
		Builds: []Build{{
			Region: "andorra", Steps: []Step{{Name: "import", Median: Usage{1.25, 2.5, 64 << 20}}},
			Content: Content{Tiles: 1234, Bundle: 5678901},
		}},
		Updates: []Update{{Name: "one day", Cells: 2, Delta: 300, Peers: map[string]int64{"zstd": 400, "bsdiff": 200}}},
		Absent:  []string{"xdelta3: not installed"},
	}
	var b strings.Builder
	if err := r.print(&b); err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]string)
	for line := range strings.Lines(b.String()) {
		fields := strings.Fields(line)
		if len(fields) > 1 {
			rows[fields[0]+" "+fields[1]] = strings.Join(fields, " ")
		}
	}
	for row, want := range map[string]string{
		"andorra import": "andorra import 1.25 2.50 64",
		"andorra 0":      "andorra 0 1,234 0 0 0 0 0 0 0 0 5,678,901",
		"one day":        "one day 2 300 0 0 0 400 200 - 1.50 - - -",
	} {
		if got := rows[row]; got != want {
			t.Errorf("row %q:\n got %q\nwant %q", row, got, want)
		}
	}
	if !strings.Contains(b.String(), "\nAbsent: xdelta3: not installed\n") {
		t.Error("what is absent is not told")
	}
}
