package editing

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// Filter says which records a list is about. Zero members ask for nothing.
type Filter struct {
	Box          *Box
	Text         string // in a name or the id, whatever the marks
	Category     string // and those below
	Language     string // it has a name or a description in
	Without      string // it has neither in
	Kind         feature.Kind
	Source       string
	Organisation string
	Since        time.Time // written then or later
	Gone         bool      // tombstones in place of features
}

// Box is south-west and north-east.
type Box struct{ Min, Max cell.Point }

// Page is a part of a list, by source and id.
type Page struct {
	Entries []Entry
	// Next begins the following page; "" at the end. What is written between two
	// pages shows on the second if it comes later in the order.
	Next string
}

// Entry is a record of a list.
type Entry struct {
	Ref    catalog.Ref
	Record catalog.Record
	Raw    []byte // canonical bytes, nil of a tombstone
}

// MaxPage is the longest page, in records; MaxPageBytes cuts it after so much
// content.
const (
	MaxPage      = 1000
	MaxPageBytes = 8 << 20
)

// List returns the records that a filter asks for, from a cursor ("": the
// start) on, at most limit.
func (d *Desk) List(ctx context.Context, region string, f Filter, cursor string, limit int) (Page, error) {
	after, err := readCursor(cursor)
	if err != nil {
		return Page{}, err
	}
	x, err := d.index(ctx, region)
	if err != nil {
		return Page{}, err
	}
	var owners map[string]string
	if f.Organisation != "" {
		if owners, err = d.owners(ctx, region); err != nil {
			return Page{}, err
		}
	}
	limit = min(max(limit, 1), MaxPage)
	refs, more := x.matching(f, owners, after, limit)
	var page Page
	err = d.meta.View(ctx, func(txn store.Txn) error {
		page = Page{}
		size := 0
		for i, ref := range refs {
			if size >= MaxPageBytes {
				page.Next = writeCursor(refs[i-1])
				return nil
			}
			r, err := d.catalog.RecordIn(txn, region, ref)
			if err != nil {
				return err
			}
			if r.Exists() == f.Gone || r.At.IsZero() {
				continue // written since
			}
			e := Entry{Ref: ref, Record: r}
			if e.Raw, err = d.catalog.Read(ctx, r.Content); err != nil {
				return err
			}
			size += len(e.Raw)
			page.Entries = append(page.Entries, e)
		}
		return nil
	})
	if page.Next == "" && more && len(refs) > 0 {
		page.Next = writeCursor(refs[len(refs)-1])
	}
	return page, err
}

// matching returns the refs of rows that a filter asks for, after one.
func (x *index) matching(f Filter, owners map[string]string, after catalog.Ref, limit int) (refs []catalog.Ref, more bool) {
	f.Text = fold(f.Text)
	x.mu.RLock()
	defer x.mu.RUnlock()
	i, there := x.find(after)
	if there {
		i++
	}
	for _, r := range x.rows[i:] {
		if !f.asks(r, owners) {
			continue
		}
		if len(refs) == limit {
			return refs, true
		}
		refs = append(refs, r.ref)
	}
	return refs, false
}

// Count returns how many records a filter asks for.
func (d *Desk) Count(ctx context.Context, region string, f Filter) (n int, err error) {
	x, err := d.index(ctx, region)
	if err != nil {
		return 0, err
	}
	owners, err := d.owners(ctx, region)
	if err != nil {
		return 0, err
	}
	f.Text = fold(f.Text)
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, r := range x.rows {
		if f.asks(r, owners) {
			n++
		}
	}
	return n, nil
}

func (f *Filter) asks(r *row, owners map[string]string) bool {
	if b := f.Box; b != nil && (!r.placed || r.min.LonE7 > b.Max.LonE7 || r.max.LonE7 < b.Min.LonE7 || r.min.LatE7 > b.Max.LatE7 || r.max.LatE7 < b.Min.LatE7) {
		return false
	}
	return r.gone == f.Gone &&
		(f.Kind == "" || r.kind == f.Kind) &&
		(f.Source == "" || r.ref.Source == f.Source) &&
		(f.Organisation == "" || owner(owners, r.ref.Source) == f.Organisation) &&
		(f.Category == "" || r.category == f.Category || strings.HasPrefix(r.category, f.Category+".")) &&
		(f.Language == "" || slices.Contains(r.languages, f.Language)) &&
		(f.Without == "" || !slices.Contains(r.languages, f.Without)) &&
		(f.Since.IsZero() || !r.at.Before(f.Since)) &&
		(f.Text == "" || strings.Contains(r.text, f.Text))
}
