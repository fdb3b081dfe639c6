package pull

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
)

// accept checks and remembers a head that the server gives, or in its place the
// one that the server names beside it as being rolled out: when this device is
// among the first, or has that version already. What the server says of it is a
// hint; the head is checked like any other.
func (p *puller) accept(ctx context.Context, object string, note []byte, next string) error {
	n, ok := layout.ParseNext(next)
	if !ok || !p.amongFirst(n) {
		return p.take(ctx, object, note)
	}
	if p.wasHead != nil && blob.Sum(p.was.HeadNote).Short() == n.Head {
		return p.take(ctx, object, p.was.HeadNote)
	}
	name := layout.PastHead(p.region, n.Head)
	first, _, err := p.client.get(ctx, name, head.MaxBytes, "")
	switch {
	case errors.Is(err, ErrNotFound):
		return p.take(ctx, object, note)
	case err != nil:
		return err
	}
	return p.take(ctx, name, first)
}

// amongFirst tells whether a version that is rolled out is for this device. Who
// is among 5 percent is among 25, too; who is the first this time may be the last
// the next.
func (p *puller) amongFirst(n layout.Next) bool {
	if p.wasHead != nil && p.wasHead.Version == n.Version {
		return true
	}
	if len(p.opts.Seed) == 0 {
		return false
	}
	return lot(p.opts.Seed, p.region, n.Version) < uint64(n.Share)
}

// lot is a number below 100 that a device draws for a version.
func lot(seed []byte, region string, version uint64) uint64 {
	h := sha256.New()
	h.Write(seed)
	h.Write(binary.BigEndian.AppendUint64([]byte(region), version))
	return binary.BigEndian.Uint64(h.Sum(nil)) % 100
}
