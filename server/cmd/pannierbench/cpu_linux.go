package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// processCPU returns how many seconds of processors a running process took so
// far; 0 where the system does not tell.
func processCPU(pid int) float64 {
	const scheduler = 2 // the kind of clock: CPUCLOCK_SCHED
	var t unix.Timespec
	if unix.ClockGettime(int32(^pid<<3|scheduler), &t) != nil {
		return 0
	}
	return time.Duration(t.Nano()).Seconds()
}
