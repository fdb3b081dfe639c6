package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// transfer is a program that brings a file on a server to a device that has an
// older one.
type transfer struct {
	name    string // as in a report
	program string // the Debian package has the same name
	// fetch brings what is new. In dir are "old" and "site/new"; url serves the
	// folder site. It makes "out", and counts the bytes itself when the program
	// does not speak to url.
	fetch     func(ctx context.Context, dir, url string) (own int64, err error)
	partsFrom int64 // of the folder that is served
}

var transfers = []transfer{
	{name: "zsync", program: "zsync", fetch: func(ctx context.Context, dir, url string) (int64, error) {
		if err := within(ctx, dir, "zsyncmake", "-u", url+"/new", "-o", "site/new.zsync", "site/new"); err != nil {
			return 0, err
		}
		return 0, within(ctx, dir, "zsync", "-q", "-i", "old", "-o", "out", url+"/new.zsync")
	}},
	{name: "rsync -z", program: "rsync", fetch: func(ctx context.Context, dir, _ string) (int64, error) {
		if err := copyFile(filepath.Join(dir, "out"), filepath.Join(dir, "old")); err != nil {
			return 0, err
		}
		cmd := command(ctx, "rsync", "-z", "--no-whole-file", "--ignore-times", "--stats", "--no-human-readable", "site/new", "out")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		text, err := cmd.CombinedOutput()
		if err != nil {
			return 0, fmt.Errorf("%w: %s", err, text)
		}
		return rsyncTotal(text)
	}},
	{name: "casync, 8 KB chunks", program: "casync", fetch: func(ctx context.Context, dir, url string) (int64, error) {
		if err := within(ctx, dir, "casync", "make", "--store=site/store", "--chunk-size=8192", "site/new.caibx", "site/new"); err != nil {
			return 0, err
		}
		return 0, within(ctx, dir, "casync", "extract", "--store="+url+"/store", "--seed=old", url+"/new.caibx", "out")
	}},
}

var rsyncCounts = regexp.MustCompile(`Total bytes (?:sent|received): ([0-9]+)`)

// rsyncTotal adds up what rsync says it sent and received.
func rsyncTotal(text []byte) (total int64, err error) {
	counts := rsyncCounts.FindAllSubmatch(text, -1)
	if len(counts) != 2 {
		return 0, fmt.Errorf("rsync does not tell its bytes: %s", text)
	}
	for _, c := range counts {
		n, err := strconv.ParseInt(string(c[1]), 10, 64)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// transfer runs a program between two archives. A result that is not the new
// archive, or a failure, is told in the answer: its bytes went over the wire.
func (b *bench) transfer(ctx context.Context, t transfer, from, to string) (Peer, error) {
	peer := Peer{Name: t.name, On: onPMTiles}
	dir, err := os.MkdirTemp(b.temp, "transfer-*")
	if err != nil {
		return peer, err
	}
	defer os.RemoveAll(dir)
	if err := os.Mkdir(filepath.Join(dir, "site"), 0o755); err != nil {
		return peer, err
	}
	if err := errors.Join(copyFile(filepath.Join(dir, "old"), from), copyFile(filepath.Join(dir, "site", "new"), to)); err != nil {
		return peer, err
	}
	p, stop, err := serveFolder(folder{filepath.Join(dir, "site"), t.partsFrom})
	if err != nil {
		return peer, err
	}
	limited, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	own, failed := t.fetch(limited, dir, p.url())
	sent, received := p.take()
	if err := errors.Join(stop(), ctx.Err()); err != nil {
		return peer, err
	}
	peer.Bytes = sent + received + own
	switch same, err := sameFile(filepath.Join(dir, "out"), to); {
	case failed != nil:
		peer.Wrong = failed.Error()
	case err != nil:
		peer.Wrong = err.Error()
	case !same:
		peer.Wrong = "what it made is not the new archive"
	}
	return peer, nil
}

// within runs a program in a folder.
func within(ctx context.Context, dir, program string, args ...string) error {
	cmd := command(ctx, program, args...)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(program), err, lastLine(text))
	}
	return nil
}

// lastLine returns the last line that is not empty.
func lastLine(text []byte) []byte {
	text = bytes.TrimSpace(text)
	return bytes.TrimSpace(text[bytes.LastIndexAny(text, "\r\n")+1:])
}

func copyFile(to, from string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

func sameFile(a, b string) (bool, error) {
	one, err := os.ReadFile(a)
	if err != nil {
		return false, err
	}
	other, err := os.ReadFile(b)
	return bytes.Equal(one, other), err
}
