package fsck_test

import (
	"bytes"
	"context"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/sync/fsck"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

type folder struct{ *sitetest.Objects }

func (f folder) List(_ context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, name := range f.Names() {
			if strings.HasPrefix(name, prefix) && !yield(name, nil) {
				return
			}
		}
	}
}

func published(t *testing.T) folder {
	t.Helper()
	objects, ledger := sitetest.NewObjects(), sitetest.NewLedger(t, "test")
	p := publish.Publisher{Objects: objects, Ledger: ledger}
	raw := make([]byte, 4000)
	random := rand.New(rand.NewPCG(1, 1))
	for i := range raw {
		raw[i] = byte(random.IntN(50))
	}
	for v := range 5 {
		cells := map[cell.Key][]byte{
			{Layer: cell.Tiles, ID: cell.World}:                 raw,
			{Layer: cell.Features, ID: cell.New(11, 1, 1)}:      append(bytes.Clone(raw), byte(v)),
			{Layer: cell.Media, ID: cell.New(11, uint32(v), 1)}: append([]byte{byte(v)}, raw...),
		}
		if _, err := p.Publish(context.Background(), ledger.Region, sitetest.Content(cells), publish.Note{}); err != nil {
			t.Fatal(err)
		}
	}
	return folder{objects}
}

func TestSoundSite(t *testing.T) {
	report, err := fsck.Check(context.Background(), published(t), fsck.Options{})
	if err != nil || len(report.Problems) != 0 || report.Versions != 5 || report.Unused != 0 {
		t.Errorf("Check = %+v, %v", report, err)
	}
}

// TestEveryObjectIsChecked damages and removes each object in turn.
func TestEveryObjectIsChecked(t *testing.T) {
	s := published(t)
	for _, name := range s.Names() {
		good, err := s.Get(context.Background(), name)
		if err != nil {
			t.Fatal(err)
		}
		// A packed frame's own header has bits that do not change what it unpacks
		// to, so the bytes behind it are the ones to damage. A delta has several
		// frames; the last bytes are surely behind a header.
		start := 20
		if strings.Contains(name, "/deltas/") {
			start = len(good) - 4
		}
		for i := start; i < len(good); i += 1 + len(good)/20 {
			bad := bytes.Clone(good)
			bad[i] ^= 0x10
			s.Replace(context.Background(), name, bad)
			if strings.HasSuffix(name, ".json") {
				continue // not signed: a changed message is nothing a check could see
			}
			wantProblem(t, s, name, "byte changed")
		}
		s.Delete(name)
		wantProblem(t, s, name, "removed")
		s.Replace(context.Background(), name, good)
	}
}

func wantProblem(t *testing.T, s folder, name, what string) {
	t.Helper()
	report, err := fsck.Check(context.Background(), s, fsck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range report.Problems {
		if strings.Contains(p.String(), name) {
			return
		}
	}
	t.Errorf("%s: %s, but no problem names it: %v", name, what, report.Problems)
}
