package jobs

import (
	"fmt"
	"testing"
)

// FuzzCursor gives cursors from outside to pages.
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", "0.0", "1.399", "-1.0", "0.-1", "9999999999999999999.0", "1", ".", "0.1.2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		chunk, from, err := readCursor(s)
		if err != nil || s == "" {
			return
		}
		again, at, err := readCursor(fmt.Sprintf("%d.%d", chunk, from))
		if err != nil || chunk < 0 || from < 0 || again != chunk || at != from {
			t.Errorf("%q is %d.%d, then %d.%d: %v", s, chunk, from, again, at, err)
		}
	})
}
