package editing

import (
	"context"

	"github.com/pannier-maps/pannier/server/catalog"
)

// Checker returns a function that checks one write of an actor as Save and Write
// will, and keeps nothing: it returns the write's ref and the canonical bytes
// that would be written, none of a deletion.
func (d *Desk) Checker(ctx context.Context, a Actor, region string) (func(Write) (catalog.Ref, []byte, error), error) {
	r, err := d.rules(ctx, region, a)
	if err != nil {
		return nil, err
	}
	return func(w Write) (catalog.Ref, []byte, error) {
		ref, err := r.fill(w.Ref, w.Feature)
		if err != nil || w.Feature == nil {
			return ref, nil, err
		}
		f := *w.Feature
		if err := d.photos(ctx, r, ref, &f); err != nil {
			return ref, nil, err
		}
		raw, err := r.canonical(ref, &f)
		return ref, raw, err
	}, nil
}
