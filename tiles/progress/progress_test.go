package progress

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// step is a call of Report after some time; a step without a name is Done.
type step struct {
	after       time.Duration
	name        string
	done, total int64
}

func run(terminal bool, unit Unit, steps []step) string {
	var b bytes.Buffer
	m := New(&b, unit)
	now := time.Unix(1_700_000_000, 0)
	m.terminal, m.now = terminal, func() time.Time { return now }
	for _, s := range steps {
		now = now.Add(s.after)
		if s.name == "" {
			m.Done()
			continue
		}
		m.Report(s.name, s.done, s.total)
	}
	return b.String()
}

func TestMeter(t *testing.T) {
	tests := []struct {
		name     string
		terminal bool
		unit     Unit
		steps    []step
		want     string
	}{
		{"plain", false, Counts, []step{
			{0, "read ways", 1, 40000}, {interval - 1, "read ways", 10000, 40000}, {1, "read ways", 20000, 40000},
			{0, "read ways", 40000, 40000}, {interval, "read ways", 39000, 40000}, {},
		}, "read ways: 50 %, 20,000 of 40,000\nread ways: 100 %, 40,000 of 40,000\n"},
		{"two stages at once", false, Counts, []step{
			{0, "a", 1, 4}, {0, "b", 1, 0}, {time.Second, "a", 2, 4}, {0, "b", 2, 0}, {},
		}, "a: 50 %, 2 of 4\nb: 2\n"},
		{"late reports do not lead back", false, Bytes, []step{
			{0, "fetch", 2_500_000, 5_000_000}, {interval, "fetch", 1, 5_000_000}, {},
		}, "fetch: 50 %, 2.5 MB of 5.0 MB\n"},
		{"more than all", false, Counts, []step{{0, "a", 5, 4}, {}}, "a: 100 %, 5 of 4\n"},
		{"nothing", false, Counts, []step{{}}, ""},
		{"nothing to do", false, Counts, []step{{0, "deltas", 0, 0}, {}}, ""},
		{"again", false, Counts, []step{{0, "a", 4, 4}, {}, {0, "a", 4, 4}, {}}, "a: 100 %, 4 of 4\na: 100 %, 4 of 4\n"},
		{"terminal", true, Counts, []step{
			{0, "tiles", 500, 1000}, {redraw - 1, "tiles", 600, 1000}, {1, "tiles", 750, 1000}, {0, "tiles", 1000, 1000},
		}, "\rtiles: [============            ] 50 %, 500 of 1,000" +
			"\rtiles: [==================      ] 75 %, 750 of 1,000" +
			"\rtiles: [========================] 100 %, 1,000 of 1,000\n"},
		{"terminal, shorter line", true, Counts, []step{
			{0, "read relations", 1, 0}, {redraw, "sort", 1, 0}, {},
		}, "\rread relations: 1\rsort: 1          \rread relations: 1\n\rsort: 1\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := run(test.terminal, test.unit, test.steps); got != test.want {
				t.Errorf("got\n%q\nwant\n%q", got, test.want)
			}
		})
	}
}

func TestAmount(t *testing.T) {
	tests := []struct {
		unit Unit
		n    int64
		want string
	}{
		{Counts, 0, "0"}, {Counts, 999, "999"}, {Counts, 1000, "1,000"}, {Counts, 1234567, "1,234,567"},
		{Counts, -100, "-100"}, {Counts, -1000, "-1,000"},
		{Bytes, 0, "0 B"}, {Bytes, 999, "999 B"}, {Bytes, 1000, "1.0 kB"}, {Bytes, 999_949, "999.9 kB"},
		{Bytes, 999_950, "1.0 MB"}, {Bytes, 2_600_000_000, "2.6 GB"}, {Bytes, 1 << 60, "1152921.5 TB"},
	}
	for _, test := range tests {
		if got := (&Meter{unit: test.unit}).amount(test.n); got != test.want {
			t.Errorf("amount(%d) = %q, want %q", test.n, got, test.want)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	var b bytes.Buffer
	m := New(&b, Counts)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range int64(1000) {
				m.Report(fmt.Sprint("stage ", i%2), n+1, 1000)
			}
		})
	}
	wg.Wait()
	m.Done()
	if got := strings.Count(b.String(), "100 %"); got != 2 {
		t.Errorf("%d last lines, want 2:\n%s", got, &b)
	}
}

func BenchmarkReport(b *testing.B) {
	m := New(&bytes.Buffer{}, Bytes)
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		m.Report("copy", i, 1<<60)
	}
}

func Example() {
	m := New(os.Stdout, Bytes)
	for done := int64(0); done < 3_000_000; done += 1_000_000 {
		m.Report("copy", done+1_000_000, 3_000_000)
	}
	m.Done()
	// Output:
	// copy: 100 %, 3.0 MB of 3.0 MB
}
