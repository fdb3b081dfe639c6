package media

// readSequences looks through the units of an AV1 picture for its sequence
// headers (AV1 specification, 5.3 to 5.5), and returns the largest size that
// they allow.
func readSequences(b []byte) (width, height int, err error) {
	found := false
	for len(b) > 0 {
		head := b[0]
		b = b[1:]
		if head&4 != 0 && len(b) > 0 {
			b = b[1:] // extension
		}
		n := uint64(len(b))
		if head&2 != 0 {
			var ok bool
			if n, b, ok = leb128(b); !ok {
				return 0, 0, broken("an AV1 unit is cut short")
			}
		}
		if n > uint64(len(b)) {
			return 0, 0, broken("an AV1 unit is cut short")
		}
		unit := b[:n]
		b = b[n:]
		if head>>3&15 != 1 {
			continue
		}
		w, h, ok := readSequence(unit)
		if !ok {
			return 0, 0, broken("an AV1 sequence header is malformed, or not that of a still picture")
		}
		width, height, found = max(width, w), max(height, h), true
	}
	if !found {
		return 0, 0, broken("there is no AV1 picture in the AVIF")
	}
	return width, height, nil
}

// readSequence reads a sequence header up to the size.
func readSequence(b []byte) (width, height int, ok bool) {
	r := bitReader{b: b}
	r.bits(4) // profile, still picture
	if reduced := r.bits(1); reduced == 1 {
		r.bits(5) // level
	} else {
		if r.bits(1) == 1 { // timing: a film
			return 0, 0, false
		}
		delays := r.bits(1)
		for range r.bits(5) + 1 { // operating points
			r.bits(12)
			if r.bits(5) > 7 { // level
				r.bits(1) // tier
			}
			if delays == 1 && r.bits(1) == 1 {
				r.bits(4)
			}
		}
	}
	w, h := r.bits(4)+1, r.bits(4)+1
	width, height = r.bits(w)+1, r.bits(h)+1
	return width, height, !r.bad
}
