package badgerstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/pannier-maps/pannier/server/store"
)

const (
	crashDir     = "PANNIER_TEST_CRASH_DIR"
	crashValue   = "PANNIER_TEST_CRASH_VALUE"  // bytes of a value, at most
	crashTables  = "PANNIER_TEST_CRASH_TABLES" // Options.Tables
	crashUpdates = "PANNIER_TEST_CRASH_UPDATES"
	crashBlind   = "PANNIER_TEST_CRASH_BLIND" // writes however full the disk is
)

// TestMain is also the process that gets killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := writeForever(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// writeForever writes pairs of records and tells how many are durable. It ends
// after a great many, as it may survive a fault.
func writeForever(dir string) error {
	o := Options{Log: slog.New(slog.DiscardHandler)}
	fmt.Sscan(os.Getenv(crashTables), &o.Tables)
	s, err := Open(dir, o)
	if err != nil {
		return err
	}
	if os.Getenv(crashBlind) != "" {
		s.room = func() error { return nil }
	}
	n := 0
	err = s.View(context.Background(), func(txn store.Txn) error {
		for _, err := range txn.Scan([]byte("a")) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	})
	most := 20_000
	fmt.Sscan(os.Getenv(crashValue), &most)
	updates := 1_000_000
	fmt.Sscan(os.Getenv(crashUpdates), &updates)
	for end := n + updates; err == nil; {
		fmt.Println("has", n)
		if n == end {
			return s.Close()
		}
		err = s.Update(context.Background(), func(txn store.Txn) error { return pair(txn, n, 1+n*997%most) })
		n++
	}
	return err
}

// pair writes the two records of a number.
func pair(txn store.Txn, n, size int) error {
	value := make([]byte, size)
	rand.NewChaCha8([32]byte{byte(n), byte(n >> 8)}).Read(value) // or tables would shrink to nothing
	return errors.Join(txn.Set(fmt.Appendf(nil, "a%06d", n), value), txn.Set(fmt.Appendf(nil, "b%06d", n), value))
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
		has, lines := 0, bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			fmt.Sscanf(lines.Text(), "has %d", &has)
			if n == 300 {
				cmd.Process.Kill() // and read what it had said until then
			}
		}
		cmd.Wait()
		if has < 300 {
			t.Fatalf("round %d: the process ended after %d writes", round, has)
		}
		s := open(t, dir, nil)
		a, b := count(t, s, "a"), count(t, s, "b")
		if a != b || a < has {
			t.Errorf("round %d: %d and %d records, %d pairs were acknowledged", round, a, b, has)
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
