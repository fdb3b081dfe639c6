package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"
)

// printSyncs writes the rows of sync for people.
func (r *Report) printSyncs(w io.Writer) error {
	p := &printer{w: w}
	m := r.Machine
	p.line("pannierbench sync %s, revision %s", r.Date.Format(time.RFC3339), cmp.Or(r.Revision, "unknown"))
	p.line("%s, %d cores, %.0f GiB, %s, %s", cmp.Or(m.CPU, "unknown CPU"), m.Cores, float64(m.Memory)/(1<<30), m.OS, m.Go)
	p.ours(r)
	p.theirs(r.Syncs)
	p.ratios(r.Syncs)
	p.targets(r.Targets)
	for _, s := range r.Syncs {
		for _, peer := range s.Peers {
			if peer.Wrong != "" {
				p.line("WRONG: %s, %s on %s, tried %d times: %s", s.Name, peer.Name, peer.On, max(peer.Tries, 1), peer.Wrong)
			}
		}
	}
	for _, line := range r.Absent {
		p.line("Absent: %s", line)
	}
	return p.err
}

func (p *printer) ours(r *Report) {
	rows := [][]string{{"Liechtenstein, unless it says otherwise", "wire B", "sent", "received", "requests", "delta B", "its manifest", "features", "tiles", "cells", "first pull B", "apply s", "peak MiB", "publish s", "decode MB/s"}}
	for _, s := range r.Syncs {
		row := append(numbers(s.Name, s.Wire(), s.Sent, s.Received, s.Requests), count(s.Delta), count(s.Manifest), count(s.Features), count(s.Tiles), fmt.Sprint(s.Cells), count(s.Full))
		took := usage(s.Apply.Median)
		row = append(row, took[0], took[2])
		if s.Publish == nil {
			row = append(row, "-", "-")
		} else {
			row = append(row, fmt.Sprintf("%.2f", s.Work), fmt.Sprintf("%.0f", s.Decode/1e6))
		}
		rows = append(rows, row)
	}
	p.line("\nOURS. `pannier update` from a `pannierd serve` over loopback: all bytes of its TCP connections, both ways, with the headers of HTTP.")
	p.line("delta: the published object alone, of those. first pull: the new version on an empty device, on the wire. apply: the client's whole process,")
	p.line("median of %d. publish: from the request to the signed head, in a serving daemon. decode: the delta's segments to checked cells, one core.", r.Runs)
	p.table(rows)
}

// theirs writes a column for each peer and what it works on.
func (p *printer) theirs(syncs []Sync) {
	type column struct{ name, on string }
	var columns []column
	for _, s := range syncs {
		for _, peer := range s.Peers {
			c := column{peer.Name, onRawOr(peer.On)}
			if !slices.Contains(columns, c) {
				columns = append(columns, c)
			}
		}
	}
	short := map[string]string{onRaw: "raw", onPMTiles: "PMTiles", onMBTiles: "MBTiles"}
	head := []string{"bytes"}
	for _, c := range columns {
		head = append(head, c.name+" "+short[c.on])
	}
	rows := [][]string{append(head, "changes")}
	for _, s := range syncs {
		row := []string{s.Name}
		for _, c := range columns {
			text := "-"
			for _, peer := range s.Peers {
				if peer.Name == c.name && onRawOr(peer.On) == c.on {
					text = count(peer.Bytes)
					if peer.Wrong != "" {
						text += " WRONG"
					}
				}
			}
			row = append(row, text)
		}
		rows = append(rows, append(row, s.changes()))
	}
	p.line("\nPEERS, on our own content as the device held it before and after. zstd, bsdiff and xdelta3: the patch alone; it carries no request, header, hash or signature,")
	p.line("while ours is everything on the wire. raw: the tiles uncompressed in a row, and the features' records behind them where features change.")
	p.line("PMTiles and MBTiles: the exported archives, which hold no features: where only features change, they stay the same and what is moved is overhead alone.")
	p.line("zsync, casync and go-pmtiles: all bytes of their connections, counted as ours. rsync -z: what it says it sent and received, without HTTP.")
	p.line("go-pmtiles %s is run until its result is right, %d times at most, and is answered in parts where it asks for one range, since it fails otherwise.", goPMTilesVersion, goPMTilesTries)
	p.table(rows)
}

// onRawOr takes raw content with and without features for one.
func onRawOr(on string) string {
	if on == onRows {
		return onRaw
	}
	return on
}

// changes says what changes in a row.
func (s Sync) changes() string {
	switch {
	case s.TilesChanged && s.FeaturesChanged:
		return "tiles and features"
	case s.TilesChanged:
		return "tiles"
	case s.FeaturesChanged:
		return "features"
	}
	return "nothing"
}

func (p *printer) ratios(syncs []Sync) {
	rows := [][]string{{"ours on the wire ÷", "best peer", "go-pmtiles sync", "bsdiff raw", "delta alone ÷ bsdiff raw", "delta alone ÷ best peer", "the best peer is"}}
	for _, s := range syncs {
		row := []string{s.Name, "-", "-", "-", "-", "-", "-"}
		if best, ok := s.best(); ok {
			row[1], row[5], row[6] = ratio(s.Wire(), best.Bytes), ratio(s.Delta, best.Bytes), best.Name+" on "+best.On
		}
		if peer, ok := s.peer(goPMTilesName, onPMTiles); ok {
			row[2] = ratio(s.Wire(), peer.Bytes)
			if !s.TilesChanged {
				row[2] = "(" + row[2] + ")"
			}
		}
		if peer, ok := s.peer("bsdiff", s.raw()); ok {
			row[3], row[4] = ratio(s.Wire(), peer.Bytes), ratio(s.Delta, peer.Bytes)
		}
		rows = append(rows, row)
	}
	p.line("\nRATIOS. best peer: of those with a right result whose content holds the change. In brackets: the peer's archive does not change.")
	p.table(rows)
}

func ratio(a, b int64) string { return fmt.Sprintf("%.4f", float64(a)/float64(b)) }

func (p *printer) targets(targets []Target) {
	rows := [][]string{{"target", "got", "limit", "", "note"}}
	for _, t := range targets {
		verdict := "NOT MET"
		if t.Met {
			verdict = "met"
		}
		rows = append(rows, []string{t.Row + ": " + t.Promise, fmt.Sprintf("%.4g", t.Got), fmt.Sprintf("%.4g", t.Limit), verdict, t.Note})
	}
	p.line("\nTARGETS")
	p.table(rows)
	p.line("")
}
