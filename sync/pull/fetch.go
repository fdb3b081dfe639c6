package pull

import (
	"context"
	"os"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/manifest"
)

// object returns a packed object's content, fetching what the stage lacks. The
// content is checked; a resumed download that fails the check is thrown away
// and fetched whole once.
func (p *puller) object(ctx context.Context, name string, stored int64, raw uint32, want blob.Hash, received func(int64)) ([]byte, error) {
	if data, err := p.stage.read(name); err == nil {
		if content, err := blob.Open(data, int(raw), want); err == nil {
			received(stored)
			return content, nil
		}
		if err := p.stage.drop(name); err != nil {
			return nil, err
		}
	}
	for {
		resumed := p.stage.partial(name) > 0
		if err := p.client.download(ctx, name, p.stage.part(name), stored, received); err != nil {
			return nil, err
		}
		data, err := os.ReadFile(p.stage.part(name))
		if err != nil {
			return nil, err
		}
		content, err := blob.Open(data, int(raw), want)
		if err == nil {
			return content, p.stage.complete(name)
		}
		received(-stored)
		if err = p.reject(name, err); !resumed {
			return nil, err
		}
	}
}

// fetchBlobs stages the blobs of entries, several at once.
func (p *puller) fetchBlobs(ctx context.Context, entries []manifest.Entry) error {
	var done atomic.Int64
	var total int64
	for _, e := range entries {
		total += int64(e.Stored)
		done.Add(p.stage.partial(layout.Blob(e.Hash)))
	}
	received := func(n int64) { p.report("download", done.Add(n), total) }
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	fetching := make(map[blob.Hash]bool) // cells may share content
	for _, e := range entries {
		name := layout.Blob(e.Hash)
		if fetching[e.Hash] {
			continue
		}
		fetching[e.Hash] = true
		g.Go(func() error {
			_, err := p.object(ctx, name, int64(e.Stored), e.Raw, e.Hash, received)
			return err
		})
	}
	return g.Wait()
}
