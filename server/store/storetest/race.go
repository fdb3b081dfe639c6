package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pannier-maps/pannier/server/store"
)

func blobPutRace(t *testing.T, s store.BlobStore) {
	const writers = 16
	for round := range 5 {
		name := fmt.Sprintf("race/%d", round)
		var won atomic.Int32
		var winner atomic.Value
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				data := strings.Repeat(string(rune('a'+i)), 10_000)
				err := s.Put(t.Context(), name, []byte(data))
				if err == nil {
					won.Add(1)
					winner.Store(data)
				} else if !errors.Is(err, store.ErrExists) {
					t.Errorf("Put in a race gave %v", err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d of %d writers of different bytes won, want 1", won.Load(), writers)
		}
		wantBlob(t, s, name, winner.Load().(string))
		for range writers { // the same bytes: all win
			wg.Go(func() {
				if err := s.Put(t.Context(), name+"-same", []byte("same")); err != nil {
					t.Errorf("Put of the same bytes in a race: %v", err)
				}
			})
		}
		wg.Wait()
	}
}

func blobReplaceRace(t *testing.T, s store.BlobStore) {
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			data := strings.Repeat(string(rune('a'+i)), 100_000*(i+1))
			for range 10 {
				if err := s.Replace(t.Context(), "head", []byte(data)); err != nil {
					t.Errorf("Replace: %v", err)
				}
				got := read(t, s, "head")
				if n := len(got); n == 0 || strings.Trim(got, got[:1]) != "" || n != 100_000*(int(got[0]-'a')+1) {
					t.Errorf("read %d bytes mixed from two writers", n)
				}
			}
		})
	}
	wg.Wait()
	if got := list(t, s, ""); fmt.Sprint(got) != "[head]" {
		t.Errorf("left behind: %q", got)
	}
}
