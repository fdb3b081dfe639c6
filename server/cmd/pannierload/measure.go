package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// figures are what one measurement gave.
type figures struct {
	Name       string        `json:"name"`
	Clients    int           `json:"clients"`
	Requests   int           `json:"requests"`
	Errors     int           `json:"errors"`
	FirstError string        `json:"first_error,omitempty"`
	PerSecond  float64       `json:"per_second"`
	MBPerS     float64       `json:"mb_per_second"` // of bodies
	P50        time.Duration `json:"p50_ns"`
	P99        time.Duration `json:"p99_ns"`
	CPU        float64       `json:"server_cores"` // busy on average
	RSS        int64         `json:"server_rss"`   // at the end
}

// serverFigures are all figures of one server.
type serverFigures struct {
	Server  string    `json:"server"`
	Figures []figures `json:"figures"`
	// Memory before and with the idle connections.
	Idle                int   `json:"idle_connections"`
	RSSBefore, RSSAfter int64 `json:",omitempty"`
}

// client is one connection's tally.
type client struct {
	took   []time.Duration
	bytes  int64
	errors int
	first  error
}

// measure runs all measurements on a server.
func (l load) measure(ctx context.Context, r running) (serverFigures, error) {
	out := serverFigures{Server: r.name}
	host := strings.TrimSuffix(strings.TrimPrefix(r.url, "http://"), "/")
	q, err := learn(ctx, host)
	if err != nil {
		return out, fmt.Errorf("%s: %w", r.name, err)
	}
	fast := func(requests []request) func() (request, time.Duration) {
		return func() (request, time.Duration) { return requests[rand.IntN(len(requests))], 0 }
	}
	for _, kind := range [][]request{q.polled, q.updatePolled, q.head, q.update, q.deltas, q.blobs, q.ranges} {
		if len(kind) == 0 {
			continue
		}
		f, err := l.clients(ctx, r, host, kind[0].name, l.Connections, fast(kind))
		if err != nil {
			return out, err
		}
		out.Figures = append(out.Figures, f)
	}
	if l.Phones > 0 {
		f, err := l.clients(ctx, r, host, "release day", l.Phones, l.phone(q))
		if err != nil {
			return out, err
		}
		out.Figures = append(out.Figures, f)
	}
	if l.Idle > 0 {
		if err := l.idle(ctx, r, host, q.polled[0], &out); err != nil {
			return out, err
		}
	}
	return out, nil
}

// phone draws what a phone asks for, and how long it waits before: any time up
// to twice the mean (full jitter). Most find nothing new.
func (l load) phone(q *requests) func() (request, time.Duration) {
	unchanged, changed := q.updatePolled, q.update
	if len(unchanged) == 0 {
		unchanged, changed = q.polled, q.deltas
	}
	return func() (request, time.Duration) {
		kind := unchanged
		switch n := rand.IntN(100); {
		case n < 15:
			kind = changed
		case n < 22:
			kind = q.blobs
		case n < 25 && len(q.ranges) > 0:
			kind = q.ranges
		}
		return kind[rand.IntN(len(kind))], rand.N(2 * l.Every)
	}
}

// clients runs so many clients at once, each on a connection of its own.
func (l load) clients(ctx context.Context, r running, host, name string, count int, next func() (request, time.Duration)) (figures, error) {
	say("%s: %s, %d clients", r.name, name, count)
	connections, err := dialAll(ctx, host, count, 32<<10)
	defer closeAll(connections)
	if err != nil {
		return figures{}, err
	}
	tallies := make([]client, count)
	before, start := r.usage(), time.Now()
	end := start.Add(l.Duration)
	var wg sync.WaitGroup
	for i, c := range connections {
		wg.Go(func() { tallies[i].run(ctx, host, c, end, next) })
	}
	wg.Wait()
	seconds := time.Since(start).Seconds()
	after := r.usage()

	f := figures{Name: name, Clients: count, RSS: after.rss, CPU: (after.cpu - before.cpu).Seconds() / seconds}
	var took []time.Duration
	var bytes int64
	for _, t := range tallies {
		took = append(took, t.took...)
		bytes += t.bytes
		f.Errors += t.errors
		if t.first != nil && f.FirstError == "" {
			f.FirstError = t.first.Error()
		}
	}
	slices.Sort(took)
	f.Requests = len(took)
	f.PerSecond, f.MBPerS = float64(len(took))/seconds, float64(bytes)/1e6/seconds
	f.P50, f.P99 = percentile(took, 50), percentile(took, 99)
	return f, ctx.Err()
}

// run asks until the end. A connection that broke is made anew.
func (t *client) run(ctx context.Context, host string, c *conn, end time.Time, next func() (request, time.Duration)) {
	defer func() { c.Close() }()
	for {
		q, wait := next()
		if wait > 0 {
			select {
			case <-time.After(min(wait, time.Until(end))):
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil || !time.Now().Before(end) {
			return
		}
		start := time.Now()
		_, n, _, err := c.do(q, false)
		if err == nil {
			t.took = append(t.took, time.Since(start))
			t.bytes += n
			continue
		}
		t.errors++
		if t.first == nil {
			t.first = err
		}
		c.Close()
		again, err := dial(ctx, host, 32<<10)
		if err != nil {
			return
		}
		c = again
	}
}

// idle holds connections that did one request each and then nothing.
func (l load) idle(ctx context.Context, r running, host string, q request, out *serverFigures) error {
	say("%s: %d idle connections", r.name, l.Idle)
	out.RSSBefore = r.usage().rss
	connections, err := dialAll(ctx, host, l.Idle, 512)
	defer closeAll(connections)
	if err != nil {
		return err
	}
	for round := range 2 { // they all answer, and once more after a while
		for i, c := range connections {
			if _, _, _, err := c.do(q, false); err != nil {
				return fmt.Errorf("idle connection %d of %d: %w", i, len(connections), err)
			}
		}
		if round == 0 {
			select {
			case <-time.After(l.Duration):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	out.Idle, out.RSSAfter = len(connections), r.usage().rss
	return nil
}

// dialAll makes connections, some at a time.
func dialAll(ctx context.Context, host string, count, buffer int) ([]*conn, error) {
	all := make([]*conn, 0, count)
	for range count {
		c, err := dial(ctx, host, buffer)
		if err != nil {
			return all, errors.Join(err, ctx.Err())
		}
		all = append(all, c)
	}
	return all, nil
}

func closeAll(all []*conn) {
	for _, c := range all {
		c.Close()
	}
}

// percentile returns the smallest of the sorted times that p percent do not exceed.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}
