package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// usage is what a server has taken of the machine; zero where /proc does not tell.
type usage struct {
	cpu time.Duration
	rss int64
}

// tick is the unit of CPU time in /proc on Linux.
const tick = 10 * time.Millisecond

// usage sums over the server's process and its children (nginx has workers).
func (r running) usage() (u usage) {
	if r.pid == 0 {
		return u
	}
	names, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			continue // it ended meanwhile
		}
		pid, parent, cpu, err := parseStat(data)
		if err != nil || pid != r.pid && parent != r.pid {
			continue
		}
		u.cpu += cpu
		status, _ := os.ReadFile(filepath.Join(filepath.Dir(name), "status"))
		u.rss += parseRSS(status)
	}
	return u
}

// parseStat reads /proc/PID/stat. The command's name may hold anything.
func parseStat(data []byte) (pid, parent int, cpu time.Duration, err error) {
	end := bytes.LastIndexByte(data, ')')
	if end < 0 {
		return 0, 0, 0, fmt.Errorf("not a line of /proc/PID/stat: %q", data)
	}
	if _, err := fmt.Sscan(string(data), &pid); err != nil {
		return 0, 0, 0, err
	}
	fields := strings.Fields(string(data[end+1:])) // from the third on
	if len(fields) < 13 {
		return 0, 0, 0, fmt.Errorf("only %d fields", len(fields))
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	parent, err = strconv.Atoi(fields[1])
	if err != nil || err1 != nil || err2 != nil {
		return 0, 0, 0, fmt.Errorf("not a line of /proc/PID/stat: %q", data)
	}
	return pid, parent, time.Duration(user+system) * tick, nil
}

// parseRSS reads the resident memory of /proc/PID/status.
func parseRSS(status []byte) int64 {
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return n << 10
		}
	}
	return 0
}
