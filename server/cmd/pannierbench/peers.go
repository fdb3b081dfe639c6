package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// peer makes a patch from one file to another.
type peer struct {
	program string
	what    string
	// ways to call it, the best first: an older build may lack an option.
	ways [][]string // old, new and patch stand for the files
}

var peers = []peer{
	{"zstd", "zstd -19 --long=27 --patch-from", [][]string{{"-19", "--long=27", "-q", "-f", "--patch-from=old", "new", "-o", "patch"}}},
	{"bsdiff", "bsdiff", [][]string{{"old", "new", "patch"}}},
	{"xdelta3", "xdelta3 -9 -S lzma", [][]string{
		{"-e", "-9", "-S", "lzma", "-f", "-s", "old", "new", "patch"},
		{"-e", "-9", "-f", "-s", "old", "new", "patch"},
	}},
}

// patches returns the length of each peer's patch between the files old and new
// in a folder.
func (b *bench) patches(ctx context.Context, dir string) (map[string]int64, error) {
	sizes := make(map[string]int64)
	for _, p := range peers {
		if !b.installed(p.program) {
			continue
		}
		var size int64
		var err error
		for i, way := range p.ways {
			if size, err = p.patch(ctx, dir, way); err == nil && i > 0 {
				b.absent("%s: it lacks an option, so it is called as: %s", p.what, strings.Join(way, " "))
			}
			if err == nil || ctx.Err() != nil {
				break
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.program, err)
		}
		sizes[p.program] = size
	}
	return sizes, nil
}

func (p peer) patch(ctx context.Context, dir string, way []string) (int64, error) {
	if err := os.RemoveAll(filepath.Join(dir, "patch")); err != nil {
		return 0, err
	}
	cmd := command(ctx, p.program, way...)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%w: %s", err, text)
	}
	info, err := os.Stat(filepath.Join(dir, "patch"))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
