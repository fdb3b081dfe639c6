package powertest

import (
	"context"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Mount mounts the disk and returns where. It skips the test where it lacks
// root or /dev/fuse. The disk must be mounted once at a time.
func (d *Disk) Mount(tb testing.TB) (dir string, unmount func()) {
	tb.Helper()
	if _, err := os.Stat("/dev/fuse"); err != nil {
		tb.Skipf("a power cut needs a FUSE file system: %v", err)
	}
	if os.Geteuid() != 0 {
		tb.Skip("a power cut needs a FUSE file system, and mounting one needs root")
	}
	dir, err := os.MkdirTemp("", "powertest-")
	if err != nil {
		tb.Fatal(err)
	}
	known := time.Hour // nobody changes the disk but by this mount
	server, err := fs.Mount(dir, &node{disk: d, inode: d.root}, &fs.Options{
		EntryTimeout: &known, AttrTimeout: &known,
		MountOptions: fuse.MountOptions{DirectMountStrict: true, FsName: "powertest", Name: "powertest", DisableXAttrs: true},
	})
	if err != nil {
		os.Remove(dir)
		tb.Skipf("a power cut needs a FUSE file system, which cannot be mounted here: %v", err)
	}
	keepFromChildren()
	done := false
	unmount = func() {
		if done {
			return
		}
		done = true
		if err := server.Unmount(); err != nil {
			tb.Errorf("unmount %s: %v", dir, err)
			syscall.Unmount(dir, syscall.MNT_DETACH)
		}
		os.Remove(dir)
	}
	tb.Cleanup(unmount)
	return dir, unmount
}

// keepFromChildren closes the file system's descriptor in commands that are
// started, which go-fuse does not (v2.12.1). A child that has it keeps the mount
// alive, and hangs in it for ever, when the test is killed.
func keepFromChildren() {
	entries, _ := os.ReadDir("/proc/self/fd") // best effort
	for _, e := range entries {
		to, err := os.Readlink("/proc/self/fd/" + e.Name())
		fd, err2 := strconv.Atoi(e.Name())
		if err == nil && err2 == nil && to == "/dev/fuse" {
			syscall.CloseOnExec(fd)
		}
	}
}

// node shows an inode to the kernel.
type node struct {
	fs.Inode
	disk  *Disk
	inode *inode
}

var _ = interface {
	fs.NodeLookuper
	fs.NodeReaddirer
	fs.NodeGetattrer
	fs.NodeSetattrer
	fs.NodeStatfser
	fs.NodeOpener
	fs.NodeReader
	fs.NodeWriter
	fs.NodeFsyncer
	fs.NodeFlusher
	fs.NodeAllocater
	fs.NodeCreater
	fs.NodeMkdirer
	fs.NodeLinker
	fs.NodeUnlinker
	fs.NodeRmdirer
	fs.NodeRenamer
}((*node)(nil))

func (n *node) lock() func() {
	n.disk.mu.Lock()
	return n.disk.mu.Unlock
}

// show makes the kernel's view of a child.
func (n *node) show(ctx context.Context, child *inode, out *fuse.EntryOut) *fs.Inode {
	child.attributes(&out.Attr)
	return n.NewInode(ctx, &node{disk: n.disk, inode: child}, fs.StableAttr{Mode: child.mode(), Ino: child.number})
}

func (n *inode) mode() uint32 {
	if n.folder() {
		return syscall.S_IFDIR | 0o700
	}
	return syscall.S_IFREG | 0o600
}

func (n *inode) attributes(out *fuse.Attr) {
	out.Ino, out.Mode, out.Nlink = n.number, n.mode(), uint32(max(1, n.links))
	out.Size, out.Blocks, out.Blksize = uint64(n.seen.size), uint64(len(n.seen.pages)*pageSize/512), pageSize
}

func (n *node) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	defer n.lock()()
	child := n.inode.entries[name]
	if child == nil {
		return nil, syscall.ENOENT
	}
	return n.show(ctx, child, out), 0
}

func (n *node) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	defer n.lock()()
	var all []fuse.DirEntry
	for name, child := range n.inode.entries {
		all = append(all, fuse.DirEntry{Name: name, Mode: child.mode(), Ino: child.number})
	}
	return fs.NewListDirStream(all), 0
}

func (n *node) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	defer n.lock()()
	n.inode.attributes(&out.Attr)
	return 0
}

