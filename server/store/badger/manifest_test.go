package badgerstore

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/dgraph-io/badger/v4/table"
)

// A table that Badger removed because its entry in the MANIFEST could not be made
// durable is made again from the log. Other tables that are missing are not passed
// over.
func TestMissingTable(t *testing.T) {
	for _, test := range []struct {
		name   string
		remove uint64 // table
		log    bool   // that the last table was made of is there
		opens  bool
	}{
		{"the last", 3, true, true},
		{"the last, without its log", 3, false, false},
		{"another", 2, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for range 2 { // tables
				write(t, dir, 10)
			}
			s := open(t, dir, nil)
			before := filepath.Join(t.TempDir(), "before")
			add(t, s, 10)
			if err := os.CopyFS(before, os.DirFS(dir)); err != nil { // with the log
				t.Fatal(err)
			}
			if err := s.Close(); err != nil { // makes the table of the log
				t.Fatal(err)
			}
			folder := filepath.Join(dir, "1")
			if test.log {
				logs, err := filepath.Glob(filepath.Join(before, "1", "*.mem"))
				if err != nil || len(logs) != 1 {
					t.Fatal(logs, err)
				}
				if err := os.Rename(logs[0], filepath.Join(folder, filepath.Base(logs[0]))); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Remove(table.NewFilename(test.remove, folder)); err != nil {
				t.Fatal(err)
			}
			s, err := Open(dir, Options{})
			if !test.opens {
				if err == nil {
					t.Error("the store opens without a table")
					s.Close()
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if a, b := count(t, s, "a"), count(t, s, "b"); a != 30 || b != 30 {
				t.Errorf("%d and %d records, want 30", a, b)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if s = open(t, dir, nil); count(t, s, "a") != 30 {
				t.Error("records are gone the next time")
			}
		})
	}
}
