package powertest

import (
	"maps"
	"slices"
)

// entry is a place in a folder.
type entry struct {
	folder *inode
	name   string
}

// change is a change of folders that is not durable yet: what stands in each of
// its entries afterwards, nil for nothing. It becomes durable as a whole.
type change struct {
	made  *inode // the file or folder that is new by it
	after map[entry]*inode
}

// alter changes entries as processes see them, and remembers that.
func (d *Disk) alter(c change) {
	for e, n := range c.after {
		if n == nil {
			delete(e.folder.entries, e.name)
		} else {
			e.folder.entries[e.name] = n
		}
	}
	d.pending = append(d.pending, c)
}

// commit makes the changes that want chooses durable, and with each the earlier
// ones that it builds on: those of the same entries, and those that made the
// folders in which it happened.
func (d *Disk) commit(want func(change) bool) {
	chosen := make([]bool, len(d.pending))
	entries, folders := make(map[entry]bool), make(map[*inode]bool)
	for i, c := range slices.Backward(d.pending) {
		chosen[i] = want(c) || folders[c.made] && c.made != nil
		for e := range c.after {
			chosen[i] = chosen[i] || entries[e]
		}
		if chosen[i] {
			for e := range c.after {
				entries[e], folders[e.folder] = true, true
			}
		}
	}
	var rest []change
	for i, c := range d.pending {
		if chosen[i] {
			c.apply(func(n *inode) map[string]*inode { return n.durableEntries })
		} else {
			rest = append(rest, c)
		}
	}
	d.pending = rest
}

func (c change) apply(entries func(*inode) map[string]*inode) {
	for e, n := range c.after {
		if n == nil {
			delete(entries(e.folder), e.name)
		} else {
			entries(e.folder)[e.name] = n
		}
	}
}

// syncFolder makes a folder's entries durable.
func (d *Disk) syncFolder(n *inode) {
	d.commit(func(c change) bool {
		for e := range c.after {
			if e.folder == n {
				return true
			}
		}
		return c.made == n
	})
}

// syncFile makes a file's content durable, and the entry that it was made with.
func (d *Disk) syncFile(n *inode) {
	n.sync()
	d.commit(func(c change) bool { return c.made == n })
}

// foldersAfter returns what is left of all folders after a cut of which the
// first so many pending changes survive.
func (d *Disk) foldersAfter(changes int) func(*inode) map[string]*inode {
	left := make(map[*inode]map[string]*inode)
	entries := func(n *inode) map[string]*inode {
		if left[n] == nil {
			left[n] = maps.Clone(n.durableEntries)
		}
		return left[n]
	}
	for _, c := range d.pending[:changes] {
		c.apply(entries)
	}
	return entries
}
