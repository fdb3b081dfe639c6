package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/pannier-maps/pannier/sync/layout"
)

// Listed is a site whose objects can be listed.
type Listed interface {
	Get(ctx context.Context, name string) ([]byte, error)
	List(ctx context.Context, prefix string) iter.Seq2[string, error]
}

// Copy brings every object of one site to another that lacks it: first what
// never changes, roots among it, then histories, then heads, and the list of regions last, so
// that a client of the copy never meets a head without its objects. It returns
// how many objects it wrote.
func Copy(ctx context.Context, from Listed, to Objects, progress func(stage string, done, total int64)) (written int64, err error) {
	turns, total, err := inTurns(ctx, from, func(string) bool { return true })
	if err != nil {
		return 0, err
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

// Prune deletes from a copy what the site has no longer, as its garbage was
// collected. Run it after Copy, without which the copy's heads may lead to what
// goes; what goes last is what others lead to. A phone that is downloading a
// version which goes finds that out and takes the new one. Prune returns how many
// objects it deleted; ErrOtherSite, and none, when the site is not the one that
// was copied: roots tell.
func Prune(ctx context.Context, site, copied Listed, remove func(ctx context.Context, name string) error) (deleted int64, err error) {
	ours, err := site.Get(ctx, layout.Root(1))
	if err == nil {
		var theirs []byte
		if theirs, err = copied.Get(ctx, layout.Root(1)); err == nil && !bytes.Equal(ours, theirs) {
			err = errors.New("the roots differ")
		}
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrOtherSite, err)
	}
	there := make(map[string]bool)
	for name, err := range site.List(ctx, "v1/") {
		if err != nil {
			return 0, fmt.Errorf("list the site: %w", err)
		}
		there[name] = true
	}
	turns, _, err := inTurns(ctx, copied, func(name string) bool { return !there[name] })
	if err != nil {
		return 0, err
	}
	for _, names := range slices.Backward(turns) {
		for _, name := range names {
			if err := remove(ctx, name); err != nil {
				return deleted, fmt.Errorf("remove %s: %w", name, err)
			}
			deleted++
		}
	}
	return deleted, nil
}

// ErrOtherSite is returned by Prune for a copy of another site.
var ErrOtherSite = errors.New("the folder does not hold a copy of this site")

// inTurns lists the objects that want chooses in the order in which they are
// written: each turn's lead to those before.
func inTurns(ctx context.Context, from Listed, want func(name string) bool) (turns [][]string, total int64, err error) {
	turns = make([][]string, 4)
	for name, err := range from.List(ctx, "v1/") {
		if err != nil {
			return nil, 0, fmt.Errorf("list the site: %w", err)
		}
		if !want(name) {
			continue
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
	return turns, total, nil
}
