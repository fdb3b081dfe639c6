package catalog

// News returns a channel that is closed when the region's journal gets its next
// line from this process. Another server on the same store is not heard: look now
// and then.
func (c *Catalog) News(region string) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := c.news[region]
	if ch == nil {
		ch = make(chan struct{})
		c.news[region] = ch
	}
	return ch
}

// tell closes the channels of those who wait for news of a region.
func (c *Catalog) tell(region string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch := c.news[region]; ch != nil {
		close(ch)
		delete(c.news, region)
	}
}
