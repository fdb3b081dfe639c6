package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

// Config is what a library needs. Meta and Blobs are required.
type Config struct {
	Meta  store.MetaStore
	Blobs store.BlobStore
	// Temp is a folder for uploads on their way, files named pannier-upload-…;
	// "" is the system's.
	Temp string
	// Memory is how many bytes decoding may take for all photos at once; 0 is
	// 1 GiB. A photo that would take more by itself is refused.
	Memory int64
}

// The most uploads that are received at once, and of those, that lie in memory.
const (
	maxUploads = 64
	maxInside  = 4
)

// Library is the photos of one server.
type Library struct {
	meta    store.MetaStore
	blobs   store.BlobStore
	temp    string
	now     func() time.Time
	maker   maker
	uploads *semaphore.Weighted
	inside  *semaphore.Weighted
	sweep   sync.RWMutex // writers are those that delete files
}

// New returns the library kept in the given stores.
func New(c Config) *Library {
	if c.Memory == 0 {
		c.Memory = 1 << 30
	}
	return &Library{
		meta: c.Meta, blobs: c.Blobs, temp: c.Temp, now: func() time.Time { return time.Now().UTC().Truncate(time.Second) },
		maker:   maker{semaphore.NewWeighted(c.Memory), c.Memory, patience},
		uploads: semaphore.NewWeighted(maxUploads), inside: semaphore.NewWeighted(int64(max(maxInside, runtime.GOMAXPROCS(0)))),
	}
}

func mediaKey(organisation, hash string) []byte { return records.Key("media", organisation, hash) }

func newKey(m Photo, organisation string) []byte {
	return records.Key("media-new", organisation, fmt.Sprintf("%016x", uint64(math.MaxInt64-m.At.UnixNano())), m.Hash)
}

func ofKey(hash, organisation string) []byte { return records.Key("media-of", hash, organisation) }

func photoKey(hash string) []byte { return records.Key("photo", hash) }

func fileName(hash string, side int) string { return "media/" + hash + "/" + strconv.Itoa(side) }

// Added is what became of an upload.
type Added struct {
	Photo
	Known    bool      `json:"known" doc:"the organisation had this photo already; it stays as it is"`
	Position *Position `json:"position,omitempty" doc:"where it says it was taken; this is not kept"`
	Similar  []string  `json:"similar" doc:"photos of the organisation that look alike, at most 10"`
}

// Add takes an upload: a file of at most MaxBytes with the given SHA-256 in hex,
// "" when it was not announced. The photo waits for its words: before Describe
// nobody sees it but the organisation, and Sweep takes it away some day.
//
// A photo that was deleted is back, without its words.
func (l *Library) Add(ctx context.Context, organisation, by string, file io.Reader, announced string) (Added, error) {
	if !l.uploads.TryAcquire(1) {
		return Added{}, ErrBusy
	}
	defer l.uploads.Release(1)
	up, err := l.receive(file, announced)
	if err != nil {
		return Added{}, err
	}
	defer up.close()
	if err := l.inside.Acquire(ctx, 1); err != nil {
		return Added{}, err
	}
	defer l.inside.Release(1)
	data, err := up.read()
	if err != nil {
		return Added{}, err
	}
	m, err := l.maker.photo(ctx, data)
	if err != nil {
		return Added{}, err
	}
	l.sweep.RLock()
	defer l.sweep.RUnlock()
	for _, s := range sizes {
		err := l.blobs.Put(ctx, fileName(m.Hash, s.side), m.files[s.side])
		if err != nil && !errors.Is(err, store.ErrExists) { // made by an older encoder: it stays
			return Added{}, fmt.Errorf("store photo: %w", err)
		}
	}
	return l.enter(ctx, organisation, by, m)
}

// enter writes the records of a photo whose files are there.
func (l *Library) enter(ctx context.Context, organisation, by string, m *made) (out Added, err error) {
	now := l.now()
	err = l.meta.Update(ctx, func(txn store.Txn) error {
		out = Added{Position: m.at}
		if out.Similar, err = similar(txn, organisation, m); err != nil {
			return err
		}
		old, err := records.Get[Photo](txn, mediaKey(organisation, m.Hash))
		switch {
		case err == nil && old.Gone == nil:
			out.Photo, out.Known = old, true
			return nil
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return err
		}
		p, err := records.Get[Picture](txn, photoKey(m.Hash))
		if errors.Is(err, store.ErrNotFound) {
			p, err = m.Picture, nil
			p.Made = now
			err = records.Set(txn, photoKey(m.Hash), p)
		}
		if err != nil {
			return err
		}
		out.Photo = Photo{Picture: p, Given: m.given, At: now, By: by}
		return errors.Join(
			records.Set(txn, mediaKey(organisation, m.Hash), out.Photo),
			records.Set(txn, newKey(out.Photo, organisation), p.Look),
			records.Set(txn, ofKey(m.Hash, organisation), true),
		)
	})
	return out, err
}

// similar lists an organisation's photos that look like one.
func similar(txn store.Txn, organisation string, m *made) ([]string, error) {
	alike, n := []string{}, 0
	prefix := records.Key("media-new", organisation, "")
	for kv, err := range txn.Scan(prefix) {
		if err != nil {
			return nil, err
		}
		_, hash, _ := strings.Cut(string(kv.Key[len(prefix):]), "/")
		if n++; n >= MaxPhotos {
			return nil, ErrTooMany
		}
		if hash != m.Hash && len(alike) < 10 && looksLike(strings.Trim(string(kv.Value), "\"\n"), m.Look) {
			alike = append(alike, hash)
		}
	}
	return alike, nil
}

// Describe says whom to name for a photo, under which terms it may be shown, and
// what it shows. An *InvalidError names the members that cannot be.
func (l *Library) Describe(ctx context.Context, organisation, hash, by string, w Words) (m Photo, err error) {
	if problems := w.check(); len(problems) > 0 {
		return m, &InvalidError{problems}
	}
	now := l.now()
	return m, l.change(ctx, organisation, hash, &m, func(store.Txn) error {
		m.Words, m.Edited, m.Editor = w, &now, by
		return nil
	})
}

// Delete takes a photo from an organisation. Features that name it go on without
// it from the next publish on; its files go with Sweep.
func (l *Library) Delete(ctx context.Context, organisation, hash, by string) error {
	now, m := l.now(), Photo{}
	return l.change(ctx, organisation, hash, &m, func(txn store.Txn) error {
		m.Gone, m.Goner = &now, by
		return txn.Delete(newKey(m, organisation))
	})
}

// change changes the record of a photo that is there.
func (l *Library) change(ctx context.Context, organisation, hash string, m *Photo, fn func(store.Txn) error) error {
	return l.meta.Update(ctx, func(txn store.Txn) (err error) {
		if *m, err = load(txn, organisation, hash); err != nil {
			return err
		}
		if err := fn(txn); err != nil {
			return err
		}
		return records.Set(txn, mediaKey(organisation, hash), m)
	})
}

func load(txn store.Txn, organisation, hash string) (Photo, error) {
	m, err := records.Get[Photo](txn, mediaKey(organisation, hash))
	if errors.Is(err, store.ErrNotFound) || err == nil && m.Gone != nil {
		return Photo{}, ErrNotFound
	}
	return m, err
}

// Get returns an organisation's photo.
func (l *Library) Get(ctx context.Context, organisation, hash string) (m Photo, err error) {
	err = l.meta.View(ctx, func(txn store.Txn) error {
		m, err = load(txn, organisation, hash)
		return err
	})
	return m, err
}
