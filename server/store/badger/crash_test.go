package badgerstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"testing"

	"github.com/pannier-maps/pannier/server/store"
)

const (
	crashDir   = "PANNIER_TEST_CRASH_DIR"
	crashValue = "PANNIER_TEST_CRASH_VALUE" // bytes of a value, at most
)

// TestMain is also the process that gets killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := writeForever(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// writeForever writes pairs of records and names each pair once it is durable.
func writeForever(dir string) error {
	s, err := Open(dir, Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	from := 0
	err = s.View(context.Background(), func(txn store.Txn) error {
		for _, err := range txn.Scan([]byte("a")) {
			if err != nil {
				return err
			}
			from++
		}
		return nil
	})
	most := 20_000
	fmt.Sscan(os.Getenv(crashValue), &most)
	for i := from; err == nil; i++ {
		value := make([]byte, 1+i*997%most)
		err = s.Update(context.Background(), func(txn store.Txn) error {
			return errors.Join(txn.Set(fmt.Appendf(nil, "a%06d", i), value), txn.Set(fmt.Appendf(nil, "b%06d", i), value))
		})
		if err == nil {
			fmt.Println(i)
		}
	}
	return err
}

// A killed process loses nothing that it had acknowledged, and no half of an
// Update shows. (Power cuts are in power_test.go.)
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	for round := range 3 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), crashDir+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		last, lines := -1, bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			fmt.Sscan(lines.Text(), &last)
			if n == 300 {
				cmd.Process.Kill() // and read what it had said until then
			}
		}
		cmd.Wait()
		if last < 300 {
			t.Fatalf("round %d: the process ended after %d writes", round, last)
		}
		s := open(t, dir, nil)
		a, b := count(t, s, "a"), count(t, s, "b")
		if a != b || a < last+1 {
			t.Errorf("round %d: %d and %d records, %d pairs were acknowledged", round, a, b, last+1)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func count(t *testing.T, s *Store, prefix string) (n int) {
	t.Helper()
	err := s.View(t.Context(), func(txn store.Txn) error {
		for _, err := range txn.Scan([]byte(prefix)) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
