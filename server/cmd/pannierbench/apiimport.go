package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/jobs/bombs"
)

// importState is what the server says of an import.
type importState struct {
	Number  uint64
	State   string
	Problem string
	Written int
	Counts  struct{ New, Changed, Unchanged, Vanished, Rejected int }
}

const importsPath = "/v1/regions/" + apiRegion + "/imports"

// list is a GeoJSON file of features.
func (a *apiBench) list() []byte {
	var out bytes.Buffer
	out.WriteString(`{"type":"FeatureCollection","features":[`)
	for i := range a.features {
		if i > 0 {
			out.WriteString(",\n")
		}
		lon, lat := place(i, a.features)
		fmt.Fprintf(&out, `{"type":"Feature","id":"p%d","geometry":{"type":"Point","coordinates":[%.6f,%.6f]},"properties":{"name":"Lloc %d","name:en":"Place %d","amenity":"cafe",`+
			`"phone":"+376 %06d","addr:street":"Carrer %d","website":"https://maps.example/%d","opening_hours":"Mo-Fr 08:00-18:00"}}`,
			i, lon, lat, i, i, i, i%100, i)
	}
	out.WriteString("]}\n")
	return out.Bytes()
}

// send uploads a file and has it read; it tells how long each took.
func (a *apiBench) send(ctx context.Context, name, source string, data []byte) (is importState, sent, read time.Duration, err error) {
	start := time.Now()
	var u struct{ ID string }
	if err := a.ask(ctx, "POST", "/v1/regions/"+apiRegion+"/uploads/file?name="+name, "application/octet-stream", data, &u); err != nil {
		return is, 0, 0, err
	}
	sent = time.Since(start)
	start = time.Now()
	order, err := json.Marshal(map[string]string{"upload": u.ID, "source": source, "licence": "CC-BY-4.0", "language": "ca"})
	if err == nil {
		err = a.ask(ctx, "POST", importsPath, "application/json", order, &is)
	}
	if err == nil {
		err = a.await(ctx, &is)
	}
	return is, sent, time.Since(start), err
}

