package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// table prints the figures; where there are two servers, with their ratio.
func table(w io.Writer, all []serverFigures) {
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "what\tserver\tclients\treq/s\tMB/s\tp50 ms\tp99 ms\terrors\tserver's cores\tits memory\t÷ nginx\t")
	if len(all) > 0 {
		for _, f := range all[0].Figures {
			for _, s := range all {
				if g, ok := s.find(f.Name); ok {
					g.row(t, s.Server, ratio(all, s, g))
				}
			}
		}
		for _, s := range all[1:] {
			for _, f := range s.Figures {
				if _, ok := all[0].find(f.Name); !ok {
					f.row(t, s.Server, "")
				}
			}
		}
	}
	t.Flush()
	for _, s := range all {
		if s.Idle > 0 {
			fmt.Fprintf(w, "%s: %d idle connections take its memory from %s to %s\n", s.Server, s.Idle, mib(s.RSSBefore), mib(s.RSSAfter))
		}
		for _, f := range s.Figures {
			if f.FirstError != "" {
				fmt.Fprintf(w, "%s: %s: %s\n", s.Server, f.Name, f.FirstError)
			}
		}
	}
}

func (s serverFigures) find(name string) (figures, bool) {
	for _, f := range s.Figures {
		if f.Name == name {
			return f, true
		}
	}
	return figures{}, false
}

func (f figures) row(w io.Writer, server, ratio string) {
	fmt.Fprintf(w, "%s\t%s\t%d\t%.0f\t%.1f\t%.2f\t%.2f\t%d\t%.2f\t%s\t%s\t\n", f.Name, server, f.Clients, f.PerSecond, f.MBPerS,
		f.P50.Seconds()*1e3, f.P99.Seconds()*1e3, f.Errors, f.CPU, mib(f.RSS), ratio)
}

// ratio compares requests per second with those of nginx.
func ratio(all []serverFigures, of serverFigures, f figures) string {
	for _, s := range all {
		if g, ok := s.find(f.Name); ok && s.Server == "nginx" && of.Server != "nginx" && g.PerSecond > 0 {
			return fmt.Sprintf("%.2f", f.PerSecond/g.PerSecond)
		}
	}
	return ""
}

func mib(n int64) string {
	if n == 0 {
		return "?"
	}
	return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
}
