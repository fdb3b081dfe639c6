package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

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

// The model: one register for each key, written by compare and swap. What became
// of an operation that a kill cut off is unknown.
type (
	linearIn struct {
		key         int
		write       bool
		base, after string
	}
	linearOut struct {
		ok, unknown bool
		current     string
	}
)

var register = porcupine.NondeterministicModel{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts := make([][]porcupine.Operation, linearKeys)
		for _, op := range history {
			key := op.Input.(linearIn).key
			parts[key] = append(parts[key], op)
		}
		return parts
	},
	Init: func() []any { return []any{""} },
	Step: func(state, input, output any) []any {
		in, out := input.(linearIn), output.(linearOut)
		fits := state == in.base && (in.base != "" || in.after != "")
		switch {
		case !in.write && state == out.current:
			return []any{state}
		case !in.write:
			return nil
		case out.unknown && fits:
			return []any{state, in.after}
		case out.unknown:
			return []any{state}
		case out.ok && fits:
			return []any{in.after}
		case !out.ok && !fits && state == out.current:
			return []any{state}
		}
		return nil
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v: %+v", input, output) },
}

// TestLinearizable lets editors write, accept changes and publish, all at once,
// while the server is killed and started again, and checks that what was
// acknowledged has one order for each feature, which agrees with what was read,
// told of conflicts, and published.
func TestLinearizable(t *testing.T) {
	rounds := 8
	if testing.Short() {
		rounds = 2
	}
	s := &linearServer{T: t, dir: t.TempDir(), start: time.Now()}
	if len(s.dir) > 80 {
		t.Skip("the temporary folder's name is too long for a socket")
	}
	ctx, stop := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	for w := range 6 {
		workers.Go(func() { s.edit(ctx, w) })
	}
	workers.Go(func() { s.publish(ctx) })
	kills := rand.New(rand.NewPCG(1, 2))
	for range rounds {
		cmd := s.run()
		time.Sleep(time.Duration(200+kills.IntN(500)) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
	}
	cmd := s.run()
	stop()
	workers.Wait()
	for key := range linearKeys {
		s.read(t.Context(), key, 99)
	}
	s.publishOnce(t.Context(), 99)
	cmd.Process.Kill()
	cmd.Wait()

	counts := map[string]int{}
	for _, op := range s.history {
		out := op.Output.(linearOut)
		switch {
		case !op.Input.(linearIn).write:
			counts["read"]++
		case out.unknown:
			counts["cut off"]++
		case out.ok:
			counts["written"]++
		default:
			counts["refused"]++
		}
	}
	t.Logf("%d kills, %d versions published, operations %v", rounds, s.versions, counts)
	if counts["written"] < 20*rounds/2 || counts["refused"] == 0 || s.versions == 0 {
		t.Errorf("too little was done to show anything: %v, %d versions", counts, s.versions)
	}
	model := register.ToModel()
	switch result := porcupine.CheckOperationsTimeout(model, s.history, time.Minute); result {
	case porcupine.Ok:
	case porcupine.Unknown:
		t.Error("the check took too long")
	default:
		_, info := porcupine.CheckOperationsVerbose(model, s.history, time.Minute)
		file := filepath.Join(os.TempDir(), "pannier-history.html")
		if err := porcupine.VisualizePath(model, info, file); err != nil {
			t.Log(err)
		}
		t.Errorf("the history has no order; see %s", file)
	}
}

// linearServer is the server as the test sees it, and what it saw.
type linearServer struct {
	*testing.T
	dir   string
	start time.Time

	mu       sync.Mutex
	socket   string
	runs     int
	history  []porcupine.Operation
	versions int
}

// run starts the server and waits until it answers.
func (s *linearServer) run() *exec.Cmd {
	s.Helper()
	s.mu.Lock()
	s.runs++
	s.socket = filepath.Join(s.dir, fmt.Sprint("s", s.runs))
	socket := s.socket
	s.mu.Unlock()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PANNIER_LINEAR_CHILD="+s.dir, "PANNIER_LINEAR_SOCKET="+socket)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	for range 1000 {
		if c, err := net.Dial("unix", socket); err == nil {
			c.Close()
			return cmd
		}
		time.Sleep(10 * time.Millisecond)
	}
	cmd.Process.Kill()
	s.Fatal("the server does not start")
	return nil
}

// call sends a request to the server that runs now. An error is one of the
// connection: nobody knows what became of the request.
func (s *linearServer) call(in ask) (out told, err error) {
	s.mu.Lock()
	socket := s.socket
	s.mu.Unlock()
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
	body, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	resp, err := client.Post("http://server/", "application/json", bytes.NewReader(body))
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return out, err
	}
	if out.Error != "" {
		s.Errorf("%+v: %s", in, out.Error)
	}
	return out, nil
}

