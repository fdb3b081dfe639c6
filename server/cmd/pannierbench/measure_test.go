package main

import (
	"context"
	"os"
	"runtime"
	"testing"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == launch {
		os.Exit(launcher(context.Background(), os.Args[2:]))
	}
	os.Exit(m.Run())
}

// TestPeakIsTheProgramsOwn measures a small program while this one is large.
func TestPeakIsTheProgramsOwn(t *testing.T) {
	large := make([]byte, 200<<20)
	for i := 0; i < len(large); i += 4096 {
		large[i] = 1
	}
	out, u, err := measure(t.Context(), "echo", "hello")
	if err != nil {
		t.Fatal(err)
	}
	runtime.KeepAlive(large)
	if string(out) != "hello\n" {
		t.Errorf("output %q, want hello", out)
	}
	if u.PeakBytes > 100<<20 {
		t.Errorf("echo took %d MiB", u.PeakBytes>>20)
	}
	if runtime.GOOS == "linux" && u.PeakBytes == 0 {
		t.Error("no peak")
	}
}

func TestMeasureTellsWhatTheProgramSaid(t *testing.T) {
	_, _, err := measure(t.Context(), "cat", "/no/such/file")
	if err == nil || !containsAll(err.Error(), "cat", "/no/such/file", "exit status 1") {
		t.Errorf("error %v", err)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []int64
		want   int64
	}{{[]int64{5}, 5}, {[]int64{9, 1}, 5}, {[]int64{9, 1, 2}, 2}, {[]int64{4, 1, 2, 9}, 3}} {
		var runs []Usage
		for _, v := range c.values {
			runs = append(runs, Usage{PeakBytes: v})
		}
		if got := newStep("x", runs).Median.PeakBytes; got != c.want {
			t.Errorf("median of %v = %d, want %d", c.values, got, c.want)
		}
	}
}
