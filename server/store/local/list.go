package localstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/pannier-maps/pannier/server/store"
)

// List implements store.BlobStore. It holds one folder's entries at each level.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := store.CheckPrefix(prefix)
		if err == nil {
			dir := path.Dir(prefix + "x") // the folder that holds all that can match
			_, err = s.walk(ctx, dir, prefix, yield)
		}
		if err != nil {
			yield("", fmt.Errorf("list %q: %w", prefix, err))
		}
	}
}

// walk yields the matching names below dir until yield returns false, which it
// passes on.
func (s *Store) walk(ctx context.Context, dir, prefix string, yield func(string, error) bool) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	entries, err := fs.ReadDir(s.root.FS(), dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if store.CheckName(name) != nil {
			continue // not ours
		}
		if e.IsDir() {
			name += "/"
		}
		names = append(names, name)
	}
	// By whole names: "alps-east/…" comes before "alps/…".
	slices.Sort(names)
	for _, name := range names {
		if sub, isDir := strings.CutSuffix(name, "/"); isDir {
			if !strings.HasPrefix(name, prefix) && !strings.HasPrefix(prefix, name) {
				continue
			}
			if more, err := s.walk(ctx, sub, prefix, yield); !more || err != nil {
				return false, err
			}
		} else if strings.HasPrefix(name, prefix) && !yield(name, nil) {
			return false, nil
		}
	}
	return true, nil
}
