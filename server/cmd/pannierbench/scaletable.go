package main

import (
	"cmp"
	"fmt"
	"io"
	"time"
)

// growth is how much more a megabyte may cost in the largest extract than in that
// of a tenth or so, for the cost to be called linear.
const growth = 1.25

// print writes the report for people.
func (r *ScaleReport) print(w io.Writer) error {
	p := &printer{w: w}
	m := r.Machine
	p.line("\npannierbench scale %s, revision %s", r.Date.Format(time.RFC3339), cmp.Or(r.Revision, "unknown"))
	p.line("%s, %d cores, %.0f GiB, %s, %s", cmp.Or(m.CPU, "unknown CPU"), m.Cores, float64(m.Memory)/(1<<30), m.OS, m.Go)
	setting := "the program's own settings of memory"
	if r.Memory > 0 {
		setting = fmt.Sprintf("--memory=%d", r.Memory>>20)
	}
	p.line("Mosaics of %s. Each step once, a process of its own, %s; import + publish.", r.Extract, setting)
	p.line("disk at most: with the extract and temporary files. MB are 10^6 bytes.")
	rows := [][]string{{"extract MB", "copies", "CPU s", "CPU s/MB", "wall s", "peak MiB", "base MB", "site MB", "disk at most MB", "disk/extract", "cells", "largest cell MB", "POIs"}}
	mb := func(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1e6) }
	for _, s := range r.Rows {
		rows = append(rows, []string{
			mb(s.Bytes), count(int64(s.Copies)), field("%.1f", s.Import.CPUSeconds, s.Publish.CPUSeconds), fmt.Sprintf("%.2f", s.perMB(s.cpu())),
			field("%.1f", s.Import.WallSeconds, s.Publish.WallSeconds), field("%.0f", float64(s.Import.PeakBytes)/(1<<20), float64(s.Publish.PeakBytes)/(1<<20)),
			mb(s.Base), mb(s.Site), mb(s.Disk), fmt.Sprintf("%.1f", float64(s.Disk)/float64(s.Bytes)), count(int64(s.Cells)), mb(s.Cell), count(int64(s.POIs)),
		})
	}
	p.table(rows)
	if n := len(r.Rows); n > 2 {
		// The smallest is left out: what does not grow weighs in it.
		a, b := r.Rows[1], r.Rows[n-1]
		ratio := b.perMB(b.cpu()) / a.perMB(a.cpu())
		verdict := "not linear"
		if ratio <= growth {
			verdict = "linear"
		}
		p.line("\nA megabyte of the largest takes %.2f times the CPU of one of the %.0f MB extract (at most %.2f: %s); peaks of memory are %.2f (import) and %.2f (publish) times as high.",
			ratio, float64(a.Bytes)/1e6, growth, verdict, over(b.Import.PeakBytes, a.Import.PeakBytes), over(b.Publish.PeakBytes, a.Publish.PeakBytes))
	}
	return p.err
}

func over(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
