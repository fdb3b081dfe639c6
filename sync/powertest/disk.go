// Package powertest is a disk whose power can be cut, for tests of what lies on
// it. It is a file system in memory, mounted by FUSE (mount_linux.go), that
// holds two images: what processes see, and what the medium would hold if the
// power went now. Data reaches the second by fsync, entries of folders by fsync
// of the folder; that of a new file also by fsync of the file, as on ext4, XFS
// and Btrfs. Renames and links are all or nothing.
//
// Calls that change the disk (write, fsync, create, mkdir, link, rename, unlink,
// rmdir, truncate, allocate) are counted from 1, and a Fault strikes at one of
// them. So a test runs an operation with a fault at call 1, 2, 3 … until one
// passes, and looks each time at what Save leaves.
//
// What the kernel wrote back on its own is not durable here; stores to mapped
// memory arrive when the kernel writes the page back, at the latest with msync
// or fsync. Times, owners and modes are not kept. What is modelled of a cut
// without mercy is written at Save.
//
// A process must not map files of a disk that it serves itself: a page fault
// would wait for the process that waits in it. Work in a child process, and look
// at the outcome in a folder that Save has filled.
//
// All methods may be called concurrently.
package powertest

import (
	"fmt"
	"sync"
	"syscall"
)

const pageSize = 4096

// Fault is what happens at a call.
type Fault struct {
	At    int64         // which call, from 1; 0 for none
	Errno syscall.Errno // what the call returns
	Cut   bool          // power goes: this and all later calls fail and change nothing
	Stays bool          // all later calls fail too, but for those that only free space
}

// Disk is a file system in memory. The zero value is not usable.
type Disk struct {
	mu      sync.Mutex
	root    *inode
	last    uint64 // inode number
	pending []change
	calls   int64
	fault   Fault
	struck  chan struct{} // closed when the fault strikes
}

// New returns an empty disk.
func New() *Disk {
	d := &Disk{struck: make(chan struct{})}
	d.root = d.newInode(true)
	return d
}

// Inject sets the fault, and counts calls from 1 again.
func (d *Disk) Inject(f Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls, d.fault, d.struck = 0, f, make(chan struct{})
}

// Calls returns how many calls there were since Inject.
func (d *Disk) Calls() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls
}

// Struck is closed when the fault strikes.
func (d *Disk) Struck() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.struck
}

// call counts a call that changes the disk and decides its fate. frees tells
// that it takes no space. The caller holds the lock.
func (d *Disk) call(frees bool) syscall.Errno {
	d.calls++
	if d.fault.At == 0 || d.calls < d.fault.At {
		return 0
	}
	if d.calls == d.fault.At {
		close(d.struck)
	}
	switch {
	case d.fault.Cut:
		return syscall.EIO
	case d.calls == d.fault.At, d.fault.Stays && !frees:
		return d.fault.Errno
	}
	return 0
}

// String tells the fault.
func (f Fault) String() string {
	s := "no fault"
	switch {
	case f.Cut:
		s = "power cut"
	case f.Stays:
		s = f.Errno.Error() + ", to stay"
	case f.Errno != 0:
		s = f.Errno.Error()
	}
	if f.At > 0 {
		s += fmt.Sprintf(" at call %d", f.At)
	}
	return s
}
