package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// goPMTiles is the tool of PMTiles, whose makesync and sync update an archive by
// ranges of blocks.
const (
	goPMTiles        = "github.com/protomaps/go-pmtiles"
	goPMTilesVersion = "v1.28.0"
	goPMTilesName    = "go-pmtiles sync" // in reports
	goPMTilesTries   = 25
)

// buildGoPMTiles builds the tool from its module. It returns "" when that cannot
// be had.
//
// A module of its own requires it: `go install` would ask for the list of all
// versions too, which not every proxy gives.
func (b *bench) buildGoPMTiles(ctx context.Context) (string, error) {
	dir := filepath.Join(b.temp, "gopmtiles")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	module := fmt.Sprintf("module peer\n\ngo 1.24\n\nrequire %s %s\n", goPMTiles, goPMTilesVersion)
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(module), 0o600); err != nil {
		return "", err
	}
	say("building %s %s", goPMTiles, goPMTilesVersion)
	program := filepath.Join(dir, "pmtiles")
	cmd := command(ctx, "go", "build", "-mod=mod", "-o", program, goPMTiles)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOTMPDIR="+dir, "GOWORK=off")
	if text, err := cmd.CombinedOutput(); err != nil {
		b.absent("go-pmtiles sync: cannot be built: %s", lastLine(text))
		return "", ctx.Err()
	}
	return program, nil
}

// goPMTilesSync returns the transfer by the tool, in blocks of 20 KB as it does
// by default. tileData is where the new archive's tiles begin.
func goPMTilesSync(program string, tileData int64) transfer {
	return transfer{name: goPMTilesName, partsFrom: tileData, fetch: func(ctx context.Context, dir, url string) (int64, error) {
		if err := within(ctx, dir, program, "makesync", "site/new"); err != nil {
			return 0, err
		}
		out := filepath.Join(dir, "out") // is brought up to date in its place
		return 0, errors.Join(copyFile(out, filepath.Join(dir, "old")), within(ctx, dir, program, "sync", "out", url+"/new"))
	}}
}

// goPMTilesTransfer tries until the result is right: the goroutines of both
// commands race with their end, so that some runs make a wrong archive. (One range
// alone would make sync fail always: see folder.)
func (b *bench) goPMTilesTransfer(ctx context.Context, program, from, to string) (peer Peer, err error) {
	header, err := os.ReadFile(to)
	if err != nil {
		return peer, err
	}
	if len(header) < 127 {
		return peer, fmt.Errorf("%s is no PMTiles archive", to)
	}
	tileData := int64(binary.LittleEndian.Uint64(header[56:]))
	for peer.Tries < goPMTilesTries {
		tries := peer.Tries + 1
		if peer, err = b.transfer(ctx, goPMTilesSync(program, tileData), from, to); err != nil {
			return peer, err
		}
		peer.Tries = tries
		if peer.Wrong == "" {
			break
		}
	}
	return peer, nil
}
