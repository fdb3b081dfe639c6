package editing

import (
	"context"
	"fmt"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// History returns a feature's versions, newest first, from rev first (0: the
// newest) on. One that never was is ErrNotFound.
func (d *Desk) History(ctx context.Context, region string, ref catalog.Ref, first uint32, limit int) ([]catalog.Version, error) {
	versions, err := d.catalog.History(ctx, region, ref, first, limit)
	if err != nil || len(versions) > 0 {
		return versions, err
	}
	r, err := d.catalog.Get(ctx, region, ref)
	if err != nil {
		return nil, err
	}
	if !r.Exists() {
		return nil, fmt.Errorf("%w: feature %s", ErrNotFound, ref.ID)
	}
	// Imported before there was a history.
	was := catalog.Line{Stamp: r.Stamp, Action: catalog.Created, Ref: ref, After: r.Hash()}
	return []catalog.Version{{Rev: 0, Line: was, Content: r.Content}}, nil
}

// Compare returns what differs between two versions of a feature; 0 is nothing.
func (d *Desk) Compare(ctx context.Context, region string, ref catalog.Ref, from, to uint32) ([]Field, error) {
	var raw [2][]byte
	for i, rev := range [2]uint32{from, to} {
		if rev == 0 {
			continue
		}
		content, err := d.version(ctx, region, ref, rev)
		if err != nil {
			return nil, err
		}
		if raw[i], err = d.catalog.Read(ctx, content); err != nil {
			return nil, err
		}
	}
	return Diff(raw[0], raw[1]), nil
}

func (d *Desk) version(ctx context.Context, region string, ref catalog.Ref, rev uint32) (catalog.Content, error) {
	versions, err := d.catalog.History(ctx, region, ref, rev, 1)
	if err != nil {
		return catalog.Content{}, err
	}
	if len(versions) == 0 || versions[0].Rev != rev {
		return catalog.Content{}, fmt.Errorf("%w: version %d of %s", ErrNotFound, rev, ref.ID)
	}
	return versions[0].Content, nil
}

// Restore returns the write that makes a feature what it was at a revision, on
// the base that the caller has seen.
func (d *Desk) Restore(ctx context.Context, region string, ref catalog.Ref, rev uint32, base string) (Write, error) {
	w := Write{Ref: ref, Base: base}
	content, err := d.version(ctx, region, ref, rev)
	if err != nil || !content.Exists() {
		return w, err
	}
	raw, err := d.catalog.Read(ctx, content)
	if err != nil {
		return w, err
	}
	w.Feature, err = feature.Parse(raw)
	return w, err
}

// Audit returns lines of a region's journal, newest first, from number first
// (0: the newest) on.
func (d *Desk) Audit(ctx context.Context, region string, first uint64, limit int) ([]catalog.Line, error) {
	return d.catalog.Lines(ctx, region, first, min(max(limit, 1), MaxPage))
}

// Difference is a proposal with what it changes.
type Difference struct {
	Proposal
	Fields []Field
	// Current is the hash of what the record is now, when that is neither the base
	// nor what is proposed: a conflict.
	Current string
}

// Differences lists a change's proposals with their before and after, from
// number first on, at most limit and as many as fit into a page.
func (d *Desk) Differences(ctx context.Context, region string, number uint64, first, limit int) ([]Difference, error) {
	proposals, err := d.Proposals(ctx, region, number, first, min(max(limit, 1), MaxPage))
	if err != nil {
		return nil, err
	}
	var all []Difference
	size := 0
	for _, p := range proposals {
		if size >= MaxPageBytes {
			break
		}
		one := Difference{Proposal: p}
		after, err := d.catalog.Read(ctx, p.Content)
		if err != nil {
			return nil, err
		}
		before, now, err := d.before(ctx, region, p)
		if err != nil {
			return nil, err
		}
		if clashes(now, p) {
			one.Current = now.Hash()
		}
		one.Fields = Diff(before, after)
		size += len(before) + len(after)
		all = append(all, one)
	}
	return all, nil
}

// before returns the bytes that a proposal was made on, and the record of now.
func (d *Desk) before(ctx context.Context, region string, p Proposal) ([]byte, catalog.Record, error) {
	now, err := d.catalog.Get(ctx, region, p.Ref)
	if err != nil || p.Base == "" {
		return nil, now, err
	}
	if now.Hash() == p.Base {
		raw, err := d.catalog.Read(ctx, now.Content)
		return raw, now, err
	}
	versions, err := d.catalog.History(ctx, region, p.Ref, 0, 50)
	if err != nil {
		return nil, now, err
	}
	for _, v := range versions {
		if v.After == p.Base {
			raw, err := d.catalog.Read(ctx, v.Content)
			return raw, now, err
		}
	}
	return nil, now, nil
}
