package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// newSite serves a site of three versions as plain files.
func newSite(t *testing.T) (*sitetest.Objects, running) {
	t.Helper()
	objects, ledger := sitetest.NewObjects(), sitetest.NewLedger(t, "test")
	p := publish.Publisher{Objects: objects, Ledger: ledger}
	for v := range 3 {
		cells := map[cell.Key][]byte{{Layer: cell.Features, ID: cell.World}: bytes.Repeat([]byte{byte(v), 7}, 300)}
		if _, err := p.Publish(context.Background(), ledger.Region, sitetest.Content(cells), publish.Note{}); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(objects)
	t.Cleanup(server.Close)
	return objects, running{name: "test", url: server.URL, pid: os.Getpid()}
}

func TestMeasure(t *testing.T) {
	_, r := newSite(t)
	l := load{Connections: 4, Phones: 20, Idle: 30, Duration: 250 * time.Millisecond, Every: 5 * time.Millisecond}
	got, err := l.measure(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Figures) != 5 || got.Idle != 30 { // polled, head, delta, blob, release day
		t.Errorf("%+v", got)
	}
	for _, f := range got.Figures {
		if f.Errors > 0 || f.Requests == 0 || f.PerSecond <= 0 || f.P50 <= 0 || f.P99 < f.P50 {
			t.Errorf("%s: %+v", f.Name, f)
		}
	}
	var out strings.Builder
	table(&out, []serverFigures{got})
	if lines := strings.Count(out.String(), "\n"); lines != 7 {
		t.Errorf("%d lines:\n%s", lines, &out)
	}
}

// TestWrongAnswersCount serves another length than the history and the manifest say.
func TestWrongAnswersCount(t *testing.T) {
	objects, _ := newSite(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/blobs/") {
			w.Write([]byte("short"))
			return
		}
		objects.ServeHTTP(w, r)
	}))
	defer server.Close()
	l := load{Connections: 2, Duration: 250 * time.Millisecond, Every: time.Second}
	got, err := l.measure(context.Background(), running{name: "test", url: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	if f, ok := got.find("blob"); !ok || f.Errors == 0 || f.Requests > 0 || !strings.Contains(f.FirstError, "5") {
		t.Errorf("%+v", f)
	}
}

func TestLimits(t *testing.T) {
	for _, args := range [][]string{
		{"--phones", "1000000"}, {"--connections", "0"}, {"--idle", "-1"}, {"--duration", "1h"}, {"--duration", "0s"}, {"--every", "0s"},
		{"--server", "http://192.0.2.1:80"}, {"--server", "https://127.0.0.1"}, {"--server", "127.0.0.1:8080"},
	} {
		if err := run(context.Background(), args); err == nil {
			t.Errorf("pannierload %v was accepted", args)
		}
	}
}

func TestPercentile(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	for _, test := range []struct {
		sorted []time.Duration
		p      int
		want   time.Duration
	}{{nil, 50, 0}, {hundred[:1], 50, 1}, {hundred[:1], 99, 1}, {hundred, 50, 50}, {hundred, 99, 99}, {hundred[:10], 99, 10}} {
		if got := percentile(test.sorted, test.p); got != test.want {
			t.Errorf("percentile(%d of them, %d) = %d, want %d", len(test.sorted), test.p, got, test.want)
		}
	}
}

func TestProc(t *testing.T) {
	stat := []byte("42 (a ) b) S 7 42 42 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 1 0 100 1000 20")
	pid, parent, cpu, err := parseStat(stat)
	if pid != 42 || parent != 7 || cpu != 2*time.Second || err != nil {
		t.Errorf("parseStat = %d, %d, %s, %v", pid, parent, cpu, err)
	}
	for _, bad := range []string{"", "42", "42 (x) S", "x (x) S 7 1 1 0 -1 4 1 2 3 4 150 50"} {
		if _, _, _, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	if got := parseRSS([]byte("Name:\tx\nVmRSS:\t   12 kB\nThreads:\t1\n")); got != 12<<10 {
		t.Errorf("parseRSS = %d", got)
	}
}
