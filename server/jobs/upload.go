package jobs

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// Limits of uploads.
const (
	MaxFile    = 200 << 20 // bytes of a file
	MaxHeld    = 512 << 20 // bytes that an organisation may hold in files
	MaxUploads = 50        // files that an organisation may hold
	UploadLife = 24 * time.Hour
	MaxName    = 200 // characters of a file's name
)

// Upload is a file that is being sent, or was.
type Upload struct {
	ID           string    `json:"id"`
	Organisation string    `json:"organisation"`
	Name         string    `json:"name"`
	Size         int64     `json:"size"`
	Offset       int64     `json:"offset"` // how much has arrived
	By           string    `json:"by"`
	Created      time.Time `json:"created"`
	Expires      time.Time `json:"expires"`
	// Job is the import that uses it, 0 while none does.
	Region string `json:"region,omitempty"`
	Job    uint64 `json:"job,omitempty"`
}

// Whole reports whether all of it has arrived.
func (u Upload) Whole() bool { return u.Offset == u.Size }

// Held is what an organisation holds.
type Held struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

func uploadKey(id string) []byte  { return records.Key("upload", id) }
func heldKey(org string) []byte   { return records.Key("uploading", org) }
func partPrefix(id string) []byte { return records.Key("part", id, "") }
func partKey(id string, offset int64) []byte {
	return records.Key("part", id, fmt.Sprintf("%016x", offset))
}

// newID returns 16 letters and digits that nobody guesses.
func newID() string {
	random := make([]byte, 10)
	rand.Read(random)
	return strings.ToLower(base32.StdEncoding.EncodeToString(random))
}

// CreateUpload makes room for a file of an organisation.
func (j *Jobs) CreateUpload(ctx context.Context, by, organisation, name string, size int64) (Upload, error) {
	switch {
	case size <= 0:
		return Upload{}, fmt.Errorf("%w: a file has at least one byte", ErrInvalid)
	case size > MaxFile:
		return Upload{}, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, size, MaxFile)
	}
	u := Upload{
		ID: newID(), Organisation: organisation, Name: fileName(name), Size: size, By: by,
		Created: j.at(), Expires: j.at().Add(UploadLife),
	}
	err := j.meta.Update(ctx, func(txn store.Txn) error {
		held, err := getHeld(txn, organisation)
		if err != nil {
			return err
		}
		held.Files++
		held.Bytes += size
		if held.Files > MaxUploads || held.Bytes > MaxHeld {
			return fmt.Errorf("%w: %d files of %d bytes with this one, at most %d of %d", ErrQuota, held.Files, held.Bytes, MaxUploads, int64(MaxHeld))
		}
		if err := records.Set(txn, heldKey(organisation), held); err != nil {
			return err
		}
		return records.Set(txn, uploadKey(u.ID), u)
	})
	return u, err
}

// fileName is what is kept of a file's name: its last part, without what is no
// text.
func fileName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	if name = feature.Clean(name, MaxName); name == "" {
		return "file"
	}
	return name
}

func getHeld(txn store.Txn, organisation string) (Held, error) {
	held, err := records.Get[Held](txn, heldKey(organisation))
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return held, err
}

// Upload returns an upload.
func (j *Jobs) Upload(ctx context.Context, id string) (u Upload, err error) {
	err = j.meta.View(ctx, func(txn store.Txn) error {
		u, err = getUpload(txn, id)
		return err
	})
	return u, err
}

func getUpload(txn store.Txn, id string) (Upload, error) {
	u, err := records.Get[Upload](txn, uploadKey(id))
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%w: upload %.40q", ErrNotFound, id)
	}
	return u, err
}

// RemoveUpload takes a file away, unless an import uses it.
func (j *Jobs) RemoveUpload(ctx context.Context, id string) error { return j.remove(ctx, id, 0) }

// remove takes a file away that a job uses, or none (0). An absent one is
// ErrNotFound.
func (j *Jobs) remove(ctx context.Context, id string, job uint64) error {
	var parts []string
	err := j.meta.Update(ctx, func(txn store.Txn) error {
		u, err := getUpload(txn, id)
		if err != nil {
			return err
		}
		if u.Job != job {
			return fmt.Errorf("%w: import %d uses the file", ErrState, u.Job)
		}
		held, err := getHeld(txn, u.Organisation)
		if err != nil {
			return err
		}
		held = Held{max(held.Files-1, 0), max(held.Bytes-u.Size, 0)}
		if err := records.Set(txn, heldKey(u.Organisation), held); err != nil {
			return err
		}
		offsets, err := records.Names(txn, partPrefix(id))
		if err != nil {
			return err
		}
		parts = nil
		for _, offset := range offsets {
			k := records.Key("part", id, offset)
			name, err := records.Get[string](txn, k)
			if err != nil {
				return err
			}
			parts = append(parts, name)
			if err := txn.Delete(k); err != nil {
				return err
			}
		}
		return txn.Delete(uploadKey(id))
	})
	if err != nil {
		return err
	}
	for _, name := range parts { // what a crash leaves, Sweep finds
		if err := j.private.Delete(ctx, name); err != nil {
			return err
		}
	}
	return nil
}