func (n *node) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	defer n.lock()()
	if size, ok := in.GetSize(); ok {
		if errno := n.disk.call(int64(size) <= n.inode.seen.size); errno != 0 {
			return errno
		}
		n.inode.truncate(int64(size))
	}
	n.inode.attributes(&out.Attr)
	return 0
}

func (n *node) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	out.Bsize, out.Frsize, out.NameLen = pageSize, pageSize, 255
	out.Blocks, out.Bfree, out.Bavail = 1<<20, 1<<19, 1<<19
	return 0
}

func (n *node) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_KEEP_CACHE, 0
}

func (n *node) Read(_ context.Context, _ fs.FileHandle, dest []byte, offset int64) (fuse.ReadResult, syscall.Errno) {
	defer n.lock()()
	return fuse.ReadResultData(dest[:n.inode.read(dest, offset)]), 0
}

func (n *node) Write(_ context.Context, _ fs.FileHandle, data []byte, offset int64) (uint32, syscall.Errno) {
	defer n.lock()()
	if errno := n.disk.call(false); errno != 0 {
		return 0, errno
	}
	n.inode.write(data, offset)
	return uint32(len(data)), 0
}

func (n *node) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	defer n.lock()()
	if errno := n.disk.call(true); errno != 0 {
		return errno
	}
	if n.inode.folder() {
		n.disk.syncFolder(n.inode)
	} else {
		n.disk.syncFile(n.inode)
	}
	return 0
}

func (n *node) Flush(context.Context, fs.FileHandle) syscall.Errno { return 0 }

func (n *node) Allocate(_ context.Context, _ fs.FileHandle, offset, size uint64, mode uint32) syscall.Errno {
	defer n.lock()()
	if mode != 0 {
		return syscall.EOPNOTSUPP
	}
	if errno := n.disk.call(false); errno != 0 {
		return errno
	}
	if end := int64(offset + size); end > n.inode.seen.size {
		n.inode.truncate(end)
	}
	return 0
}

// add enters a new file or folder.
func (n *node) add(ctx context.Context, name string, folder bool, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	defer n.lock()()
	if n.inode.entries[name] != nil {
		return nil, syscall.EEXIST
	}
	if errno := n.disk.call(false); errno != 0 {
		return nil, errno
	}
	child := n.disk.newInode(folder)
	child.links = 1
	n.disk.alter(change{child, map[entry]*inode{{n.inode, name}: child}})
	return n.show(ctx, child, out), 0
}

func (n *node) Create(ctx context.Context, name string, _, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	child, errno := n.add(ctx, name, false, out)
	return child, nil, fuse.FOPEN_KEEP_CACHE, errno
}

func (n *node) Mkdir(ctx context.Context, name string, _ uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return n.add(ctx, name, true, out)
}

func (n *node) Link(ctx context.Context, target fs.InodeEmbedder, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	defer n.lock()()
	if n.inode.entries[name] != nil {
		return nil, syscall.EEXIST
	}
	if errno := n.disk.call(false); errno != 0 {
		return nil, errno
	}
	child := target.(*node).inode
	child.links++
	n.disk.alter(change{nil, map[entry]*inode{{n.inode, name}: child}})
	return n.show(ctx, child, out), 0
}

func (n *node) Unlink(_ context.Context, name string) syscall.Errno { return n.remove(name) }
func (n *node) Rmdir(_ context.Context, name string) syscall.Errno  { return n.remove(name) }

func (n *node) remove(name string) syscall.Errno {
	defer n.lock()()
	child := n.inode.entries[name]
	switch {
	case child == nil:
		return syscall.ENOENT
	case len(child.entries) > 0:
		return syscall.ENOTEMPTY
	}
	if errno := n.disk.call(true); errno != 0 {
		return errno
	}
	child.links--
	n.disk.alter(change{nil, map[entry]*inode{{n.inode, name}: nil}})
	return 0
}

func (n *node) Rename(_ context.Context, name string, to fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	defer n.lock()()
	folder := to.(*node).inode
	child, there := n.inode.entries[name], folder.entries[newName]
	const noReplace = 1
	switch {
	case child == nil:
		return syscall.ENOENT
	case flags&^noReplace != 0:
		return syscall.EINVAL
	case there != nil && flags&noReplace != 0:
		return syscall.EEXIST
	case there != nil && len(there.entries) > 0:
		return syscall.ENOTEMPTY
	case there == child:
		return 0
	}
	if errno := n.disk.call(true); errno != 0 {
		return errno
	}
	if there != nil {
		there.links--
	}
	n.disk.alter(change{nil, map[entry]*inode{{n.inode, name}: nil, {folder, newName}: child}})
	return 0
}
