package records

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/badger"
)

type hut struct {
	Name string `json:"name"`
}

func TestRecords(t *testing.T) {
	s, err := badgerstore.Open(t.TempDir(), badgerstore.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.Update(t.Context(), func(txn store.Txn) error {
		return errors.Join(Set(txn, Key("hut", "b"), hut{"B & <B>"}), Set(txn, Key("hut", "a"), hut{"A"}), Set(txn, Key("huts"), 2), txn.Set(Key("bad"), []byte("{")))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.View(t.Context(), func(txn store.Txn) error {
		if got, err := Get[hut](txn, Key("hut", "b")); err != nil || got.Name != "B & <B>" {
			t.Errorf("Get gave %+v, %v", got, err)
		}
		if raw, err := txn.Get(Key("hut", "b")); err != nil || !strings.Contains(string(raw), "&") || strings.Contains(string(raw), `\u`) {
			t.Errorf("kept as %s, %v", raw, err)
		}
		if _, err := Get[hut](txn, Key("hut", "c")); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an absent one gave %v", err)
		}
		for name, want := range map[string]bool{"hut/a": true, "hut/": false, "huts": true} {
			if got, err := Has(txn, []byte(name)); got != want || err != nil {
				t.Errorf("Has %s: %v, %v", name, got, err)
			}
		}
		if got, err := List[hut](txn, Key("hut", "")); err != nil || !slices.Equal(got, []hut{{"A"}, {"B & <B>"}}) {
			t.Errorf("List gave %v, %v", got, err)
		}
		if got, err := Names(txn, Key("hut", "")); err != nil || !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("Names gave %v, %v", got, err)
		}
		if _, err := Get[hut](txn, Key("bad")); err == nil || !strings.Contains(err.Error(), "record bad") {
			t.Errorf("a damaged one gave %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
