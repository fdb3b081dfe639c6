package pull_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/delta"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/root"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// padded makes a stored object as long as another by a frame that a reader of
// zstd skips, so that only its content gives it away.
func padded(t *testing.T, stored []byte, length int) []byte {
	t.Helper()
	n := length - len(stored) - 8
	if n < 0 {
		t.Fatalf("%d bytes cannot be padded to %d", len(stored), length)
	}
	stored = binary.LittleEndian.AppendUint32(bytes.Clone(stored), 0x184D2A50)
	return append(binary.LittleEndian.AppendUint32(stored, uint32(n)), make([]byte, n)...)
}

// One manifest covers all layers: there is no way to serve some from another
// version.
func TestAttackMixedLayers(t *testing.T) {
	b := newBattle(t)
	ctx := context.Background()
	fresh := &battle{world: b.world, device: new(sitetest.Device), server: b.serve(false), now: b.now}
	versions, _ := b.ledger.Versions(ctx, "test")
	name := layout.Manifest("test", versions[1].Manifest)
	old := must(b.objects.Get(ctx, layout.Manifest("test", versions[0].Manifest)))
	restore := b.put(name, padded(t, old, len(must(b.objects.Get(ctx, name)))))
	fresh.wantRefused("the manifest of version 1", blob.ErrCorrupt)
	restore()
	small, large := cell.Key{Layer: cell.Features, ID: cell.New(11, 0, 7)}, cell.Key{Layer: cell.Tiles, ID: cell.New(11, 0, 7)}
	name = layout.Blob(blob.Sum(b.versions[1][large]))
	old = must(b.objects.Get(ctx, layout.Blob(blob.Sum(b.versions[0][small]))))
	restore = b.put(name, padded(t, old, len(must(b.objects.Get(ctx, name)))))
	fresh.wantRefused("a cell of version 1, of another layer", blob.ErrCorrupt)
	restore()
	fresh.wantPull(2)
	fresh.check(fresh.device, 2)
}

// TestAttackTruncated cuts objects short at many places.
func TestAttackTruncated(t *testing.T) {
	b := newBattle(t)
	b.rotate(nil)
	b.next()
	static := b.serve(false)
	versions, _ := b.ledger.Versions(context.Background(), "test")
	for _, name := range []string{layout.Root(2), layout.Head("test"), layout.Delta("test", versions[1].Manifest, versions[2].Manifest)} {
		good := must(b.objects.Get(context.Background(), name))
		for i := 0; i < len(good); i += 1 + len(good)/40 {
			restore := b.put(name, good[:i])
			dynamic := b.server
			b.server = static
			b.wantRefused(name, nil)
			b.server = dynamic
			restore()
		}
	}
	b.wantPull(3)
	b.check(b.device, 3)
}

// TestAttackEndless answers with bodies that never end, one kind of object after
// the other. No more than what the object may have is read.
func TestAttackEndless(t *testing.T) {
	b := newBattle(t)
	b.rotate(nil)
	b.next()
	var attacked atomic.Value // a string: earlier answers may still be under way when it changes
	attacked.Store("")
	var sent atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if kind := attacked.Load().(string); kind == "" || !strings.Contains(r.URL.Path+"$", kind) {
			b.objects.ServeHTTP(w, r)
			return
		}
		sent.Store(0)
		w.Header().Set("Content-Type", "application/octet-stream")
		for r.Context().Err() == nil && sent.Load() < 1<<30 {
			n, err := w.Write(make([]byte, 1<<16))
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}))
	defer server.Close()
	b.server = server
	const buffers = 16 << 20 // of both kernels' sockets
	for _, attack := range []struct {
		kind  string
		limit int64
	}{
		{"/roots/", root.MaxBytes}, // first: whoever has the root asks for none
		{"/head$", head.MaxBytes}, {"/update/", head.MaxBytes + 1<<20}, {"/deltas/", 0}, {"/blobs/", 1 << 20}, {"/manifests/", 1 << 20},
	} {
		k := attack.kind
		attacked.Store(k)
		if k == "/blobs/" || k == "/manifests/" { // what only a first pull asks for
			b := &battle{world: b.world, device: new(sitetest.Device), server: server, now: b.now}
			b.wantRefused(k, pull.ErrLength)
		} else {
			b.wantRefused(k, pull.ErrLength)
		}
		if sent.Load() > attack.limit+buffers {
			t.Errorf("%s: %d bytes were taken", k, sent.Load())
		}
	}
	attacked.Store("")
	b.wantPull(3)
}

// TestAttackBombs serves frames that unpack to far more than they should, under
// a head that a stolen key has signed: nothing but the bounds is left.
func TestAttackBombs(t *testing.T) {
	b := newBattle(t)
	b.server = b.serve(false) // one that makes no deltas: its memory would count too
	ctx := context.Background()
	var bomb bytes.Buffer
	w, err := zstd.NewWriter(&bomb, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(zstd.MinWindowSize))
	if err != nil {
		t.Fatal(err)
	}
	for range 256 {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	key := cell.Key{Layer: cell.Tiles, ID: cell.World}
	entry := manifest.Entry{Key: key, Hash: blob.Sum([]byte("bomb")), Raw: 100, Stored: uint32(bomb.Len())}
	m := manifest.Manifest{Meta: manifest.Meta{Region: "test", Name: "Test", MinReader: 1}, Entries: []manifest.Entry{entry}}
	encoded := must(m.Encode())
	stored := must(blob.Pack(encoded))
	name := blob.Sum(encoded)
	b.put(layout.Blob(entry.Hash), bomb.Bytes())
	b.put(layout.Manifest("test", name), stored)
	offer := func(what string, stored int, want error) {
		t.Helper()
		restore := b.put(layout.Head("test"), b.head("", func(h *head.Head) {
			h.Version, h.Manifest, h.ManifestRaw, h.ManifestStored = 3, name, uint32(len(encoded)), uint32(stored)
		}))
		defer restore()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		b.wantRefused(what, want)
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
			t.Errorf("%s: %d MB were allocated", what, grown>>20)
		}
	}
	offer("a cell", len(stored), blob.ErrCorrupt)
	b.put(layout.Manifest("test", name), bomb.Bytes())
	offer("the manifest", bomb.Len(), blob.ErrCorrupt)
	versions, _ := b.ledger.Versions(ctx, "test")
	prelude := binary.BigEndian.AppendUint64(nil, binary.BigEndian.Uint64(versions[1].Manifest[:8]))
	prelude = binary.AppendUvarint(append(prelude, byte(delta.Plain)), uint64(bomb.Len()))
	prelude = append(append(prelude, bomb.Bytes()...), 0)
	b.put(layout.Delta("test", versions[1].Manifest, name), append(binary.AppendUvarint([]byte("PNDL\x01"), uint64(len(prelude))), prelude...))
	offer("a delta's manifest", bomb.Len(), blob.ErrCorrupt)
	b.next()
	b.wantPull(3)
}
