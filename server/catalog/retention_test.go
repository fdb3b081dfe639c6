package catalog

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/sync/gc"
	"github.com/pannier-maps/pannier/sync/publish"
)

func TestDrop(t *testing.T) {
	c, ctx := open(t), context.Background()
	create(t, c, "mura")
	l := c.Ledger()
	for n := uint64(1); n <= 20; n++ {
		if err := l.Append(ctx, "mura", publish.Version{Number: n}); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ before, first uint64 }{{0, 1}, {1, 1}, {10, 10}, {10, 10}, {17, 17}, {99, 20}} {
		if err := l.Drop(ctx, "mura", test.before); err != nil {
			t.Fatal(err)
		}
		if versions, err := l.Versions(ctx, "mura"); err != nil || versions[0].Number != test.first || versions[len(versions)-1].Number != 20 {
			t.Errorf("after Drop(%d): from %d, %v; want %d", test.before, versions[0].Number, err, test.first)
		}
	}
	for number, want := range map[uint64]error{1: publish.ErrConflict, 2: publish.ErrConflict, 20: publish.ErrConflict, 21: nil} {
		if err := l.Append(ctx, "mura", publish.Version{Number: number}); !errors.Is(err, want) {
			t.Errorf("Append(%d): %v, want %v", number, err, want)
		}
	}
}

func TestRetention(t *testing.T) {
	c, ctx := open(t), context.Background()
	create(t, c, "mura")
	for _, want := range []gc.Policy{{}, {Versions: 400, Days: 30}, {Versions: 1}} {
		if want != (gc.Policy{}) {
			if err := c.SetRetention(ctx, "mura", want); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := c.Retention(ctx, "mura"); got != want || err != nil {
			t.Errorf("Retention = %+v, %v; want %+v", got, err, want)
		}
	}
}

func TestUnlinked(t *testing.T) {
	c, ctx := open(t), context.Background()
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, want := range []map[string]time.Time{{}, {"v1/blobs/aa/aa": at, "v1/blobs/bb/bb": at.Add(time.Hour)}, {"v1/blobs/aa/aa": at}, {}} {
		if len(want) > 0 {
			if err := c.SetUnlinked(ctx, want); err != nil {
				t.Fatal(err)
			}
		} else if err := c.SetUnlinked(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Unlinked(ctx); !maps.Equal(got, want) || err != nil {
			t.Errorf("Unlinked = %v, %v; want %v", got, err, want)
		}
	}
}
