package main

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"strings"
)

func thisMachine() Machine {
	memory, _ := strconv.ParseInt(strings.TrimSuffix(procValue("/proc/meminfo", "MemTotal"), " kB"), 10, 64)
	return Machine{
		CPU: procValue("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(), Memory: memory << 10,
		OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
	}
}

// procValue returns the first value of a name in a file of "name: value" lines.
func procValue(file, name string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// revision returns the checkout's commit, "" outside of one.
func revision(ctx context.Context) string {
	commit, err := output(ctx, "git", "rev-parse", "--short=12", "HEAD")
	if err != nil {
		return ""
	}
	name := strings.TrimSpace(string(commit))
	if changes, err := output(ctx, "git", "status", "--porcelain", "--untracked-files=no"); err == nil && len(changes) > 0 {
		name += " with changes"
	}
	return name
}
