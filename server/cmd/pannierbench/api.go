package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"
)

// APIReport is what a run of the write API finds.
type APIReport struct {
	Date     time.Time `json:"date"`
	Machine  Machine   `json:"machine"`
	Revision string    `json:"revision,omitempty"`
	Features int       `json:"features"` // that are imported
	Rows     []APIRow  `json:"rows"`
	Absent   []string  `json:"absent,omitempty"`
}

// APIRow is one figure.
type APIRow struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Most is the target that the value must not exceed, 0 for none.
	Most float64 `json:"most,omitempty"`
	Note string  `json:"note,omitempty"`
}

// apiBench is one run against one server.
type apiBench struct {
	*bench
	*apiServer
	report   *APIReport
	features int
	span     time.Duration // of each load
	bombs    bool
}

// add notes a figure, and tells it.
func (a *apiBench) add(name string, value float64, unit, note string) {
	a.report.Rows = append(a.report.Rows, APIRow{Name: name, Value: value, Unit: unit, Note: note})
	say("%-52s %10.4g %s", name, value, unit)
}

// target sets what the figure noted last must not exceed.
func (a *apiBench) target(most float64) { a.report.Rows[len(a.report.Rows)-1].Most = most }

// memory notes the most memory that the server had since it was asked last.
func (a *apiBench) memory(while string) {
	if n := a.peak(); n > 0 {
		a.add("server's peak memory, "+while, float64(n>>20), "MiB", "")
	}
}

func runAPI(ctx context.Context, args []string) (err error) {
	b := &bench{}
	a := &apiBench{bench: b}
	flags := flag.NewFlagSet("pannierbench api", flag.ContinueOnError)
	out := b.flags(flags, "out/bench-api.json")
	flags.IntVar(&a.features, "features", 50_000, "features that are imported, at most 50,000")
	flags.DurationVar(&a.span, "span", 4*time.Second, "how long each load lasts")
	flags.BoolVar(&a.bombs, "bombs", true, "upload files that unpack to gigabytes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	done, err := b.start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	a.report = &APIReport{Date: b.report.Date, Machine: b.report.Machine, Revision: b.report.Revision, Features: a.features}
	if a.apiServer, err = b.startServer(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.stop()) }()
	for _, step := range []func(context.Context) error{a.baselines, a.explode, a.writes, a.reads, a.imports, a.lists, a.publishes} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	a.report.Absent = b.report.Absent
	a.print(os.Stdout)
	return writeReport(*out, a.report)
}

func (a *apiBench) print(w io.Writer) {
	fmt.Fprintf(w, "\nThe write API, %s, %d cores, %s\n\n", a.report.Machine.CPU, a.report.Machine.Cores, a.report.Date.Format(time.DateOnly))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range a.report.Rows {
		verdict := ""
		if r.Most > 0 {
			verdict = fmt.Sprintf("at most %.4g: missed", r.Most)
			if r.Value <= r.Most {
				verdict = fmt.Sprintf("at most %.4g: met", r.Most)
			}
		}
		fmt.Fprintf(table, "%s\t%.4g\t%s\t%s\t%s\n", r.Name, r.Value, r.Unit, verdict, r.Note)
	}
	table.Flush()
	for _, line := range a.report.Absent {
		fmt.Fprintln(w, line)
	}
}

// temporary returns the path of a file of the run's own.
func (a *apiBench) temporary(name string) string { return filepath.Join(a.temp, name) }
