package main

import (
	"fmt"
	"os"
	"runtime/debug"
)

// spare checks a --memory in megabytes and has the collector keep garbage small:
// by itself it lets that grow as large as what is in use, which is good for a
// server, but more than work that runs beside one should take. There is no limit
// besides: what is in use may exceed it in a large region, and the collector would
// then run all the time. Inside a server, or where the environment says otherwise,
// it leaves things as they are.
func (p *program) spare(memory int) error {
	if memory < 16 || memory > 1<<20 {
		return fmt.Errorf("--memory %d: megabytes, from 16 to %d", memory, 1<<20)
	}
	if p.host == nil && os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(30)
	}
	return nil
}
