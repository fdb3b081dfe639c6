package pull_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/delta"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// TestAttackShortUpdate answers with short updates that lie: nothing of them is
// installed, they take bounded memory, and the honest rest of the server leads to
// the new version nevertheless.
func TestAttackShortUpdate(t *testing.T) {
	b := newBattle(t)
	b.next()
	ctx := context.Background()
	versions, _ := b.ledger.Versions(ctx, "test")
	good := b.update(versions[1].Manifest, versions[1].Head)
	if good[0] != delta.ShortUpdate {
		t.Fatalf("the honest answer has form %d", good[0])
	}
	flipped := func(i int) []byte {
		body := bytes.Clone(good)
		body[i] ^= 1
		return body
	}
	add := []byte{delta.ShortUpdate, 0, 200, 1, 2, byte(cell.Media), 0, 0, 0, 0, 0, 0, 0, 1}
	bomb := func(claimed int64, content []byte) []byte {
		enc, err := zstd.NewWriter(nil)
		if err != nil {
			t.Fatal(err)
		}
		packed := enc.EncodeAll(content, nil)
		body := append(binary.AppendVarint(bytes.Clone(add), claimed), 0)
		body = binary.AppendUvarint(body, uint64(len(packed))<<3|uint64(delta.Plain))
		return append(body, packed...)
	}
	for name, body := range map[string][]byte{
		"nothing":                      {},
		"only the form":                {delta.ShortUpdate},
		"an unknown form":              {77},
		"cut in the middle":            good[:len(good)/2],
		"more than there is":           append(bytes.Clone(good), 0),
		"another cell":                 flipped(len(good) / 3),
		"another signature":            flipped(len(good) - 1),
		"another time":                 flipped(len(good) - 67),
		"a cell larger than any":       bomb(1<<40, make([]byte, 100)),
		"a bomb within the limit":      bomb(64<<20, make([]byte, 64<<20)),
		"a bomb beyond its length":     bomb(100, make([]byte, 512<<20)),
		"more cells than bytes":        {delta.ShortUpdate, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
		"keeps more cells than it has": {delta.ShortUpdate, 0, 1, 0xfd, 0xff, 0x7f},
	} {
		t.Run(name, func(t *testing.T) {
			d := b.device.Clone()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "/update/") {
					w.Header().Set("Content-Type", layout.UpdateType)
					w.Write(body)
					return
				}
				b.objects.ServeHTTP(w, r)
			}))
			defer server.Close()
			c := pull.NewClient(server.URL)
			defer c.Close()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if _, err := c.Pull(ctx, "test", d, pull.Options{Stage: filepath.Join(t.TempDir(), "stage"), Now: func() time.Time { return b.now }}); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			b.check(d, 3)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 200<<20 {
				t.Errorf("%d MB were allocated", grown>>20)
			}
		})
	}
}

// update returns what an honest server answers to a device.
func (b *battle) update(from blob.Hash, note []byte) []byte {
	r := httptest.NewRequest("GET", "/"+layout.Update("test", from), nil)
	r.Header.Set("If-None-Match", `"`+blob.Sum(note).Short()+`"`)
	w := httptest.NewRecorder()
	b.handler(true).ServeHTTP(w, r)
	return w.Body.Bytes()
}
