package offline

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/pannier-maps/pannier/clients/offline/offlinetest"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/tiles/cell"
)

func TestFullDisk(t *testing.T) {
	ctx := context.Background()
	small := offlinetest.Content{Tiles: map[cell.ID][]byte{cell.World: []byte("small")}}
	large := offlinetest.Content{Tiles: map[cell.ID][]byte{cell.World: make([]byte, 1<<20)}}
	rand.NewChaCha8([32]byte{}).Read(large.Tiles[cell.World])
	r, err := Open(filepath.Join(t.TempDir(), "drava.mbtiles"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	limit := func(pages int) {
		if _, err := r.write.Exec(`PRAGMA max_page_count = ` + strconv.Itoa(pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(30)
	if err := r.Apply(ctx, offlinetest.Version(t, "drava", 1, large, pull.State{})); !errors.Is(err, ErrFull) {
		t.Errorf("first Apply: %v, want ErrFull", err)
	}
	if _, err := r.State(ctx); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("State: %v, want fs.ErrNotExist", err)
	}
	if err := r.Apply(ctx, offlinetest.Version(t, "drava", 1, small, pull.State{})); err != nil {
		t.Fatal(err)
	}
	was, err := r.State(ctx)
	if err != nil {
		t.Fatal(err)
	}
	next := offlinetest.Version(t, "drava", 2, large, was)
	if err := r.Apply(ctx, next); !errors.Is(err, ErrFull) {
		t.Errorf("second Apply: %v, want ErrFull", err)
	}
	if err := r.Verify(ctx, nil); err != nil {
		t.Errorf("Verify: %v", err)
	}
	if h, err := r.Head(ctx); err != nil || h.Version != 1 {
		t.Errorf("Head = %v, %v, want version 1", h, err)
	}
	limit(1 << 20)
	if err := r.Apply(ctx, next); err != nil {
		t.Errorf("Apply with space again: %v", err)
	}
}

// TestImmutable opens a file as one on a medium that cannot be written.
func TestImmutable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "drava.mbtiles")
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	content := offlinetest.Content{Tiles: map[cell.ID][]byte{cell.World: []byte("small")}}
	if err := r.Apply(context.Background(), offlinetest.Version(t, "drava", 1, content, pull.State{})); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if !whole(path) {
		t.Error("a closed region has a journal")
	}
	read, err := openReader(path, "ro&immutable=1")
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	if err := (&Region{path: path, read: read}).Verify(context.Background(), nil); err != nil {
		t.Error(err)
	}
}
