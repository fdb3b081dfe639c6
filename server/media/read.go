package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// MaxPage is the longest page of a list.
const MaxPage = 200

// List returns an organisation's photos, the newest first, from a cursor on (""
// for the start), and the cursor of the next page, "" at the end.
func (l *Library) List(ctx context.Context, organisation, cursor string, limit int) (page []Photo, next string, err error) {
	if cursor != "" && (len(cursor) != 16+1+64 || cursor[16] != '/') {
		return nil, "", ErrCursor
	}
	limit = min(max(limit, 1), MaxPage)
	err = l.meta.View(ctx, func(txn store.Txn) error {
		page, next = nil, ""
		names, err := records.Names(txn, records.Key("media-new", organisation, ""))
		if err != nil {
			return err
		}
		for _, name := range names {
			if name <= cursor {
				continue
			}
			if len(page) == limit {
				next = last(page, organisation)
				break
			}
			m, err := load(txn, organisation, name[17:])
			if err != nil {
				return err
			}
			page = append(page, m)
		}
		return nil
	})
	return page, next, err
}

// last is the cursor after a page.
func last(page []Photo, organisation string) string {
	key := newKey(page[len(page)-1], organisation)
	return string(key[len(records.Key("media-new", organisation, "")):])
}

// Open opens one size of a photo.
func (l *Library) Open(ctx context.Context, hash string, side int) (store.Object, error) {
	o, err := l.blobs.Open(ctx, fileName(hash, side))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrBadName) {
		return nil, ErrNotFound
	}
	return o, err
}

// Owners lists the organisations that have a photo.
func (l *Library) Owners(ctx context.Context, hash string) (all []string, err error) {
	err = l.meta.View(ctx, func(txn store.Txn) error {
		all = nil
		names, err := records.Names(txn, records.Key("media-of", hash, ""))
		for _, organisation := range names {
			if _, missing := load(txn, organisation, hash); missing == nil {
				all = append(all, organisation)
			} else if !errors.Is(missing, ErrNotFound) {
				return missing
			}
		}
		return err
	})
	return all, err
}

// Shown returns how many bytes the size of a photo has that goes into bundles, as
// long as an organisation has it and told its terms; else fs.ErrNotExist.
func (l *Library) Shown(ctx context.Context, hash string) (int64, error) {
	o, err := l.shown(ctx, hash)
	if err != nil {
		return 0, err
	}
	return o.Size(), o.Close()
}

// Published returns the bytes that Shown counts.
func (l *Library) Published(ctx context.Context, hash string) ([]byte, error) {
	o, err := l.shown(ctx, hash)
	if err != nil {
		return nil, err
	}
	data := make([]byte, o.Size())
	_, err = io.ReadFull(o, data)
	return data, errors.Join(err, o.Close())
}

func (l *Library) shown(ctx context.Context, hash string) (store.Object, error) {
	may := false
	err := l.meta.View(ctx, func(txn store.Txn) error {
		may = false
		names, err := records.Names(txn, records.Key("media-of", hash, ""))
		for _, organisation := range names {
			m, err := records.Get[Photo](txn, mediaKey(organisation, hash))
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			may = may || m.Complete()
		}
		return err
	})
	if err == nil && !may {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	return l.blobs.Open(ctx, fileName(hash, Phone))
}

// Complete fills in what is known of the photos that a feature names by their
// hashes: type, size, licence and credit are the library's, the texts too where
// the feature has none. It lists those that the organisation does not have, or
// has not told the terms of.
func (l *Library) Complete(ctx context.Context, organisation string, f *feature.Feature) (problems []*feature.FieldError, err error) {
	all := append([]feature.Media(nil), f.Media...)
	err = l.meta.View(ctx, func(txn store.Txn) error {
		problems = nil
		for i := range all {
			if all[i].Hash == "" {
				continue
			}
			m, err := load(txn, organisation, all[i].Hash)
			switch {
			case errors.Is(err, ErrNotFound):
				problems = append(problems, &feature.FieldError{Field: fmt.Sprintf("media.%d.hash", i), Problem: "there is no such photo; upload it first"})
				continue
			case err != nil:
				return err
			case !m.Complete():
				problems = append(problems, &feature.FieldError{Field: fmt.Sprintf("media.%d.hash", i), Problem: "the photo's credit and licence are missing"})
				continue
			}
			all[i].Type, all[i].Width, all[i].Height, all[i].Licence, all[i].Credit = Type, m.Width, m.Height, m.Licence, m.Credit
			if len(all[i].Alt) == 0 {
				all[i].Alt = m.Alt
			}
		}
		return nil
	})
	if err == nil && len(problems) == 0 && len(all) > 0 {
		f.Media = all
	}
	return problems, err
}
