package host

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

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
