package head

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/signed"
)

// signatureBytes is an Ed25519 signature; in a note 4 bytes that name its key go
// before it.
const signatureBytes = 64

// AppendNext appends what tells a later head from an earlier one of the same
// region to somebody who has the earlier note and knows the later manifest's
// hash and length. ok is false when they differ in more than versions and times,
// such as in the key.
func AppendNext(dst, earlier, later []byte) (data []byte, ok bool) {
	a, err := Peek(earlier)
	if err != nil {
		return dst, false
	}
	b, err := Peek(later)
	if err != nil || b.Version <= a.Version {
		return dst, false
	}
	data = binary.AppendUvarint(dst, b.Version-a.Version-1)
	data = binary.AppendVarint(data, int64(b.Issued.Sub(a.Issued)/time.Second))
	data = binary.AppendVarint(data, int64(b.Expires.Sub(b.Issued)/time.Second-a.Expires.Sub(a.Issued)/time.Second))
	data = binary.AppendVarint(data, int64(b.ManifestStored)-int64(a.ManifestStored))
	if b.Version > a.Version+1 {
		data = append(data, b.Previous[:]...)
	}
	_, signature, single := signature(later)
	data = append(data, signature...)
	again, rest, err := ReadNext(earlier, data[len(dst):], b.Manifest, b.ManifestRaw)
	if !single || err != nil || len(rest) > 0 || string(again) != string(later) {
		return dst, false
	}
	return data, true
}

// ReadNext returns the later note from what AppendNext wrote, and what follows.
// Nothing about it has been checked but its form.
func ReadNext(earlier, data []byte, manifest blob.Hash, manifestRaw uint32) (later, rest []byte, err error) {
	h, err := Peek(earlier)
	if err != nil {
		return nil, nil, err
	}
	before, _, single := signature(earlier)
	r := numbers{data: data}
	more, issued, lasts, stored := r.uvarint(), r.seconds(), r.seconds(), r.varint()
	lasts += h.Expires.Sub(h.Issued)
	h.Previous = blob.Sum(earlier)
	if more > 0 {
		h.Previous = blob.Hash(r.bytes(len(h.Previous)))
	}
	stored += int64(h.ManifestStored)
	signed := r.bytes(signatureBytes)
	if r.bad || !single || more > math.MaxUint64-h.Version-1 || stored < 0 || stored > math.MaxUint32 {
		return nil, nil, fmt.Errorf("%w: its changes are cut short or impossible", ErrCorrupt)
	}
	h.Version += more + 1
	h.Issued = h.Issued.Add(issued)
	h.Expires = h.Issued.Add(lasts)
	h.Manifest, h.ManifestRaw, h.ManifestStored = manifest, manifestRaw, uint32(stored)
	text := h.text()
	if _, err := parse(text); err != nil {
		return nil, nil, err
	}
	line := before.name + " " + base64.StdEncoding.EncodeToString(append(before.key, signed...))
	return []byte(text + "\n" + line + "\n"), r.data, nil
}

// signer is how a note's line of a signature begins.
type signer struct {
	name string // with the dash before it
	key  []byte // 4 bytes
}

// signature returns who signed a note and the signature, if there is just one.
func signature(note []byte) (by signer, signature []byte, single bool) {
	_, lines := signed.Split(note)
	line, rest, _ := strings.Cut(string(lines), "\n")
	i := strings.LastIndexByte(line, ' ')
	if i < 0 || rest != "" {
		return by, nil, false
	}
	both, err := base64.StdEncoding.DecodeString(line[i+1:])
	if err != nil || len(both) != 4+signatureBytes {
		return by, nil, false
	}
	return signer{line[:i], both[:4:4]}, both[4:], true
}

// numbers walks bytes; bad is set by the first read beyond their end.
type numbers struct {
	data []byte
	bad  bool
}

func (r *numbers) bytes(n int) []byte {
	if r.bad || n > len(r.data) {
		r.bad = true
		return make([]byte, n)
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

func (r *numbers) uvarint() uint64 {
	n, w := binary.Uvarint(r.data)
	r.bytes(max(w, 0))
	r.bad = r.bad || w <= 0
	return n
}

func (r *numbers) varint() int64 {
	n, w := binary.Varint(r.data)
	r.bytes(max(w, 0))
	r.bad = r.bad || w <= 0
	return n
}

// seconds reads a time's difference, at most some centuries.
func (r *numbers) seconds() time.Duration {
	n := r.varint()
	r.bad = r.bad || n > 1<<32 || n < -1<<32
	return time.Duration(n) * time.Second
}
