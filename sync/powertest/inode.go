package powertest

import "maps"

// page is a piece of a file. One that both images hold is never changed.
type page = [pageSize]byte

// content is one image of a file. A page that is absent is zero.
type content struct {
	size  int64
	pages map[int64]*page
}

// inode is a file or a folder.
type inode struct {
	number uint64
	links  int

	seen, durable content // of a file
	dirty         map[int64]bool

	entries, durableEntries map[string]*inode // of a folder; nil otherwise
}

func (d *Disk) newInode(folder bool) *inode {
	d.last++
	n := &inode{number: d.last}
	if folder {
		n.entries, n.durableEntries = make(map[string]*inode), make(map[string]*inode)
	} else {
		n.seen.pages, n.durable.pages, n.dirty = make(map[int64]*page), make(map[int64]*page), make(map[int64]bool)
	}
	return n
}

func (n *inode) folder() bool { return n.entries != nil }

func (n *inode) read(dest []byte, offset int64) int {
	total := max(0, min(int64(len(dest)), n.seen.size-offset))
	for done := int64(0); done < total; {
		at := offset + done
		in := at % pageSize
		piece := dest[done:min(total, done+pageSize-in)]
		if p := n.seen.pages[at/pageSize]; p != nil {
			copy(piece, p[in:])
		} else {
			clear(piece)
		}
		done += int64(len(piece))
	}
	return int(total)
}

func (n *inode) write(data []byte, offset int64) {
	n.seen.size = max(n.seen.size, offset+int64(len(data)))
	for len(data) > 0 {
		in := offset % pageSize
		done := copy(n.own(offset / pageSize)[in:], data)
		data, offset = data[done:], offset+int64(done)
	}
}

// own returns a page that only the seen image holds.
func (n *inode) own(i int64) *page {
	if !n.dirty[i] {
		fresh := new(page)
		if old := n.seen.pages[i]; old != nil {
			*fresh = *old
		}
		n.seen.pages[i], n.dirty[i] = fresh, true
	}
	if n.seen.pages[i] == nil {
		n.seen.pages[i] = new(page)
	}
	return n.seen.pages[i]
}

func (n *inode) truncate(size int64) {
	if size < n.seen.size {
		for i := range n.seen.pages {
			if i*pageSize >= size {
				delete(n.seen.pages, i)
				n.dirty[i] = true
			}
		}
		if in := size % pageSize; in > 0 && n.seen.pages[size/pageSize] != nil {
			clear(n.own(size / pageSize)[in:])
		}
	}
	n.seen.size = size
}

// sync makes the file's content durable.
func (n *inode) sync() {
	n.durable.size = n.seen.size
	for i := range n.dirty {
		if p := n.seen.pages[i]; p != nil {
			n.durable.pages[i] = p
		} else {
			delete(n.durable.pages, i)
		}
	}
	clear(n.dirty)
}

// after returns what is left of the file after a cut: what was synced, and of
// the rest what keep says.
func (n *inode) after(keep func() bool) content {
	left := content{n.durable.size, maps.Clone(n.durable.pages)}
	if len(n.dirty) == 0 && n.seen.size == n.durable.size {
		return left
	}
	if keep() {
		left.size = n.seen.size
	}
	for i := range n.dirty {
		if !keep() {
			continue
		}
		if p := n.seen.pages[i]; p != nil {
			left.pages[i] = p
		} else {
			delete(left.pages, i)
		}
	}
	return left
}