// await waits until nobody works on an import.
func (a *apiBench) await(ctx context.Context, is *importState) error {
	for {
		number := is.Number
		*is = importState{}
		if err := a.ask(ctx, "GET", fmt.Sprintf("%s/%d", importsPath, number), "", nil, is); err != nil {
			return err
		}
		if !slices.Contains([]string{"waiting", "reading", "applying", "undoing"}, is.State) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// imports brings a file of many features in, twice, and takes the second back.
func (a *apiBench) imports(ctx context.Context) error {
	data := a.list()
	a.peak()
	is, sent, read, err := a.send(ctx, "list.geojson", "inn.list", data)
	if err == nil && (is.State != "ready" || is.Counts.New != a.features) {
		err = fmt.Errorf("import: %+v", is)
	}
	if err != nil {
		return err
	}
	what := fmt.Sprintf("import of %d features, %.1f MB of GeoJSON: ", a.features, float64(len(data))/1e6)
	a.add(what+"upload", sent.Seconds(), "s", "")
	a.add(what+"read and compare", read.Seconds(), "s", "")
	start := time.Now()
	if err := a.ask(ctx, "POST", fmt.Sprintf("%s/%d/apply", importsPath, is.Number), "application/json", []byte(`{"accept":true}`), nil); err != nil {
		return err
	}
	if err := a.await(ctx, &is); err != nil {
		return err
	}
	if is.Written != a.features {
		return fmt.Errorf("import: %+v", is)
	}
	a.add(what+"apply, durable and with history", time.Since(start).Seconds(), "s", fmt.Sprintf("%.0f features/s", float64(a.features)/time.Since(start).Seconds()))
	is, _, read, err = a.send(ctx, "list.geojson", "inn.list", bytes.ReplaceAll(data, []byte(`"Lloc 7`), []byte(`"Plaça 7`)))
	if err != nil {
		return err
	}
	a.add("the same with another name in some: read and compare", read.Seconds(), "s", fmt.Sprintf("%d changed, %d unchanged", is.Counts.Changed, is.Counts.Unchanged))
	a.memory("imports")
	return a.ask(ctx, "DELETE", fmt.Sprintf("%s/%d", importsPath, is.Number), "", nil, nil)
}

// publishes makes versions after edits.
func (a *apiBench) publishes(ctx context.Context) error {
	p, _, err := a.publish(ctx, apiRegion)
	if err != nil {
		return err
	}
	a.add("publish after the import", p.Seconds*1e3, "ms", fmt.Sprintf("%d bytes of updates", p.Delta))
	var times, cpu []float64
	for i := range max(a.runs, 8) {
		if err := a.edit(ctx, 1, i); err != nil {
			return err
		}
		begin := a.cpu()
		if p, _, err = a.publish(ctx, apiRegion); err != nil {
			return err
		}
		times, cpu = append(times, p.Seconds*1e3), append(cpu, (a.cpu()-begin)*1e3)
	}
	slices.Sort(times)
	slices.Sort(cpu)
	a.add("publish after one edit, median", quantile(times, 0.5), "ms", fmt.Sprintf("best %.0f ms, worst %.0f ms, %d bytes of updates", times[0], times[len(times)-1], p.Delta))
	a.target(300)
	a.add("publish after one edit, processor time, median", quantile(cpu, 0.5), "ms", "")
	start := time.Now()
	if err := a.edit(ctx, 1000, 100); err != nil {
		return err
	}
	a.add("1,000 edits in batches of 400", time.Since(start).Seconds()*1e3, "ms", "")
	if p, _, err = a.publish(ctx, apiRegion); err != nil {
		return err
	}
	a.add("publish after 1,000 edits", p.Seconds*1e3, "ms", fmt.Sprintf("%d bytes of updates", p.Delta))
	a.memory("publishes")
	return nil
}

// edit writes some of the imported features anew.
func (a *apiBench) edit(ctx context.Context, count, round int) error {
	for from := 0; from < count; from += 400 {
		var writes []string
		for i := from; i < min(from+400, count); i++ {
			n := (i*a.features/count + round) % a.features
			id := fmt.Sprintf("inn.list/p%d", n)
			writes = append(writes, fmt.Sprintf(`{"source":"inn.list","id":%q,"base":"*","feature":%s}`, id, record(id, n+round)))
		}
		var done struct {
			Results []struct {
				Status int
				Detail string
			}
		}
		if err := a.ask(ctx, "POST", "/v1/regions/"+apiRegion+"/batch", "application/json", []byte(`{"writes":[`+strings.Join(writes, ",")+`]}`), &done); err != nil {
			return err
		}
		for _, r := range done.Results {
			if r.Status >= 300 {
				return fmt.Errorf("edit: %d %s", r.Status, r.Detail)
			}
		}
	}
	return nil
}

// explode uploads files that unpack to gigabytes.
func (a *apiBench) explode(ctx context.Context) error {
	if !a.bombs {
		return nil
	}
	worst := int64(0)
	for _, bomb := range bombs.All() {
		data := bomb.Make()
		a.peak()
		is, _, read, err := a.send(ctx, bomb.Name, "inn.bombs", data)
		if err != nil {
			return fmt.Errorf("%s: %w", bomb.Name, err)
		}
		if bomb.Says != "" && !strings.Contains(is.Problem, bomb.Says) {
			return errors.New(bomb.Name + " is not refused: " + is.State + " " + is.Problem)
		}
		peak := a.peak()
		worst = max(worst, peak)
		outcome := "refused"
		if is.State == "ready" {
			outcome = fmt.Sprintf("%d objects", is.Counts.New+is.Counts.Unchanged)
		}
		a.add(fmt.Sprintf("bomb %s, %d kB: peak memory", bomb.Name, (len(data)+999)/1000), float64(peak>>20), "MiB", fmt.Sprintf("%s in %.1f s", outcome, read.Seconds()))
		if err := a.ask(ctx, "DELETE", fmt.Sprintf("%s/%d", importsPath, is.Number), "", nil, nil); err != nil {
			return err
		}
	}
	a.add("server's peak memory, bombs", float64(worst>>20), "MiB", "")
	return nil
}
