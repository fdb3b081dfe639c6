package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/site"
)

// piece is what a request with Range asks for.
const piece = 16 << 10

// requests are what clients of a site ask for, by kind. A kind is empty where
// the server has no such thing, as a static site has no updates.
type requests struct {
	head, polled, updatePolled, update, deltas, blobs, ranges []request
	tag                                                       string // of the head
}

// learn finds out what there is to ask a server for.
func learn(ctx context.Context, host string) (*requests, error) {
	c, err := dial(ctx, host, 4096)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	get := func(path string) ([]byte, string, error) {
		body, _, tag, err := c.do(request{path: path, status: 200, length: -1}.encode(host), true)
		if errors.Is(err, errAnswer) {
			err = errors.Join(err, fs.ErrNotExist)
		}
		return body, tag, err
	}
	data, _, err := get(layout.Regions)
	if err != nil {
		return nil, err
	}
	list, err := site.ParseRegions(data)
	if err != nil {
		return nil, err
	}
	if len(list.Regions) == 0 {
		return nil, errors.New("the server has no region")
	}
	region := list.Regions[0].ID
	note, tag, err := get(layout.Head(region))
	if err != nil {
		return nil, err
	}
	h, err := head.Peek(note)
	if err != nil {
		return nil, err
	}
	if data, _, err = get(layout.History(region)); err != nil {
		return nil, err
	}
	history, err := site.ParseHistory(data)
	if err != nil {
		return nil, err
	}
	m, err := publish.ReadManifest(ctx, reader(get), region, h.Manifest, h.ManifestRaw)
	if err != nil {
		return nil, err
	}

	q := &requests{tag: tag}
	add := func(kind *[]request, r request) { *kind = append(*kind, r.encode(host)) }
	add(&q.head, request{name: "head", path: layout.Head(region), status: 200, length: int64(len(note))})
	add(&q.polled, request{name: "head, unchanged", path: layout.Head(region), tag: tag, status: 304, length: 0})
	versions := make(map[uint64]blob.Hash)
	for _, v := range history.Versions {
		versions[v.Number] = v.Manifest
	}
	for _, d := range history.Deltas {
		add(&q.deltas, request{name: "delta", path: layout.Delta(region, versions[d.From], versions[d.To]), status: 200, length: d.Bytes})
	}
	if _, _, err := get(layout.Update(region, h.Manifest)); err == nil {
		own := `"` + blob.Sum(note).Short() + `"`
		add(&q.updatePolled, request{name: "update, unchanged", path: layout.Update(region, h.Manifest), tag: own, status: 304, length: 0})
		for _, v := range history.Versions[:len(history.Versions)-1] {
			add(&q.update, request{name: "update", path: layout.Update(region, v.Manifest), status: 200, length: -1})
		}
	} else if c, err = dial(ctx, host, 4096); err != nil { // a server may hang up after a 404
		return nil, err
	}
	for _, e := range m.Entries {
		add(&q.blobs, request{name: "blob", path: layout.Blob(e.Hash), status: 200, length: int64(e.Stored)})
		if e.Stored > piece {
			from := rand.Int64N(int64(e.Stored) - piece)
			add(&q.ranges, request{name: "range", path: layout.Blob(e.Hash), from: from, to: from + piece - 1, status: 206, length: piece})
		}
	}
	if len(q.blobs) == 0 || len(q.deltas) == 0 {
		return nil, fmt.Errorf("region %s has no deltas to ask for", region)
	}
	return q, nil
}

// reader reads objects of a server.
type reader func(path string) ([]byte, string, error)

func (r reader) Get(_ context.Context, name string) ([]byte, error) {
	data, _, err := r(name)
	return data, err
}
