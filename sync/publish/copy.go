package publish

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/pannier-maps/pannier/sync/layout"
)

// Copy brings every object of one site to another that lacks it: first what
// never changes, roots among it, then histories, then heads, and the list of regions last, so
// that a client of the copy never meets a head without its objects. It returns
// how many objects it wrote.
func Copy(ctx context.Context, from interface {
	Get(ctx context.Context, name string) ([]byte, error)
	List(ctx context.Context, prefix string) iter.Seq2[string, error]
}, to Objects, progress func(stage string, done, total int64)) (written int64, err error) {
	turns := make([][]string, 4)
	var total int64
	for name, err := range from.List(ctx, "v1/") {
		if err != nil {
			return 0, fmt.Errorf("list the site: %w", err)
		}
		turn := 0
		switch {
		case name == layout.Regions:
			turn = 3
		case strings.HasSuffix(name, "/head"):
			turn = 2
		case strings.HasSuffix(name, "/history.json"):
			turn = 1
		}
		turns[turn] = append(turns[turn], name)
		total++
	}
	var done int64
	for turn, names := range turns {
		for _, name := range names {
			if progress != nil {
				progress("copy", done, total)
			}
			done++
			data, err := from.Get(ctx, name)
			if err != nil {
				return written, err
			}
			if there, err := to.Get(ctx, name); err == nil && bytes.Equal(there, data) {
				continue
			}
			put := to.Put
			if turn > 0 {
				put = to.Replace
			}
			if err := put(ctx, name, data); err != nil {
				return written, fmt.Errorf("write %s: %w", name, err)
			}
			written++
		}
	}
	return written, nil
}
