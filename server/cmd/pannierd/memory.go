package main

import (
	"fmt"
	"os"
	"runtime/debug"
)

// spare checks a --memory in megabytes and has the collector keep to it: by
// itself it lets garbage grow as large as what is in use, which is good for a
// server, but more than work that runs beside one should take. Inside a server,
// or where the environment says otherwise, it leaves things as they are.
func (p *program) spare(memory int) error {
	if memory < 16 || memory > 1<<20 {
		return fmt.Errorf("--memory %d: megabytes, from 16 to %d", memory, 1<<20)
	}
	if p.host == nil && os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		const rest = 48 << 20 // the store, and packing
		debug.SetGCPercent(40)
		debug.SetMemoryLimit(rest + int64(memory)<<20)
	}
	return nil
}
