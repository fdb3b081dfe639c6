//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// maxMemory returns the most memory that a process that ended had, in bytes.
func maxMemory(s *os.ProcessState) int64 {
	usage := s.SysUsage().(*syscall.Rusage)
	if runtime.GOOS == "darwin" {
		return int64(usage.Maxrss)
	}
	return int64(usage.Maxrss) << 10
}
