package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Where the features lie: 150 by 130 km around Andorra, as a touristic region is
// large, 500 to a cell.
const west, south, width, height = 0.5, 42.0, 2.0, 1.2

// place returns where the n-th of some features lies.
func place(n, of int) (lon, lat float64) {
	side := int(math.Ceil(math.Sqrt(float64(of))))
	return west + width*float64(n%side)/float64(side), south + height*float64(n/side%side)/float64(side)
}

// record is a feature as large as those that providers keep.
func record(id string, n int) string {
	lon, lat := place(n, 50_000)
	return fmt.Sprintf(`{"id":%q,"kind":"poi","category":"food.restaurant","geometry":{"type":"Point","coordinates":[%.6f,%.6f]},`+
		`"names":{"ca":"Restaurant %d","es":"Restaurante %d","en":"Restaurant %d"},"descriptions":{"en":%q},"contact":{"phone":"+376 %06d","website":"https://maps.example/%d"},`+
		`"address":{"street":"Carrer Major","number":"%d","place":"Andorra la Vella","country":"AD"},"opening_hours":"Mo-Su 08:00-22:00","provenance":{"licence":"CC-BY-4.0"}}`,
		id, lon, lat, n, n, n, fmt.Sprintf("House %d is open all year but in week %d, has %d rooms, %d places on the terrace, and a shed for %d bicycles. Breakfast is from %d:30, and the bus stops %d m from here.", n, n%52, n%23, n%57, n%19, 6+n%4, n%977), n%1_000_000, n, n%200)
}

// baselines writes records of that size durably without a server.
func (a *apiBench) baselines(ctx context.Context) error {
	data := []byte(record("inn/1", 1))
	f, err := os.Create(a.temporary("append"))
	if err != nil {
		return err
	}
	start, n := time.Now(), 0
	for ; time.Since(start) < a.span/2; n++ {
		if _, err := f.Write(data); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	a.add("baseline: append to a file, fsync each", float64(n)/time.Since(start).Seconds(), "/s", fmt.Sprintf("%d bytes each", len(data)))
	if err := f.Close(); err != nil {
		return err
	}
	if _, err := exec.LookPath("sqlite3"); err != nil {
		a.absent("baseline: SQLite: there is no program sqlite3")
		return nil
	}
	const rows = 2000
	var script strings.Builder
	script.WriteString("PRAGMA journal_mode=WAL;\nPRAGMA synchronous=FULL;\nCREATE TABLE f(id TEXT PRIMARY KEY, v TEXT);\n")
	for i := range rows {
		fmt.Fprintf(&script, "INSERT INTO f VALUES('inn/%d','%s');\n", i, record(fmt.Sprint("inn/", i), i))
	}
	cmd := exec.CommandContext(ctx, "sqlite3", a.temporary("base.sqlite"))
	cmd.Stdin = strings.NewReader(script.String())
	start = time.Now()
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("sqlite3: %w: %s", err, text)
	}
	a.add("baseline: sqlite3, WAL, synchronous=FULL, a row each", rows/time.Since(start).Seconds(), "/s", "no server, no history, no index")
	return nil
}

// load has workers do something for a while, and tells how often and how long.
func (a *apiBench) load(ctx context.Context, name string, workers int, do func(n int) error) error {
	ctx, cancel := context.WithTimeout(ctx, a.span)
	defer cancel()
	var count atomic.Int64
	var wg sync.WaitGroup
	times, errs := make([][]float64, workers), make([]error, workers)
	start := time.Now()
	for w := range workers {
		wg.Go(func() {
			for ctx.Err() == nil && errs[w] == nil {
				begin := time.Now()
				errs[w] = do(int(count.Add(1)))
				times[w] = append(times[w], time.Since(begin).Seconds())
			}
		})
	}
	wg.Wait()
	took := time.Since(start).Seconds()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	all := slices.Concat(times...)
	a.add(fmt.Sprintf("%s, %d at once", name, workers), float64(len(all))/took, "/s", quantiles(all))
	return nil
}

// quantile returns a value of sorted ones.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func quantiles(seconds []float64) string {
	slices.Sort(seconds)
	return fmt.Sprintf("p50 %.2f ms, p99 %.2f ms", 1e3*quantile(seconds, 0.5), 1e3*quantile(seconds, 0.99))
}

const featuresPath = "/v1/regions/" + apiRegion + "/features"

// writes creates features one by one, each durable before it is answered.
func (a *apiBench) writes(ctx context.Context) error {
	a.peak()
	for _, workers := range []int{1, 16} {
		err := a.load(ctx, "feature writes, durable", workers, func(n int) error {
			id := fmt.Sprintf("inn/w%d-%d", workers, n)
			return a.ask(ctx, "PUT", featuresPath+"/inn/"+id, "application/json", []byte(record(id, n)), nil, "If-None-Match", "*")
		})
		if err != nil {
			return err
		}
	}
	a.memory("writes")
	return nil
}

func (a *apiBench) reads(ctx context.Context) error {
	for _, workers := range []int{1, 16} {
		err := a.load(ctx, "feature reads", workers, func(n int) error {
			return a.ask(ctx, "GET", fmt.Sprintf("%s/inn/inn/w1-%d", featuresPath, 1+n%20), "", nil, nil)
		})
		if err != nil {
			return err
		}
	}
	a.memory("reads")
	return nil
}

// lists asks for what lies in boxes.
func (a *apiBench) lists(ctx context.Context) error {
	start := time.Now()
	if err := a.ask(ctx, "GET", featuresPath+"?limit=1", "", nil, nil); err != nil {
		return err
	}
	a.add("first list, which makes the index", time.Since(start).Seconds()*1e3, "ms", "")
	for _, c := range []struct {
		name  string
		side  float64 // of the region's
		limit int
	}{{"list of a box of 1 % of the area, limit 100", 0.1, 100}, {"list of all of it, limit 1000", 1, 1000}} {
		var times []float64
		for range 300 {
			lon, lat := west+width*(1-c.side)*rand.Float64(), south+height*(1-c.side)*rand.Float64()
			path := fmt.Sprintf("%s?bbox=%.5f,%.5f,%.5f,%.5f&limit=%d", featuresPath, lon, lat, lon+width*c.side, lat+height*c.side, c.limit)
			begin := time.Now()
			if err := a.ask(ctx, "GET", path, "", nil, nil); err != nil {
				return err
			}
			times = append(times, time.Since(begin).Seconds())
		}
		slices.Sort(times)
		a.add(c.name+", p50", 1e3*quantile(times, 0.5), "ms", "")
		a.add(c.name+", p99", 1e3*quantile(times, 0.99), "ms", "")
	}
	a.memory("lists")
	return nil
}
