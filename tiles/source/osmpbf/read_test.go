package osmpbf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// content is what a reader hands over.
type content struct {
	Header    osm.Header
	Nodes     []osm.Node
	Ways      []osm.Way
	Relations []osm.Relation
}

func (c *content) handler() osm.Handler {
	return osm.Handler{
		Header:    func(h osm.Header) error { c.Header = h; return nil },
		Nodes:     func(n []osm.Node) error { c.Nodes = append(c.Nodes, n...); return nil },
		Ways:      func(w []osm.Way) error { c.Ways = append(c.Ways, w...); return nil },
		Relations: func(r []osm.Relation) error { c.Relations = append(c.Relations, r...); return nil },
	}
}

var want = content{
	Header: osm.Header{
		Bounds:    osm.Box{Min: cell.Point{LonE7: 94000000, LatE7: 470000000}, Max: cell.Point{LonE7: 97000000, LatE7: 473000000}},
		Timestamp: 1574111942, Sequence: 2434, Source: "https://example.org/updates",
	},
	Nodes: []osm.Node{
		{ID: 10, Point: cell.Point{LonE7: 95209001, LatE7: 471410000}, Tags: osm.Tags{{Key: "amenity", Value: "bench"}, {Key: "name", Value: "Bänkle"}}, Meta: osm.Meta{Version: 2, Timestamp: 1000}},
		{ID: 12, Point: cell.Point{LonE7: -95208999, LatE7: 471420000}, Meta: osm.Meta{Version: 3, Timestamp: 900}},
		{ID: 13, Point: cell.Point{LonE7: 11, LatE7: 0}, Tags: osm.Tags{{Key: "name", Value: "bad \uFFFD text"}}},
	},
	Ways: []osm.Way{{ID: 5, Nodes: []int64{10, 12, 10}, Tags: osm.Tags{{Key: "amenity", Value: "bench"}}, Meta: osm.Meta{Version: 7, Timestamp: 1234}}},
	Relations: []osm.Relation{{ID: 6, Members: []osm.Member{
		{Kind: osm.WayKind, Ref: 5, Role: "outer"}, {Kind: osm.NodeKind, Ref: 10},
	}}},
}

func TestRead(t *testing.T) {
	for _, method := range []int{blobRaw, blobZlib, blobLZ4, blobZstd} {
		var got content
		if err := Read(context.Background(), bytes.NewReader(file(method, sample())), got.handler()); err != nil {
			t.Fatalf("method %d: %v", method, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("method %d:\n got %+v\nwant %+v", method, got, want)
		}
	}
}

func TestReadSomeKinds(t *testing.T) {
	ways := 0
	err := Read(context.Background(), bytes.NewReader(file(blobZlib, sample(), sample())), osm.Handler{
		Ways: func(w []osm.Way) error { ways += len(w); return nil },
	})
	if err != nil || ways != 2 {
		t.Errorf("%d ways, %v", ways, err)
	}
}

func TestErrors(t *testing.T) {
	good := file(blobRaw)
	long := append([]byte{0, 1, 0, 1}, make([]byte, 100)...)
	var huge message
	huge.bytes(1, []byte("OSMHeader"))
	huge.number(3, 1<<30)
	var bomb message
	bomb.number(blobRawSize, 1<<30)
	bomb.bytes(blobZlib, []byte{1})
	var short message
	short.number(blobRawSize, 5)
	short.bytes(blobLZ4, []byte{0x10, 'a'})
	tests := []struct {
		name string
		data []byte
		want error
		text string
	}{
		{"empty", nil, ErrCorrupt, "byte 0: corrupt PBF file: empty"},
		{"text", []byte("<?xml version='1.0'?>"), ErrCorrupt, "byte 0"},
		{"no header", frame("OSMData", pack(blobRaw, sample())), ErrCorrupt, "starts with"},
		{"history", frame("OSMHeader", pack(blobRaw, header("HistoricalInformation"))), ErrUnsupported, "HistoricalInformation"},
		{"unknown feature", frame("OSMHeader", pack(blobRaw, header("Sort.Magic"))), ErrUnsupported, "Sort.Magic"},
		{"long header", append(good[:len(good):len(good)], long...), ErrCorrupt, fmt.Sprintf("byte %d: ", len(good))},
		{"long block", append([]byte{0, 0, 0, byte(len(huge))}, huge...), ErrCorrupt, "more than"},
		{"bomb", frame("OSMHeader", bomb), ErrCorrupt, "more than"},
		{"short", frame("OSMHeader", short), ErrCorrupt, "1 bytes, want 5"},
		{"lzma", frame("OSMHeader", pack(blobLZMA, header())), ErrUnsupported, "LZMA"},
		{"bad block", append(good[:len(good):len(good)], frame("OSMData", pack(blobZlib, []byte{0xff}))...), ErrCorrupt, fmt.Sprintf("byte %d: ", len(good))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var c content
			err := Read(context.Background(), bytes.NewReader(test.data), c.handler())
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %v, want %v with %q", err, test.want, test.text)
			}
		})
	}
}

