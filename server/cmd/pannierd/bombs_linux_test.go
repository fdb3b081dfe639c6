package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/jobs/bombs"
)

// maxBomb is the most memory that a server may have while it refuses a bomb.
const maxBomb = 800 << 20

// Files that unpack to gigabytes, or are made to take memory, are refused with words,
// and the server takes a bounded amount of memory for them.
func TestUploadedBombs(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	f := newFarm(t)
	for _, bomb := range bombs.All() {
		data := bomb.Make()
		start := time.Now()
		f.forgetPeak()
		before := f.peak()
		is := f.bring(bomb.Name, data)
		peak := f.peak()
		t.Logf("%-20s %9d bytes: peak %4d MiB (%4d before), %6v, %s %s", bomb.Name, len(data), peak>>20, before>>20, time.Since(start).Round(10*time.Millisecond), is.State, is.Problem)
		if bomb.Says != "" && (is.State != "failed" || !strings.Contains(is.Problem, bomb.Says)) {
			t.Errorf("%s: %+v", bomb.Name, is)
		}
		if strings.Contains(is.Problem, "Something went wrong") {
			t.Errorf("%s: a fault of the server: %s", bomb.Name, f.d.log())
		}
		if peak > maxBomb {
			t.Errorf("%s: the server took %d MiB", bomb.Name, peak>>20)
		}
		f.try("DELETE", fmt.Sprintf("/v1/regions/alps/imports/%d", is.Number), "", nil, nil)
	}
	f.streamed(t)
	f.d.stop()
}

// streamed sends a gigabyte of JSON to where JSON is taken.
func (f *farm) streamed(t *testing.T) {
	for path, kind := range map[string]string{
		"/v1/regions/alps/batch": "application/json", "/v1/regions/alps/uploads": "application/json",
		"/v1/regions/alps/uploads/file?name=a.json": "application/octet-stream",
	} {
		f.forgetPeak()
		r, err := http.NewRequest("POST", f.d.url+path, io.MultiReader(strings.NewReader(`{"writes":[`), bombs.Endless(1<<30, `{"id":"farm/1","feature":{"kind":"poi"}},`)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+f.token)
		r.Header.Set("Content-Type", kind)
		answer, err := http.DefaultClient.Do(r)
		peak := f.peak()
		if err != nil { // it hung up while the rest was on its way
			t.Logf("1 GiB of JSON to %s: peak %d MiB, %v", path, peak>>20, err)
		} else {
			answer.Body.Close()
			t.Logf("1 GiB of JSON to %s: peak %d MiB, %s", path, peak>>20, answer.Status)
			if answer.StatusCode != 413 && answer.StatusCode != 400 {
				t.Errorf("%s: %s", path, answer.Status)
			}
		}
		if peak > maxBomb/2 {
			t.Errorf("%s: the server took %d MiB", path, peak>>20)
		}
	}
}

// bring sends a file in one request and waits until it is read.
func (f *farm) bring(name string, data []byte) imported {
	f.t.Helper()
	var u struct{ ID string }
	if _, err := f.try("POST", "/v1/regions/alps/uploads/file?name="+name, "application/octet-stream", data, &u); err != nil {
		f.t.Fatal(err)
	}
	var is imported
	_, err := f.try("POST", "/v1/regions/alps/imports", "application/json", fmt.Appendf(nil, `{"upload":%q,"licence":"CC-BY-4.0"}`, u.ID), &is)
	var busy *told
	if errors.As(err, &busy) {
		f.t.Fatal(busy)
	}
	for err == nil && (is.State == "waiting" || is.State == "reading") {
		_, err = f.try("GET", fmt.Sprintf("/v1/regions/alps/imports/%d", is.Number), "", nil, &is)
	}
	if err != nil {
		f.t.Fatalf("%s: %v\n%s", name, err, f.d.log())
	}
	return is
}

// peak returns the most memory that the server had, in bytes.
func (f *farm) peak() (bytes int64) {
	f.t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", f.d.cmd.Process.Pid))
	if err != nil {
		f.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "VmHWM:")
	fmt.Sscan(rest, &bytes)
	return bytes << 10
}

// forgetPeak begins to measure anew.
func (f *farm) forgetPeak() {
	f.t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", f.d.cmd.Process.Pid), []byte("5"), 0); err != nil {
		f.t.Fatal(err)
	}
}
