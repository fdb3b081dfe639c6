package powertest

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Load fills the disk with a copy of a folder, durably.
func (d *Disk) Load(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	inodes := map[string]*inode{".": d.root}
	return fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		if !e.IsDir() && !e.Type().IsRegular() {
			return nil // a socket
		}
		n := d.newInode(e.IsDir())
		n.links = 1
		inodes[name] = n
		parent := inodes[filepath.Dir(name)]
		parent.entries[e.Name()], parent.durableEntries[e.Name()] = n, n
		if e.IsDir() {
			return nil
		}
		return n.load(filepath.Join(dir, name))
	})
}

func (n *inode) load(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for i := int64(0); ; i++ {
		p := new(page)
		read, err := io.ReadFull(f, p[:])
		n.seen.size += int64(read)
		if *p != (page{}) {
			n.seen.pages[i], n.dirty[i] = p, true
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			n.sync()
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Save writes into a folder, which must be empty or absent, what the medium
// holds after a power cut now. Without random that is what was synced and
// nothing else. With it, some of the rest has reached the medium too: of the
// changes of folders the first so many, as a journal keeps their order; of each
// file its new length or the old one, and of its 4 KiB pages a random half, in
// no order. So a file may be there with its name and length, and hold zeros.
func (d *Disk) Save(dir string, random *rand.Rand) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	changes, keep := 0, func() bool { return false }
	if random != nil {
		changes, keep = random.IntN(len(d.pending)+1), func() bool { return random.IntN(2) == 0 }
	}
	return save(dir, d.root, d.foldersAfter(changes), func(n *inode) content { return n.after(keep) })
}

// SaveSeen writes into a folder what processes see, as after a kill.
func (d *Disk) SaveSeen(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return save(dir, d.root, func(n *inode) map[string]*inode { return n.entries }, func(n *inode) content { return n.seen })
}

func save(dir string, folder *inode, entries func(*inode) map[string]*inode, file func(*inode) content) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, n := range entries(folder) {
		path := filepath.Join(dir, name)
		var err error
		if n.folder() {
			err = save(path, n, entries, file)
		} else {
			err = file(n).save(path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c content) save(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	for i, p := range c.pages {
		if rest := c.size - i*pageSize; rest > 0 && err == nil {
			_, err = f.WriteAt(p[:min(rest, pageSize)], i*pageSize)
		}
	}
	return errors.Join(err, f.Truncate(c.size), f.Close())
}
