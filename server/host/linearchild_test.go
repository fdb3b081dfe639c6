package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// What TestLinearizable asks of the server in the child process, and what it
// answers. Contents are named by their hashes, "" is none.
type (
	ask struct {
		Op    string // "read", "write", "accept" or "publish"
		Key   int
		Base  string
		Value string         // "" deletes
		Keys  map[int]string // of accept: bases by key
	}
	told struct {
		OK      bool
		Current string         // of read and of a conflict
		Keys    map[int]string // of publish: what is in the version; of accept: the conflicts
		Error   string
	}
)

const linearKeys = 6

func linearID(key int) string { return fmt.Sprint("farm/", key) }

// linearFeature is a feature as the desk will keep it.
func linearFeature(key int, value string) *feature.Feature {
	if value == "" {
		return nil
	}
	return &feature.Feature{
		ID: linearID(key), Kind: feature.POI, Collection: "farm", Category: "shop.farm",
		Geometry:   feature.At(cell.Point{LonE7: 161000000, LatE7: 466000000}),
		Names:      map[string]string{"sl": value},
		Provenance: feature.Provenance{Provider: "farm", Licence: "CC0-1.0", Attribution: "farm"},
	}
}

func linearHash(key int, value string) string {
	if value == "" {
		return ""
	}
	raw, err := linearFeature(key, value).Canonical()
	if err != nil {
		panic(err)
	}
	return blob.Sum(raw).String()
}

// TestMain runs the server of TestLinearizable in a process of its own.
func TestMain(m *testing.M) {
	if dir := os.Getenv("PANNIER_LINEAR_CHILD"); dir != "" {
		if err := serveLinear(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func serveLinear(dir string) error {
	ctx := context.Background()
	h, err := Open(ctx, filepath.Join(dir, "data"), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if _, err := h.Catalog.CreateRegion(ctx, catalog.Region{ID: "mura"}); err != nil && !errors.Is(err, catalog.ErrExists) {
		return err
	}
	if err := addRoot(ctx, h); err != nil {
		return err
	}
	ln, err := net.Listen("unix", os.Getenv("PANNIER_LINEAR_SOCKET"))
	if err != nil {
		return err
	}
	return http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in ask
		err := json.NewDecoder(r.Body).Decode(&in)
		var out told
		if err == nil {
			out, err = h.linear(r.Context(), in)
		}
		if err != nil {
			out.Error = err.Error()
		}
		json.NewEncoder(w).Encode(out)
	}))
}

var linearActor = editing.Actor{ID: "user/a", Organisation: "farm", Trusted: true}

// linear carries out one request.
func (h *Host) linear(ctx context.Context, in ask) (out told, err error) {
	var conflict *editing.ConflictError
	switch in.Op {
	case "read":
		r, err := h.Catalog.Get(ctx, "mura", catalog.Ref{Source: "farm", ID: linearID(in.Key)})
		return told{OK: true, Current: r.Hash()}, err
	case "write":
		_, err := h.Desk.Put(ctx, linearActor, "mura", linearWrite(in.Key, in.Base, in.Value))
		if errors.As(err, &conflict) {
			return told{Current: conflict.Current.Hash()}, nil
		}
		return told{OK: true}, err
	case "accept":
		return h.linearAccept(ctx, in)
	case "publish":
		result, _, err := h.Publish(ctx, "mura", PublishOptions{})
		if errors.Is(err, publish.ErrEmpty) {
			return told{}, nil
		}
		if err != nil {
			return told{}, err
		}
		keys, err := h.linearVersion(ctx, result.Version)
		return told{OK: true, Keys: keys}, err
	}
	return told{}, fmt.Errorf("unknown operation %q", in.Op)
}

func linearWrite(key int, base, value string) editing.Write {
	return editing.Write{Ref: catalog.Ref{Source: "farm", ID: linearID(key)}, Base: base, Feature: linearFeature(key, value)}
}

// linearAccept makes a change of several writes and accepts it.
func (h *Host) linearAccept(ctx context.Context, in ask) (out told, err error) {
	var writes []editing.Write
	for key, base := range in.Keys {
		writes = append(writes, linearWrite(key, base, in.Value))
	}
	saved, err := h.Desk.Save(ctx, linearActor, "mura", 0, editing.Words{}, writes, "", "")
	if err != nil {
		return out, err
	}
	if _, err := h.Desk.Propose(ctx, linearActor, "mura", saved.Change.Number, editing.Words{}); err != nil {
		return out, err
	}
	_, err = h.Desk.Accept(ctx, linearActor, "mura", saved.Change.Number, "", false)
	var all *editing.ConflictsError
	if errors.As(err, &all) {
		out.Keys = make(map[int]string)
		for _, c := range all.Conflicts {
			var key int
			fmt.Sscanf(c.Ref.ID, "farm/%d", &key)
			out.Keys[key] = c.Current.Hash()
		}
		return out, nil
	}
	return told{OK: true}, err
}

// linearVersion reads what a published version holds.
func (h *Host) linearVersion(ctx context.Context, v publish.Version) (map[int]string, error) {
	m, err := publish.ReadManifest(ctx, h.Site, "mura", v.Manifest, v.Raw)
	if err != nil {
		return nil, err
	}
	keys := make(map[int]string)
	for _, e := range m.Entries {
		stored, err := h.Site.Get(ctx, layout.Blob(e.Hash))
		if err != nil {
			return nil, err
		}
		raw, err := blob.Open(stored, int(e.Raw), e.Hash)
		if err != nil {
			return nil, err
		}
		for item, err := range cell.Items(raw) {
			var key int
			if err != nil {
				return nil, err
			}
			if n, _ := fmt.Sscanf(string(item.Key), "farm/%d", &key); n == 1 {
				keys[key] = blob.Sum(item.Value).String()
			}
		}
	}
	return keys, nil
}
