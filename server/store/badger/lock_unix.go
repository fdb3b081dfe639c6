//go:build linux || darwin

package badgerstore

import (
	"os"
	"syscall"
)

// locks is whether a folder can be locked.
const locks = true

// lock takes Badger's own lock of a folder. It reports whether another process
// has it.
func lock(dir string) (unlock func() error, taken bool, err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, false, err
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return nil, true, f.Close()
	}
	return f.Close, false, nil
}
