package pull

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/pannier-maps/pannier/sync/delta"
)

// firstBytes is how much of a delta is asked for to learn what is in it.
const firstBytes = 4 << 10

// downloadRange appends to a file that holds an object's bytes from start on what
// it lacks of them up to end, or to the object's end.
func (c *Client) downloadRange(ctx context.Context, object, path string, s span, received func(n int64)) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	err = c.retry(ctx, func(ctx context.Context) (int64, error) {
		info, err := f.Stat()
		if err != nil {
			return 0, final{err}
		}
		want := span{s.start + info.Size(), s.end}
		if want.length() <= 0 {
			return 0, nil
		}
		res, err := c.request(ctx, object, want, "")
		if err != nil {
			return 0, err
		}
		defer res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return 0, final{errNoRanges}
		}
		if _, total, ok := strings.Cut(res.Header.Get("Content-Range"), "/"); ok {
			if n, err := strconv.ParseInt(total, 10, 64); err == nil {
				want.end = min(want.end, n)
			}
		}
		n, err := io.Copy(countedFile{f, received}, io.LimitReader(res.Body, want.length()))
		if err == nil && n < want.length() {
			err = fmt.Errorf("%w: %d of %d bytes", io.ErrUnexpectedEOF, n, want.length())
		}
		return n, err
	})
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%s: %w", object, err)
	}
	return nil
}

// fetchSpans stages spans of an object, which must be in rising order, several
// at once.
func (p *puller) fetchSpans(ctx context.Context, object string, spans []span) error {
	var done atomic.Int64
	var total int64
	for _, s := range spans {
		total += s.length()
	}
	received := func(n int64) { p.report("download", done.Add(n), total) }
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for _, s := range spans {
		into, err := p.stage.piece(object, s.start)
		if err != nil {
			return err
		}
		g.Go(func() error {
			return p.client.downloadRange(ctx, object, into.path, span{into.start, s.end}, received)
		})
	}
	return g.Wait()
}

// openDelta stages a delta's prelude and reads it. Unless brief is set the
// delta's other bytes are staged with it in the same request.
func (p *puller) openDelta(ctx context.Context, name string, brief bool) (*delta.Delta, error) {
	need := int64(firstBytes)
	for {
		d, err := p.prelude(name)
		var short *shortPrelude
		if !errors.As(err, &short) {
			return d, err
		}
		if !brief {
			return p.wholeDelta(ctx, name)
		}
		had, err := p.stage.piece(name, 0)
		if err != nil {
			return nil, err
		}
		need = max(need, short.need)
		err = p.fetchSpans(ctx, name, []span{{0, need}})
		if errors.Is(err, errNoRanges) {
			return p.wholeDelta(ctx, name)
		}
		if err != nil {
			return nil, err
		}
		if now, err := p.stage.piece(name, 0); err != nil || now.end == had.end {
			return nil, errors.Join(fmt.Errorf("%w: it ends after %d bytes", delta.ErrCorrupt, now.end), err)
		}
	}
}

// wholeDelta stages a delta in one request and checks its length.
func (p *puller) wholeDelta(ctx context.Context, name string) (*delta.Delta, error) {
	into, err := p.stage.piece(name, 0)
	if err != nil {
		return nil, err
	}
	report := func(done, total int64) { p.report("download", done, total) }
	if err := p.client.downloadAll(ctx, name, into.path, delta.MaxBytes, report); err != nil {
		return nil, err
	}
	d, err := p.prelude(name)
	var short *shortPrelude
	if errors.As(err, &short) {
		err = fmt.Errorf("%w: %w", delta.ErrCorrupt, err)
	}
	if err != nil {
		return nil, err
	}
	if into, err = p.stage.piece(name, 0); err == nil && into.end != d.Length {
		err = fmt.Errorf("%w: %d bytes, expected %d", delta.ErrCorrupt, into.end, d.Length)
	}
	return d, err
}

// shortPrelude tells that more of the delta is needed to read its prelude.
type shortPrelude struct{ need int64 }

func (s *shortPrelude) Error() string {
	return fmt.Sprintf("its prelude alone has %d bytes", s.need)
}

// prelude reads a delta's prelude from what is staged.
func (p *puller) prelude(name string) (*delta.Delta, error) {
	const lengthBytes = 16
	start, err := p.stage.piece(name, 0)
	if err != nil {
		return nil, err
	}
	if start.end < lengthBytes {
		return nil, &shortPrelude{lengthBytes}
	}
	from := sparse{start}
	head := make([]byte, lengthBytes)
	if _, err := from.ReadAt(head, 0); err != nil {
		return nil, err
	}
	n, err := delta.PreludeLength(head)
	if err != nil {
		return nil, err
	}
	if int64(n) > start.end {
		return nil, &shortPrelude{int64(n)}
	}
	prelude := make([]byte, n)
	if _, err := from.ReadAt(prelude, 0); err != nil {
		return nil, err
	}
	return delta.Parse(prelude)
}

// fetchSegments stages the segments of a delta that are wanted: by themselves
// where that takes less than all that is missing of the delta.
func (p *puller) fetchSegments(ctx context.Context, h *hop, wanted []span) error {
	pieces, err := p.stage.pieces(h.name)
	if err != nil {
		return err
	}
	gaps := missing(join(wanted), pieces)
	if all := missing([]span{{0, h.delta.Length}}, pieces); len(gaps) > 0 && cost(all) <= cost(gaps) {
		gaps = all
	}
	err = p.fetchSpans(ctx, h.name, gaps)
	if errors.Is(err, errNoRanges) {
		if err := p.stage.drop(h.name); err != nil {
			return err
		}
		_, err = p.wholeDelta(ctx, h.name)
	}
	if err == nil {
		h.from, err = p.stage.pieces(h.name)
	}
	return err
}
