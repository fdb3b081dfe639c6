package edit

const (
	nice   = 256  // copies of so many bytes are taken without looking further
	window = 4096 // bytes that are planned in one go
)

// node is the cheapest way found to a place.
type node struct {
	cost cost
	last int  // node before
	step step // from there to here
	state
}

// planner finds the steps that cost the least.
type planner struct {
	*finder
	*prices
	depth  int // of finding
	nodes  [window + nice + 1]node
	copies []step
}

// plan returns the steps to the new content.
func (p *planner) plan(f *finder, prices *prices, depth int) (steps []step) {
	p.finder, p.prices, p.depth = f, prices, depth
	f.reset()
	s := newState(f.oldLen)
	for at := f.oldLen; at < len(f.all); {
		end, long := p.look(at, s)
		way := steps[len(steps):]
		for i := end; i > 0; i = p.nodes[i].last {
			way = append(way, p.nodes[i].step)
		}
		for i, j := 0, len(way)-1; i < j; i, j = i+1, j-1 {
			way[i], way[j] = way[j], way[i]
		}
		if long.length > 0 {
			way = append(way, long)
		}
		for _, o := range way {
			s.after(o, at)
			at += max(o.length, 1)
		}
		steps = append(steps, way...)
	}
	return steps
}

// look finds the cheapest ways from a place onwards, until it meets a long copy,
// which it returns, or the end of the window or of the content. It returns the
// node where it ended.
func (p *planner) look(at int, s state) (end int, long step) {
	for i := range p.nodes {
		p.nodes[i].cost = never
	}
	p.nodes[0] = node{state: s}
	for i := 0; ; i++ {
		n := &p.nodes[i]
		place := at + i
		if i > 0 {
			n.state = p.nodes[n.last].state
			n.state.after(n.step, at+n.last)
		}
		if place == len(p.all) || i == window {
			return i, step{}
		}
		p.copies = p.find(p.reuse(p.copies[:0], n, place), place, place-n.shift[0], p.depth)
		for _, o := range p.copies {
			if o.length >= nice && o.length > long.length {
				long = o
			}
		}
		if long.length > 0 {
			return i, long
		}
		for _, o := range p.copies {
			base := n.cost + p.copy(&n.state, o, place)
			lengths := &p.lengths[class(o.way)]
			for ; o.length > 0; o.length-- {
				p.offer(i, i+o.length, base+lengths[o.length], o)
			}
		}
		p.offer(i, i+1, n.cost+p.literal(&n.state, before(p.all[p.oldLen:place]), guess(&n.state, p.all, place), p.all[place]), step{})
	}
}

// reuse appends the copies from alignments used before.
func (p *planner) reuse(dst []step, n *node, at int) []step {
	for way, shift := range n.shift {
		from := at - shift
		if from < 0 || from >= at || way > 0 && shift == n.shift[0] {
			continue
		}
		if length := p.common(from, at); length > 0 {
			dst = append(dst, step{length, way, from})
		}
	}
	return dst
}

// offer takes a way to a node when it is the cheapest so far.
func (p *planner) offer(from, to int, c cost, o step) {
	if n := &p.nodes[to]; c < n.cost {
		n.cost, n.last, n.step = c, from, o
	}
}
