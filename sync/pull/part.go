package pull

// choose settles which part of the region the device is to hold.
func (p *puller) choose() error {
	p.want = p.was.Selection
	goal, err := p.stage.goal()
	if err != nil {
		return err
	}
	if goal != nil {
		p.want = *goal
	}
	if p.opts.Selection != nil {
		p.want = *p.opts.Selection
	}
	if err := p.want.Validate(); err != nil {
		return err
	}
	p.wasHeld = p.was.Selection.Cover().Of(p.wasList)
	return nil
}

// current reports whether the device has what it is to hold.
func (p *puller) current() bool {
	return p.wasHead != nil && p.head.Manifest == p.wasHead.Manifest && p.want.Equal(p.was.Selection)
}

// brief reports whether only parts of a delta are wanted: of a part of the
// region, for a preview, or because parts are there already.
func (p *puller) brief() bool {
	return p.preview || !p.want.IsAll() || !p.was.Selection.IsAll() || p.stage.anyPieces()
}
