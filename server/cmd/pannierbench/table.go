package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pannier-maps/pannier/tiles/progress"
)

// print writes the report for people.
func (r *Report) print(w io.Writer) error {
	p := &printer{w: w}
	m := r.Machine
	p.line("pannierbench %s, revision %s", r.Date.Format(time.RFC3339), cmp.Or(r.Revision, "unknown"))
	p.line("%s, %d cores, %.0f GiB, %s, %s", cmp.Or(m.CPU, "unknown CPU"), m.Cores, float64(m.Memory)/(1<<30), m.OS, m.Go)
	if len(r.Builds) > 0 {
		p.builds(r)
		p.layers(r.Builds)
	}
	if len(r.Repeats) > 0 {
		p.repeats(r.Repeats)
	}
	if len(r.Days) > 0 {
		p.days(r.Days)
	}
	if len(r.Updates) > 0 {
		p.updates(r.Updates)
	}
	if len(r.Targets) > 0 {
		p.targets(r.Targets)
	}
	if len(r.Absent) > 0 {
		p.line("")
	}
	for _, line := range r.Absent {
		p.line("Absent: %s", line)
	}
	return p.err
}

// printer keeps the first error of writing.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if _, err := fmt.Fprintf(p.w, format+"\n", args...); p.err == nil {
		p.err = err
	}
}

// table writes rows in columns, the first to the left, the others to the right.
func (p *printer) table(rows [][]string) {
	widest := 0
	for _, row := range rows {
		widest = max(widest, len(row[0]))
	}
	t := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range rows {
		fmt.Fprintf(t, "%-*s\t%s\t\n", widest, row[0], strings.Join(row[1:], "\t"))
	}
	if err := t.Flush(); p.err == nil {
		p.err = err
	}
}

func (p *printer) updates(updates []Update) {
	head := []string{"Liechtenstein", "cells", "delta B", "manifest", "features", "tiles"}
	for _, peer := range peers {
		head = append(head, peer.program+" B")
	}
	rows := [][]string{append(head, "ours÷best", "full B", "import s", "publish s")}
	for _, u := range updates {
		row := numbers(u.Name, int64(u.Cells), u.Delta, u.Manifest, u.Features, u.Tiles)
		for _, peer := range peers {
			row = append(row, count(u.Peers[peer.program]))
		}
		ratio := "-"
		if best := u.best(); best > 0 {
			ratio = fmt.Sprintf("%.2f", float64(u.Delta)/float64(best))
		}
		row = append(row, ratio, count(u.Full))
		for _, took := range []*Usage{u.Import, u.Publish} {
			if took == nil {
				row = append(row, "-")
				continue
			}
			row = append(row, fmt.Sprintf("%.2f", took.WallSeconds))
		}
		rows = append(rows, row)
	}
	p.line("\nUPDATES. Ours: the whole delta, with the new manifest (and its SHA-256 of each cell); independent segments, one for each changed cell.")
	p.line("Peers: one patch between all cells' uncompressed bytes, in a row and in the order of their keys; no manifest, no hashes, nothing fetched in part.")
	var calls []string
	for _, peer := range peers {
		calls = append(calls, peer.what)
	}
	p.line("Peers are called as: %s. full: a first download of the new version. Seconds are of one run.", strings.Join(calls, "; "))
	p.table(rows)
}

func usage(u Usage) []string {
	peak := "-"
	if u.PeakBytes > 0 {
		peak = fmt.Sprintf("%.0f", float64(u.PeakBytes)/(1<<20))
	}
	return []string{fmt.Sprintf("%.2f", u.WallSeconds), fmt.Sprintf("%.2f", u.CPUSeconds), peak}
}

func numbers(name string, values ...int64) []string {
	row := []string{name}
	for _, v := range values {
		row = append(row, progress.FormatCount(v))
	}
	return row
}

// count writes a number, or a dash for one that was not measured.
func count(n int64) string {
	if n == 0 {
		return "-"
	}
	return progress.FormatCount(n)
}
