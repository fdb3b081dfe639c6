package media

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

// Grace is how long deleted photos, and those that nobody told the terms of,
// are kept.
const Grace = 30 * 24 * time.Hour

// Swept counts what a sweep removed.
type Swept struct {
	Records int   `json:"records"` // of organisations
	Photos  int   `json:"photos"`
	Files   int   `json:"files"`
	Bytes   int64 `json:"bytes"`
}

// Sweep removes records of photos that were deleted, or have been without terms,
// for the grace; then the files of photos that no organisation has any more, and
// files of that age that a crash left. It may be stopped at any time. Uploads
// wait for it to end.
func (l *Library) Sweep(ctx context.Context, grace time.Duration) (swept Swept, err error) {
	l.sweep.Lock()
	defer l.sweep.Unlock()
	before := l.now().Add(-grace)
	if err := l.dropRecords(ctx, before, &swept); err != nil {
		return swept, err
	}
	if err := l.dropPhotos(ctx, &swept); err != nil {
		return swept, err
	}
	return swept, l.dropFiles(ctx, before, &swept)
}

// dropRecords removes what organisations no longer have.
func (l *Library) dropRecords(ctx context.Context, before time.Time, swept *Swept) error {
	type owned struct{ organisation, hash string }
	var old []owned
	due := func(m Photo) bool {
		return m.Gone != nil && m.Gone.Before(before) || m.Gone == nil && !m.Complete() && m.At.Before(before)
	}
	err := l.meta.View(ctx, func(txn store.Txn) error {
		old = nil
		prefix := records.Key("media", "")
		for kv, err := range txn.Scan(prefix) {
			if err != nil {
				return err
			}
			var m Photo
			if err := json.Unmarshal(kv.Value, &m); err != nil {
				return fmt.Errorf("record %s: %w", kv.Key, err)
			}
			if due(m) {
				organisation, hash, _ := strings.Cut(string(kv.Key[len(prefix):]), "/")
				old = append(old, owned{organisation, hash})
			}
		}
		return nil
	})
	for _, o := range old {
		if err != nil {
			return err
		}
		dropped := 0
		err = l.meta.Update(ctx, func(txn store.Txn) error {
			dropped = 0
			m, err := records.Get[Photo](txn, mediaKey(o.organisation, o.hash))
			if err != nil || !due(m) {
				return err
			}
			dropped = 1
			return errors.Join(txn.Delete(mediaKey(o.organisation, o.hash)), txn.Delete(newKey(m, o.organisation)), txn.Delete(ofKey(o.hash, o.organisation)))
		})
		swept.Records += dropped
	}
	return err
}

// dropPhotos removes the records of photos that nobody has.
func (l *Library) dropPhotos(ctx context.Context, swept *Swept) error {
	var free []string
	err := l.meta.View(ctx, func(txn store.Txn) error {
		owned := make(map[string]bool)
		names, err := records.Names(txn, records.Key("media-of", ""))
		if err != nil {
			return err
		}
		for _, name := range names {
			hash, _, _ := strings.Cut(name, "/")
			owned[hash] = true
		}
		free = nil
		names, err = records.Names(txn, records.Key("photo", ""))
		for _, hash := range names {
			if !owned[hash] {
				free = append(free, hash)
			}
		}
		return err
	})
	for _, hash := range free {
		if err != nil {
			return err
		}
		if err = l.dropFile(ctx, hash, swept); err != nil {
			return err
		}
		err = l.meta.Update(ctx, func(txn store.Txn) error { return txn.Delete(photoKey(hash)) })
		swept.Photos++
	}
	return err
}

// dropFile removes the files of a photo.
func (l *Library) dropFile(ctx context.Context, hash string, swept *Swept) error {
	for _, s := range sizes {
		o, err := l.blobs.Open(ctx, fileName(hash, s.side))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		size := o.Size()
		if err := errors.Join(o.Close(), l.blobs.Delete(ctx, fileName(hash, s.side))); err != nil {
			return err
		}
		swept.Files, swept.Bytes = swept.Files+1, swept.Bytes+size
	}
	return nil
}

// dropFiles removes old files without a record.
func (l *Library) dropFiles(ctx context.Context, before time.Time, swept *Swept) error {
	var hashes []string
	for name, err := range l.blobs.List(ctx, "media/") {
		if err != nil {
			return err
		}
		hash, _, _ := strings.Cut(strings.TrimPrefix(name, "media/"), "/")
		if n := len(hashes); n == 0 || hashes[n-1] != hash {
			hashes = append(hashes, hash)
		}
	}
	for _, hash := range hashes {
		known := false
		err := l.meta.View(ctx, func(txn store.Txn) (err error) {
			known, err = records.Has(txn, photoKey(hash))
			return err
		})
		if err != nil {
			return err
		}
		if known || !l.older(ctx, hash, before) {
			continue
		}
		if err := l.dropFile(ctx, hash, swept); err != nil {
			return err
		}
	}
	return nil
}

// older reports whether all files of a photo are of before a time.
func (l *Library) older(ctx context.Context, hash string, before time.Time) bool {
	for _, s := range sizes {
		o, err := l.blobs.Open(ctx, fileName(hash, s.side))
		if err != nil {
			continue
		}
		young := !o.ModTime().Before(before)
		o.Close()
		if young {
			return false
		}
	}
	return true
}
