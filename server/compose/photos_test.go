package compose

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/server/media"
	"github.com/pannier-maps/pannier/server/store/badger"
	"github.com/pannier-maps/pannier/server/store/local"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// gallery opens a library of photos with so many in it, and returns their hashes.
func gallery(t *testing.T, n int) (*media.Library, []string) {
	t.Helper()
	meta, err := badgerstore.Open(filepath.Join(t.TempDir(), "meta"), badgerstore.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { meta.Close() })
	private, err := localstore.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { private.Close() })
	l := media.New(media.Config{Meta: meta, Blobs: private})
	var hashes []string
	for i := range n {
		m := image.NewGray(image.Rect(0, 0, 40, 30))
		for x := range 40 {
			for y := range 30 {
				m.SetGray(x, y, color.Gray{uint8(x * (i + 1))})
			}
		}
		var file bytes.Buffer
		if err := png.Encode(&file, m); err != nil {
			t.Fatal(err)
		}
		a, err := l.Add(t.Context(), "town", "user/eva", &file, "")
		if err == nil {
			_, err = l.Describe(t.Context(), "town", a.Hash, "user/eva", media.Words{Credit: "Town", Licence: "CC-BY-4.0"})
		}
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, a.Hash)
	}
	return l, hashes
}

func withPhotos(f feature.Feature, hashes ...string) feature.Feature {
	for _, h := range hashes {
		f.Media = append(f.Media, feature.Media{Hash: h, Licence: "CC-BY-4.0"})
	}
	return f
}

// counted counts how often photos are read.
type counted struct {
	Photos
	read int
}

func (c *counted) Published(ctx context.Context, hash string) ([]byte, error) {
	c.read++
	return c.Photos.Published(ctx, hash)
}

// publishPhotos composes, and returns the photos by cell, what was said, and the
// manifest that a publish would make of it.
func publishPhotos(t *testing.T, c *Composer, last *manifest.Manifest) (map[cell.ID][]string, []string, *manifest.Manifest) {
	t.Helper()
	r, err := c.Catalog.Region(t.Context(), "mura")
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.Compose(t.Context(), r, last)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	m := &manifest.Manifest{Meta: d.Content.Meta, Entries: slices.Clone(d.Content.Kept)}
	got := make(map[cell.ID][]string)
	err = d.Content.Cells(t.Context(), func(key cell.Key, raw []byte) error {
		m.Entries = append(m.Entries, manifest.Entry{Key: key, Hash: blob.Sum(raw)})
		if key.Layer != cell.Media {
			return nil
		}
		for item, err := range cell.Items(raw) {
			if err != nil {
				return err
			}
			hash, _, _ := strings.Cut(string(item.Key), "/")
			want, err := c.Photos.(*counted).Photos.Published(t.Context(), hash)
			if err != nil || !bytes.Equal(want, item.Value) || string(item.Key) != hash+"/800" {
				t.Errorf("item %s has %d bytes; %v", item.Key, len(item.Value), err)
			}
			got[key.ID] = append(got[key.ID], hash)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(m.Entries, func(a, b manifest.Entry) int { return a.Key.Compare(b.Key) })
	return got, d.Warnings, m
}

func TestPhotos(t *testing.T) {
	c, _ := composer(t, "")
	library, hashes := gallery(t, 9)
	photos := &counted{Photos: library}
	c.Photos = photos
	near, far := museum("town/1", 161500000), museum("town/far", 175000000)
	gone := strings.Repeat("0", 64)
	give(t, c, "town", withPhotos(near, append([]string{gone}, hashes[:8]...)...), withPhotos(far, hashes[8], hashes[0]))
	got, said, first := publishPhotos(t, c, nil)
	want := slices.Sorted(slices.Values(hashes[:5])) // six are looked at, and one is not there
	if !slices.Equal(got[near.Cell()], want) || len(got[far.Cell()]) != 2 || len(got) != 2 {
		t.Errorf("photos %v, want %v near", got, want)
	}
	if len(said) != 1 || !strings.Contains(said[0], "town/1 goes without it") {
		t.Errorf("warnings %q", said)
	}
	// Again, nothing is read and nothing changes, until one is another.
	photos.read = 0
	got, _, second := publishPhotos(t, c, first)
	if photos.read != 0 || len(got) != 0 || !slices.Equal(second.Entries, first.Entries) {
		t.Errorf("published again: %d photos were read, %v were made; %v, was %v", photos.read, got, second.Entries, first.Entries)
	}
	if err := library.Delete(t.Context(), "town", hashes[8], "user/eva"); err != nil {
		t.Fatal(err)
	}
	got, said, third := publishPhotos(t, c, second)
	if photos.read != 1 || !slices.Equal(got[far.Cell()], hashes[:1]) || len(got) != 1 || len(said) != 2 {
		t.Errorf("after one was deleted: %d read, %v, %q", photos.read, got, said)
	}
	// What the cache has lost is made again, the same.
	c.Cache = t.TempDir()
	_, _, fourth := publishPhotos(t, c, third)
	if len(manifest.Diff(third, fourth)) != 0 {
		t.Errorf("made again they are %v", manifest.Diff(third, fourth))
	}
	give(t, c, "town", near, museum("town/far", 175000000))
	if got, said, fifth := publishPhotos(t, c, fourth); len(got)+len(said) != 0 || slices.ContainsFunc(fifth.Entries, func(e manifest.Entry) bool { return e.Key.Layer == cell.Media }) {
		t.Errorf("without photos: %v, %q", got, said)
	}
}

// heavy has photos of 3 MB.
type heavy struct{}

func (heavy) Shown(_ context.Context, hash string) (int64, error) {
	if strings.HasPrefix(hash, "f") {
		return 0, errors.New("disk on fire")
	}
	return 3 << 20, nil
}

func (heavy) Published(context.Context, string) ([]byte, error) { return nil, fs.ErrNotExist }

// Of too many photos in a cell, the first of each feature stay.
func TestTooManyPhotos(t *testing.T) {
	hash := func(c string) string { return strings.Repeat(c, 64) }
	p := &photoCells{photos: heavy{}}
	one, two := withPhotos(museum("a/1", 0), hash("1"), hash("2"), hash("3")), withPhotos(museum("a/2", 0), hash("4"))
	f := new(featureCells)
	got, err := p.choose(t.Context(), f, cell.World, map[string][]string{one.ID: photosOf(&one), two.ID: photosOf(&two)})
	if err != nil || !slices.Equal(got, []string{hash("1"), hash("4")}) {
		t.Errorf("chosen %v, %v", got, err)
	}
	if len(f.warnings) != 1 || !strings.Contains(f.warnings[0], "2 of them are left out") {
		t.Errorf("warnings %q", f.warnings)
	}
	bad := withPhotos(museum("a/1", 0), hash("f"))
	if _, err := p.choose(t.Context(), f, cell.World, map[string][]string{bad.ID: photosOf(&bad)}); err == nil {
		t.Error("a fault of the store is no reason to go without a photo")
	}
}