func (s *linearServer) now() int64 { return time.Since(s.start).Nanoseconds() }

// note adds an operation. One whose end is unknown may take effect at any time.
func (s *linearServer) note(client int, call int64, in linearIn, out linearOut) {
	end := s.now()
	if out.unknown {
		end = 1 << 62
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history = append(s.history, porcupine.Operation{ClientId: client, Input: in, Call: call, Output: out, Return: end})
}

func (s *linearServer) read(_ context.Context, key, client int) (string, bool) {
	call := s.now()
	out, err := s.call(ask{Op: "read", Key: key})
	if err != nil || out.Error != "" {
		return "", false
	}
	s.note(client, call, linearIn{key: key}, linearOut{current: out.Current})
	return out.Current, true
}

// edit reads features and writes them, by one or by changes of three.
func (s *linearServer) edit(ctx context.Context, client int) {
	random := rand.New(rand.NewPCG(7, uint64(client)))
	for n := 0; ctx.Err() == nil; n++ {
		if n%5 == 4 {
			s.accept(ctx, client, fmt.Sprintf("c%d-%d", client, n), random)
			continue
		}
		key := random.IntN(linearKeys)
		base, ok := s.read(ctx, key, client)
		if !ok {
			time.Sleep(5 * time.Millisecond)
			continue
		}
		value := fmt.Sprintf("w%d-%d", client, n)
		if base != "" && random.IntN(8) == 0 {
			value = ""
		}
		call := s.now()
		out, err := s.call(ask{Op: "write", Key: key, Base: base, Value: value})
		s.note(client, call, linearIn{key, true, base, linearHash(key, value)}, linearOut{out.OK, err != nil, out.Current})
	}
}

func (s *linearServer) accept(ctx context.Context, client int, value string, random *rand.Rand) {
	bases := make(map[int]string)
	for _, key := range random.Perm(linearKeys)[:3] {
		base, ok := s.read(ctx, key, client)
		if !ok {
			return
		}
		bases[key] = base
	}
	call := s.now()
	out, err := s.call(ask{Op: "accept", Keys: bases, Value: value})
	for key, base := range bases {
		current, conflicts := out.Keys[key]
		if err == nil && !out.OK && !conflicts {
			continue // it was another's conflict
		}
		s.note(client, call, linearIn{key, true, base, linearHash(key, value)}, linearOut{out.OK, err != nil, current})
	}
}

func (s *linearServer) publish(ctx context.Context) {
	for ctx.Err() == nil {
		s.publishOnce(ctx, 50)
		time.Sleep(20 * time.Millisecond)
	}
}

// publishOnce publishes, which reads all features.
func (s *linearServer) publishOnce(_ context.Context, client int) {
	call := s.now()
	out, err := s.call(ask{Op: "publish"})
	if err != nil || !out.OK {
		return
	}
	for key := range linearKeys {
		s.note(client, call, linearIn{key: key}, linearOut{current: out.Keys[key]})
	}
	s.mu.Lock()
	s.versions++
	s.mu.Unlock()
}

// TestRegister makes sure that the model refuses a lost, a late and a torn write.
func TestRegister(t *testing.T) {
	write := func(from, to int64, base, after string) porcupine.Operation {
		return porcupine.Operation{Input: linearIn{0, true, base, after}, Call: from, Output: linearOut{ok: true}, Return: to}
	}
	read := func(from, to int64, current string) porcupine.Operation {
		return porcupine.Operation{ClientId: 1, Input: linearIn{key: 0}, Call: from, Output: linearOut{current: current}, Return: to}
	}
	unknown := porcupine.Operation{ClientId: 2, Input: linearIn{0, true, "a", "b"}, Call: 2, Output: linearOut{unknown: true}, Return: 1 << 62}
	tests := []struct {
		name    string
		history []porcupine.Operation
		want    bool
	}{
		{"in order", []porcupine.Operation{write(0, 1, "", "a"), read(2, 3, "a")}, true},
		{"lost", []porcupine.Operation{write(0, 1, "", "a"), read(2, 3, "")}, false},
		{"at once", []porcupine.Operation{write(0, 5, "", "a"), read(2, 3, "")}, true},
		{"on a stale base", []porcupine.Operation{write(0, 1, "", "a"), write(2, 3, "", "b")}, false},
		{"cut off, applied", []porcupine.Operation{write(0, 1, "", "a"), unknown, read(9, 10, "b")}, true},
		{"cut off, not applied", []porcupine.Operation{write(0, 1, "", "a"), unknown, read(9, 10, "a")}, true},
		{"applied and taken back", []porcupine.Operation{write(0, 1, "", "a"), unknown, read(9, 10, "b"), read(11, 12, "a")}, false},
	}
	for _, test := range tests {
		if got := porcupine.CheckOperations(register.ToModel(), test.history); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
