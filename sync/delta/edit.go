package delta

import (
	"encoding/binary"
	"fmt"
)

// The edit codec writes the new content as copies of the old with small
// corrections, and literal bytes between them (the idea of C. Percival's
// bsdiff, "Naive differences of executable code", 2003). Copies may differ from
// what they copy in some bytes, which suits numbers that shift by one.
//
// The result is four streams, each packed on its own since each has its own
// manner: steps, gaps between corrections, corrections, literals. FORMAT.md
// describes them.

// streams of an edit.
const (
	stepStream = iota
	gapStream
	correctionStream
	literalStream
	streamCount
)

// step is one copy and the literals after it.
type step struct {
	from     int // place in the old content
	length   int
	literals int
}

// slacks are how many bytes more than the copy under way a match must have to
// be worth a new step: few suit tiles, many suit texts. Both are tried.
var slacks = [...]int{8, 48}

// planEdit divides the new content into steps.
func planEdit(x *index, raw []byte, slack int) []step {
	old := x.old
	var steps []step
	var scan, length, pos int             // where we look, and the match found there
	var lastScan, lastPos, lastOffset int // the copy under way: new place, old place, their difference
	for scan < len(raw) {
		score := 0 // matching bytes if the copy under way went on
		scan += length
		checked := scan
		for ; scan < len(raw); scan++ {
			length, pos = x.longest(raw[scan:], scan+lastOffset)
			for ; checked < scan+length; checked++ {
				if at := checked + lastOffset; at >= 0 && at < len(old) && old[at] == raw[checked] {
					score++
				}
			}
			if length == score && length != 0 || length > score+slack {
				break
			}
			if at := scan + lastOffset; at >= 0 && at < len(old) && old[at] == raw[scan] {
				score--
			}
		}
		if length == score && scan < len(raw) {
			continue // the copy under way does as well
		}
		forward := reach(old[lastPos:], raw[lastScan:scan])
		backward := 0
		if scan < len(raw) {
			backward = reachBack(old[:pos], raw[lastScan:scan])
		}
		if over := lastScan + forward - (scan - backward); over > 0 {
			cut := divide(old, raw, lastPos+forward-over, lastScan+forward-over, pos-backward, scan-backward, over)
			forward += cut - over
			backward -= cut
		}
		if s := (step{lastPos, forward, scan - backward - lastScan - forward}); s.length+s.literals > 0 {
			steps = append(steps, s)
		}
		lastScan, lastPos, lastOffset = scan-backward, pos-backward, pos-scan
	}
	return steps
}

// literalRun is how many bytes in a row must differ, not all by the same, for
// literals to be shorter than corrections.
const literalRun = 8

// splitRuns turns long runs of corrections, such as a changed hash, into
// literals.
func splitRuns(old, raw []byte, steps []step) []step {
	var out []step
	at := 0
	for _, s := range steps {
		end := at + s.length
		for i := 0; at+i < end; {
			run, even := 0, true
			for at+i+run < end && raw[at+i+run] != old[s.from+i+run] {
				even = even && raw[at+i+run]-old[s.from+i+run] == raw[at+i]-old[s.from+i]
				run++
			}
			if run >= literalRun && !even {
				out = append(out, step{s.from, i, run})
				at, s.from, s.length, i = at+i+run, s.from+i+run, s.length-i-run, 0
			} else {
				i += max(run, 1)
			}
		}
		if s.length+s.literals > 0 {
			out = append(out, s)
		}
		at = end + s.literals
	}
	return out
}

// reach returns how far a copy is worth going on: where twice the matching
// bytes less all bytes is greatest.
func reach(old, raw []byte) int {
	best, length, score := 0, 0, 0
	for i := 0; i < len(raw) && i < len(old); i++ {
		if old[i] == raw[i] {
			score += 2
		}
		score--
		if score > best {
			best, length = score, i+1
		}
	}
	return length
}

// reachBack is reach from the ends backwards.
func reachBack(old, raw []byte) int {
	best, length, score := 0, 0, 0
	for i := 1; i <= len(raw) && i <= len(old); i++ {
		if old[len(old)-i] == raw[len(raw)-i] {
			score += 2
		}
		score--
		if score > best {
			best, length = score, i
		}
	}
	return length
}

// divide gives over bytes that two copies claim to one or the other: it returns
// how many of them the first keeps.
func divide(old, raw []byte, first, firstNew, second, secondNew, over int) int {
	best, cut, score := 0, 0, 0
	for i := range over {
		if raw[firstNew+i] == old[first+i] {
			score++
		}
		if raw[secondNew+i] == old[second+i] {
			score--
		}
		if score > best {
			best, cut = score, i+1
		}
	}
	return cut
}

