package publish_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// slow is a site on which deltas take long to write.
type slow struct {
	*sitetest.Objects
	mu       sync.Mutex
	put, cut int // deltas that were begun, and those of them that were called off
}

func (s *slow) Put(ctx context.Context, name string, data []byte) error {
	if !strings.Contains(name, "/deltas/") {
		return s.Objects.Put(ctx, name, data)
	}
	s.mu.Lock()
	s.put++
	s.mu.Unlock()
	select {
	case <-time.After(time.Minute):
		return s.Objects.Put(ctx, name, data)
	case <-ctx.Done():
		s.mu.Lock()
		s.cut++
		s.mu.Unlock()
		return ctx.Err()
	}
}

// A delta that takes long keeps nobody from answers that need none, is made once
// for all who ask, for none longer than they wait, and not when nobody waits.
func TestUpdatesTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		site := &slow{Objects: sitetest.NewObjects()}
		ledger := sitetest.NewLedger(t, "test")
		var versions []publish.Version
		for n := range 8 {
			content := sitetest.Content(map[cell.Key][]byte{
				{Layer: cell.Features, ID: cell.New(11, 1, 1)}: fmt.Append(bytes.Repeat([]byte("text "), 300), n),
			})
			p := &publish.Publisher{Objects: site.Objects, Ledger: ledger}
			result, err := p.Publish(ctx, ledger.Region, content, publish.Note{})
			if err != nil {
				t.Fatal(err)
			}
			versions = append(versions, result.Version)
		}
		var unmade []publish.Version // from which no delta leads to the last
		for _, v := range versions[:7] {
			if _, err := site.Get(ctx, layout.Delta("test", v.Manifest, versions[7].Manifest)); errors.Is(err, fs.ErrNotExist) {
				unmade = append(unmade, v)
			}
		}
		if len(unmade) < 3 {
			t.Fatalf("%d deltas are not made yet", len(unmade))
		}
		updates := publish.NewUpdates(site)
		ask := func(ctx context.Context, from publish.Version, part bool) (took time.Duration, err error) {
			start := time.Now()
			body, _, err := updates.Update(ctx, "test", from.Manifest.Short(), "", part)
			if err == nil && len(body) == 0 {
				err = errors.New("no answer")
			}
			return time.Since(start), err
		}

		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		var all sync.WaitGroup
		for i := range 20 { // one that gives up, and many that wait
			all.Go(func() {
				ctx, want, wantErr := ctx, time.Minute, error(nil)
				if i == 0 {
					ctx, want, wantErr = short, time.Second, context.DeadlineExceeded
				}
				if took, err := ask(ctx, unmade[0], i%2 == 0); took != want || !errors.Is(err, wantErr) {
					t.Errorf("request %d took %v: %v", i, took, err)
				}
			})
		}
		time.Sleep(100 * time.Millisecond)
		if took, err := ask(ctx, versions[6], false); took != 0 || err != nil {
			t.Errorf("beside a slow delta, one that is made took %v: %v", took, err)
		}
		all.Wait()
		if site.put != 1 {
			t.Errorf("the delta was made %d times", site.put)
		}
		if took, err := ask(ctx, unmade[0], true); took != 0 || err != nil {
			t.Errorf("asked again, it took %v: %v", took, err)
		}

		impatient, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		for range 3 {
			all.Go(func() {
				if took, err := ask(impatient, unmade[1], false); took != time.Second || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the impatient one waited %v: %v", took, err)
				}
			})
		}
		all.Wait()
		synctest.Wait()
		if site.put != 2 || site.cut != 1 {
			t.Errorf("%d deltas were begun and %d called off, want 2 and 1", site.put, site.cut)
		}
		if took, err := ask(ctx, unmade[1], false); took != time.Minute || err != nil {
			t.Errorf("after that, it took %v: %v", took, err)
		}
	})
}