// TestCut cuts a file at every byte: only between blocks may it end.
func TestCut(t *testing.T) {
	one := len(file(blobZlib))
	whole := file(blobZlib, sample())
	for n := range whole {
		var c content
		err := Read(context.Background(), bytes.NewReader(whole[:n]), c.handler())
		if n == one {
			if err != nil {
				t.Errorf("cut behind a block: %v", err)
			}
		} else if !errors.Is(err, ErrCorrupt) || n > 0 && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at byte %d: %v", n, err)
		}
	}
}

// TestFlippedByte changes each byte of each block in turn: that is told with the
// byte at which the block starts, or did not matter.
func TestFlippedByte(t *testing.T) {
	for _, method := range []int{blobZlib, blobZstd} {
		data := file(method, sample(), sample(), sample())
		var sound content
		if err := Read(context.Background(), bytes.NewReader(data), sound.handler()); err != nil {
			t.Fatal(err)
		}
		starts := offsets(t, data)
		if len(starts) != 4 {
			t.Fatalf("blocks at %v", starts)
		}
		for i := range data {
			n, found := slices.BinarySearch(starts, int64(i))
			if !found {
				n--
			}
			data[i] ^= 4
			var got content
			err := Read(context.Background(), bytes.NewReader(data), got.handler())
			at := fmt.Sprintf("block at byte %d: ", starts[n])
			if inFrame := int64(i) < starts[n]+20; err == nil && !reflect.DeepEqual(got, sound) ||
				err != nil && !inFrame && !strings.Contains(err.Error(), at) ||
				err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrUnsupported) {
				t.Fatalf("method %d, byte %d changed: %v, want %q", method, i, err, at)
			}
			data[i] ^= 4
		}
	}
}

// offsets returns where the blocks of a file start.
func offsets(t *testing.T, data []byte) (starts []int64) {
	t.Helper()
	f := &framer{r: bytes.NewReader(data)}
	for {
		at := f.offset
		if _, _, err := f.next(); err == io.EOF {
			return starts
		} else if err != nil {
			t.Fatal(err)
		}
		starts = append(starts, at)
	}
}

// TestFlippedReal changes a byte in some blocks of a real extract.
func TestFlippedReal(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "shared", "data", "osm", "monaco-2021-04-21.osm.pbf"))
	if err != nil {
		t.Skipf("no extract: %v", err)
	}
	starts := append(offsets(t, data), int64(len(data)))
	for n := range len(starts) - 1 {
		at := (starts[n] + starts[n+1]) / 2
		data[at] ^= 0x10
		var c content
		err := Read(context.Background(), bytes.NewReader(data), c.handler())
		if want := fmt.Sprintf("block at byte %d: ", starts[n]); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), want) {
			t.Errorf("byte %d changed: %v, want %q", at, err, want)
		}
		data[at] ^= 0x10
	}
}

func TestStop(t *testing.T) {
	blocks := make([][]byte, 50)
	for i := range blocks {
		blocks[i] = sample()
	}
	data := file(blobZlib, blocks...)
	stop := errors.New("stop")
	err := Read(context.Background(), bytes.NewReader(data), osm.Handler{Nodes: func([]osm.Node) error { return stop }})
	if err != stop {
		t.Errorf("error %v, want the handler's own", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	err = Read(ctx, bytes.NewReader(data), osm.Handler{Nodes: func([]osm.Node) error { cancel(); return nil }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want Canceled", err)
	}
	failing := io.MultiReader(bytes.NewReader(data), failingReader{stop})
	if err := Read(context.Background(), failing, osm.Handler{}); !errors.Is(err, stop) || errors.Is(err, ErrCorrupt) {
		t.Errorf("error %v, want the reader's own", err)
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// FuzzRead feeds a block, as it is and unpacked, and as a whole file.
func FuzzRead(f *testing.F) {
	seeds := [][]byte{sample(), header("DenseNodes"), pack(blobZlib, sample()), pack(blobLZ4, sample()), pack(blobZstd, sample()), file(blobRaw, sample())}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		head := frame("OSMHeader", pack(blobRaw, header()))
		for _, file := range [][]byte{
			data,
			frame("OSMHeader", pack(blobRaw, data)),
			append(head[:len(head):len(head)], frame("OSMData", data)...),
			append(head[:len(head):len(head)], frame("OSMData", pack(blobRaw, data))...),
		} {
			var c content
			if err := Read(context.Background(), bytes.NewReader(file), c.handler()); err != nil &&
				!errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrUnsupported) {
				t.Errorf("error %v is of no class", err)
			}
		}
	})
}