// encodeEdit writes the streams that lead from x.old to raw.
func encodeEdit(x *index, raw []byte, slack int) (streams [streamCount][]byte) {
	old := x.old
	at, expected := 0, 0
	for _, s := range splitRuns(old, raw, planEdit(x, raw, slack)) {
		copied := raw[at : at+s.length]
		fixes, last := 0, 0
		for i, b := range copied {
			if d := b - old[s.from+i]; d != 0 {
				streams[gapStream] = binary.AppendUvarint(streams[gapStream], uint64(i-last))
				streams[correctionStream] = append(streams[correctionStream], d)
				fixes, last = fixes+1, i+1
			}
		}
		steps := binary.AppendUvarint(streams[stepStream], uint64(s.length))
		steps = binary.AppendVarint(steps, int64(s.from-expected))
		steps = binary.AppendUvarint(steps, uint64(fixes))
		streams[stepStream] = binary.AppendUvarint(steps, uint64(s.literals))
		streams[literalStream] = append(streams[literalStream], raw[at+s.length:at+s.length+s.literals]...)
		at += s.length + s.literals
		expected = s.from + s.length + s.literals
	}
	return streams
}

// applyEdit undoes encodeEdit. The result has length rawLen, or it is an error.
func applyEdit(old []byte, streams [streamCount][]byte, rawLen int) ([]byte, error) {
	steps, gaps := reader{data: streams[stepStream]}, reader{data: streams[gapStream]}
	corrections, literals := streams[correctionStream], streams[literalStream]
	raw := make([]byte, 0, rawLen)
	from := 0
	for len(raw) < rawLen {
		length, seek, fixes, plain := steps.uvarint(), steps.varint(), steps.uvarint(), steps.uvarint()
		start, room := int64(from)+seek, uint64(rawLen-len(raw))
		if steps.bad || length+plain == 0 || length > room || plain > min(room-length, uint64(len(literals))) ||
			start < 0 || start > int64(len(old)) || length > uint64(int64(len(old))-start) || fixes > min(length, uint64(len(corrections))) {
			return nil, fmt.Errorf("%w: bad step near byte %d", ErrCorrupt, steps.at)
		}
		from = int(start) + int(length)
		at := len(raw)
		raw = append(raw, old[start:from]...)
		for _, d := range corrections[:fixes] {
			gap := gaps.uvarint()
			if gaps.bad || gap >= uint64(len(raw)-at) {
				return nil, fmt.Errorf("%w: bad gap near byte %d", ErrCorrupt, gaps.at)
			}
			at += int(gap)
			raw[at] += d
			at++
		}
		corrections = corrections[fixes:]
		raw = append(raw, literals[:plain]...)
		literals = literals[plain:]
		from += int(plain) // as if the literals stood in the place of as many old bytes
	}
	if steps.at != len(steps.data) || gaps.at != len(gaps.data) || len(corrections)+len(literals) != 0 {
		return nil, fmt.Errorf("%w: bytes are left over", ErrCorrupt)
	}
	return raw, nil
}

// maxStream bounds each stream by what it leads to; an edit that would need
// more is not worth having.
func maxStream(rawLen int) int { return rawLen + 64 }

// packEdit returns the shortest edit found; ok is false when there is none.
func packEdit(old, raw []byte) (best []byte, ok bool, err error) {
	x := newIndex(old)
	for _, slack := range slacks {
		data, fits, err := packStreams(old, raw, encodeEdit(x, raw, slack))
		if err != nil {
			return nil, false, err
		}
		if fits && (!ok || len(data) < len(best)) {
			best, ok = data, true
		}
	}
	return best, ok, nil
}

// packStreams returns the streams one after the other, each after its length
// and codec; ok is false when one is over maxStream.
func packStreams(old, raw []byte, streams [streamCount][]byte) (data []byte, ok bool, err error) {
	for i, stream := range streams {
		if len(stream) > maxStream(len(raw)) {
			return nil, false, nil
		}
		var dictionary []byte
		if i == literalStream && len(stream) >= minPrefixed {
			dictionary = old
		}
		p, err := encode(dictionary, stream, nil)
		if err != nil {
			return nil, false, err
		}
		data = p.append(data, len(stream))
	}
	return data, true, nil
}

// minPrefixed is how many literals make it worth trying the old content as
// their dictionary.
const minPrefixed = 48

// unpackEdit reads what packEdit wrote and applies it.
func unpackEdit(old, data []byte, rawLen int) ([]byte, error) {
	var streams [streamCount][]byte
	r := reader{data: data}
	for i := range streams {
		p, length, ok := r.part(maxStream(rawLen))
		if !ok || p.codec == Edit {
			return nil, fmt.Errorf("%w: bad stream near byte %d", ErrCorrupt, r.at)
		}
		var err error
		if streams[i], err = p.decode(old, length); err != nil {
			return nil, err
		}
	}
	if r.at != len(data) {
		return nil, fmt.Errorf("%w: bytes are left over", ErrCorrupt)
	}
	return applyEdit(old, streams, rawLen)
}
