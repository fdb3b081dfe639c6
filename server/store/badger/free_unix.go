//go:build linux || darwin

package badgerstore

import "golang.org/x/sys/unix"

// freeBytes returns how much is free for users on the disk of a folder.
func freeBytes(dir string) (uint64, bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return s.Bavail * uint64(s.Bsize), true
}
