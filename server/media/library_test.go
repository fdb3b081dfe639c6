package media

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/badger"
	"github.com/pannier-maps/pannier/server/store/local"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// library opens a library in a new folder, with a clock that tests turn.
func library(t *testing.T) (*Library, *time.Time) {
	t.Helper()
	dir := t.TempDir()
	meta, err := badgerstore.Open(filepath.Join(dir, "meta"), badgerstore.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { meta.Close() })
	blobs, err := localstore.Open(filepath.Join(dir, "private"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { blobs.Close() })
	temp := filepath.Join(dir, "temp")
	if err := os.Mkdir(temp, 0o700); err != nil {
		t.Fatal(err)
	}
	l := New(Config{Meta: meta, Blobs: blobs, Temp: temp})
	clock := time.Now().UTC().Truncate(time.Second)
	l.now = func() time.Time { return clock }
	return l, &clock
}

func add(t *testing.T, l *Library, organisation string, file []byte) Added {
	t.Helper()
	a, err := l.Add(t.Context(), organisation, "user/eva", bytes.NewReader(file), "")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var terms = Words{Credit: "Farm by the Mura", Licence: "CC-BY-4.0", Alt: map[string]string{"en": "A yard with plum trees"}}

func TestAdd(t *testing.T) {
	l, _ := library(t)
	file := segment(asJPEG(t, scene(900, 600, 1)), 0xe1, append([]byte("Exif\x00\x00"), bled(1)...))
	sum := sha256.Sum256(file)
	a, err := l.Add(t.Context(), "farm", "user/eva", bytes.NewReader(file), hex.EncodeToString(sum[:]))
	if err != nil {
		t.Fatal(err)
	}
	if a.Known || a.Position == nil || *a.Position != atBled || len(a.Similar) != 0 || a.By != "user/eva" || a.Complete() {
		t.Errorf("added %+v", a)
	}
	for _, s := range a.Sizes {
		o, err := l.Open(t.Context(), a.Hash, s.Side)
		if err != nil || o.Size() != int64(s.Bytes) {
			t.Fatalf("size %d: %v", s.Side, err)
		}
		o.Close()
	}
	if _, err := l.Describe(t.Context(), "farm", a.Hash, "user/ana", terms); err != nil {
		t.Fatal(err)
	}
	// The same picture with other metadata is the same photo, and keeps its words.
	if again := add(t, l, "farm", asJPEG(t, scene(900, 600, 1))); !again.Known || again.Hash != a.Hash || again.Credit != terms.Credit || again.Position != nil {
		t.Errorf("added again %+v", again)
	}
	// Smaller, it is another that looks alike; in another organisation nobody knows.
	if small := add(t, l, "farm", asPNG(t, scene(450, 300, 1))); small.Known || !slices.Equal(small.Similar, []string{a.Hash}) {
		t.Errorf("half the size: %+v", small)
	}
	if theirs := add(t, l, "museum", file); theirs.Known || len(theirs.Similar) != 0 || theirs.Credit != "" || theirs.Hash != a.Hash {
		t.Errorf("another organisation's: %+v", theirs)
	}
	if owners, err := l.Owners(t.Context(), a.Hash); err != nil || !slices.Equal(owners, []string{"farm", "museum"}) {
		t.Errorf("owners %v, %v", owners, err)
	}
	if left, _ := os.ReadDir(l.temp); len(left) > 0 {
		t.Errorf("uploads were left: %v", left)
	}
}

func TestAddRefuses(t *testing.T) {
	l, _ := library(t)
	file := asPNG(t, scene(30, 20, 1))
	broken := errors.New("hung up")
	for name, test := range map[string]struct {
		from      io.Reader
		announced string
		want      error
	}{
		"nothing":       {strings.NewReader(""), "", ErrKind},
		"too long":      {io.LimitReader(nothing{}, MaxBytes+1), "", ErrTooLarge},
		"endless":       {nothing{}, "", ErrTooLarge},
		"other digest":  {bytes.NewReader(file), strings.Repeat("0", 64), ErrDigest},
		"hung up":       {io.MultiReader(bytes.NewReader(file), failing{broken}), "", broken},
		"not a picture": {strings.NewReader("hello"), "", ErrKind},
	} {
		if _, err := l.Add(t.Context(), "farm", "user/eva", test.from, test.announced); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	if !l.uploads.TryAcquire(maxUploads) {
		t.Fatal("places for uploads were lost")
	}
	if _, err := l.Add(t.Context(), "farm", "user/eva", bytes.NewReader(file), ""); !errors.Is(err, ErrBusy) {
		t.Errorf("with all places taken: %v", err)
	}
	if left, _ := os.ReadDir(l.temp); len(left) > 0 {
		t.Errorf("uploads were left: %v", left)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestDescribe(t *testing.T) {
	l, clock := library(t)
	a := add(t, l, "farm", asPNG(t, scene(30, 20, 1)))
	_, err := l.Describe(t.Context(), "farm", a.Hash, "user/ana", Words{Credit: " x", Licence: "all mine", Alt: map[string]string{"de": " ", "no tongue": "x"}})
	var invalid *InvalidError
	if !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	var fields []string
	for _, p := range invalid.Problems {
		fields = append(fields, p.Field)
	}
	if !slices.Equal(fields, []string{"credit", "licence", "alt.de", "alt"}) {
		t.Errorf("problems with %q: %v", fields, invalid.Problems)
	}
	if _, err := l.Describe(t.Context(), "farm", a.Hash, "user/ana", Words{}); !errors.As(err, &invalid) || len(invalid.Problems) != 2 {
		t.Errorf("without anything: %v", err)
	}
	for _, licence := range []string{"CC0-1.0", "LicenseRef-Tourist-Board", "CC-BY-SA-3.0-AT"} {
		w := terms
		w.Licence = licence
		if m, err := l.Describe(t.Context(), "farm", a.Hash, "user/ana", w); err != nil || !m.Complete() || m.Editor != "user/ana" || !m.Edited.Equal(*clock) {
			t.Errorf("%s: %+v, %v", licence, m, err)
		}
	}
	for _, other := range []string{"museum", "farms"} {
		if _, err := l.Describe(t.Context(), other, a.Hash, "user/ana", terms); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", other, err)
		}
	}
}

func TestList(t *testing.T) {
	l, clock := library(t)
	var want []string
	for i := range 5 {
		*clock = clock.Add(time.Second)
		want = append([]string{add(t, l, "farm", asPNG(t, scene(30, 20, i))).Hash}, want...)
	}
	add(t, l, "museum", asPNG(t, scene(30, 20, 9)))
	var got []string
	for cursor, more := "", true; more; {
		page, next, err := l.List(t.Context(), "farm", cursor, 2)
		if err != nil || len(page) > 2 {
			t.Fatal(page, err)
		}
		for _, m := range page {
			got = append(got, m.Hash)
		}
		cursor, more = next, next != ""
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %q, want the newest first: %q", got, want)
	}
	for _, bad := range []string{"x", strings.Repeat("a", 81)} {
		if _, _, err := l.List(t.Context(), "farm", bad, 2); !errors.Is(err, ErrCursor) {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
}

func TestPublishedAndDeleted(t *testing.T) {
	l, _ := library(t)
	file := asPNG(t, scene(900, 600, 1))
	a := add(t, l, "farm", file)
	published := func(want error) {
		t.Helper()
		data, err := l.Published(t.Context(), a.Hash)
		if !errors.Is(err, want) || err == nil && (len(data) == 0 || len(data) != a.Sizes[1].Bytes) {
			t.Errorf("%d bytes, %v; want %v", len(data), err, want)
		}
	}
	f := feature.Feature{Media: []feature.Media{{Hash: a.Hash, Alt: map[string]string{"de": "Hof"}}, {URL: "https://example.org/a.jpg", Licence: "CC0-1.0"}}}
	complete := func(organisation, want string) {
		t.Helper()
		problems, err := l.Complete(t.Context(), organisation, &f)
		if err != nil || fmt.Sprint(problems) != want {
			t.Errorf("%v, %v; want %s", problems, err, want)
		}
	}
	published(fs.ErrNotExist)
	complete("farm", "[media.0.hash: the photo's credit and licence are missing]")
	complete("museum", "[media.0.hash: there is no such photo; upload it first]")
	if f.Media[0].Licence != "" {
		t.Error("what cannot be was filled in")
	}
	if _, err := l.Describe(t.Context(), "farm", a.Hash, "user/eva", terms); err != nil {
		t.Fatal(err)
	}
	published(nil)
	complete("farm", "[]")
	if m := f.Media[0]; m.Licence != terms.Licence || m.Credit != terms.Credit || m.Width != 900 || m.Height != 600 || m.Type != Type || m.Alt["de"] != "Hof" || len(m.Alt) != 1 {
		t.Errorf("filled in %+v", m)
	}
	add(t, l, "museum", file)
	if err := l.Delete(t.Context(), "farm", a.Hash, "user/eva"); err != nil {
		t.Fatal(err)
	}
	published(fs.ErrNotExist) // the museum has not said its terms
	if err := l.Delete(t.Context(), "farm", a.Hash, "user/eva"); !errors.Is(err, ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	if page, _, err := l.List(t.Context(), "farm", "", 10); err != nil || len(page) > 0 {
		t.Errorf("it is still listed: %v, %v", page, err)
	}
	if back := add(t, l, "farm", file); back.Known || back.Credit != "" {
		t.Errorf("uploaded again it is %+v", back)
	}
}

func TestSweep(t *testing.T) {
	l, clock := library(t)
	ctx := t.Context()
	kept, shared, gone, mute := add(t, l, "farm", asPNG(t, scene(30, 20, 1))), add(t, l, "farm", asPNG(t, scene(30, 20, 2))), add(t, l, "farm", asPNG(t, scene(30, 20, 3))), add(t, l, "farm", asPNG(t, scene(30, 20, 4)))
	add(t, l, "museum", asPNG(t, scene(30, 20, 2)))
	for _, w := range []struct{ organisation, hash string }{{"farm", kept.Hash}, {"museum", shared.Hash}, {"farm", shared.Hash}, {"farm", gone.Hash}} {
		if _, err := l.Describe(ctx, w.organisation, w.hash, "user/eva", terms); err != nil {
			t.Fatal(err)
		}
	}
	for _, hash := range []string{shared.Hash, gone.Hash} {
		if err := l.Delete(ctx, "farm", hash, "user/eva"); err != nil {
			t.Fatal(err)
		}
	}
	stray := strings.Repeat("ab", 32)
	if err := l.blobs.Put(ctx, fileName(stray, Small), []byte("left by a crash")); err != nil {
		t.Fatal(err)
	}
	if swept, err := l.Sweep(ctx, Grace); err != nil || swept != (Swept{}) {
		t.Errorf("within the grace: %+v, %v", swept, err)
	}
	*clock = clock.Add(Grace + time.Hour)
	fresh := add(t, l, "farm", asPNG(t, scene(30, 20, 5)))
	swept, err := l.Sweep(ctx, Grace)
	if err != nil || swept.Records != 3 || swept.Photos != 2 || swept.Files != 7 || swept.Bytes == 0 {
		t.Errorf("swept %+v, %v", swept, err)
	}
	for hash, stays := range map[string]bool{kept.Hash: true, shared.Hash: true, fresh.Hash: true, gone.Hash: false, mute.Hash: false, stray: false} {
		o, err := l.Open(ctx, hash, Small)
		if (err == nil) != stays {
			t.Errorf("%s: %v, want it to stay: %v", hash, err, stays)
		}
		if err == nil {
			o.Close()
		}
	}
	if again, err := l.Sweep(ctx, Grace); err != nil || again != (Swept{}) {
		t.Errorf("swept again: %+v, %v", again, err)
	}
	var left []string
	l.meta.View(ctx, func(txn store.Txn) error {
		for kv := range txn.Scan([]byte("media")) {
			left = append(left, string(kv.Key))
		}
		return nil
	})
	if len(left) != 3*3 {
		t.Errorf("records left: %q", left)
	}
}

// Uploads and sweeps at once lose no photo.
func TestSweepMeanwhile(t *testing.T) {
	l, _ := library(t)
	files := [][]byte{asPNG(t, scene(30, 20, 1)), asPNG(t, scene(30, 20, 2))}
	var group sync.WaitGroup
	stop := make(chan struct{})
	sweeper := make(chan struct{})
	go func() {
		defer close(sweeper)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := l.Sweep(t.Context(), -time.Hour); err != nil { // everything without terms is due
				t.Error(err)
				return
			}
		}
	}()
	for i, file := range files {
		group.Go(func() {
			for range 5 {
				a, err := l.Add(t.Context(), fmt.Sprint("farm-", i), "user/eva", bytes.NewReader(file), "")
				if err != nil {
					t.Error(err)
					return
				}
				_, err = l.Describe(t.Context(), fmt.Sprint("farm-", i), a.Hash, "user/eva", terms)
				if errors.Is(err, ErrNotFound) {
					continue // it was swept before it had words
				}
				if _, err := l.Published(t.Context(), a.Hash); err != nil {
					t.Errorf("described and gone: %v", err)
				}
			}
		})
	}
	group.Wait()
	close(stop)
	<-sweeper
}
