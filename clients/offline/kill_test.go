package offline_test

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/clients/offline/offlinetest"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// heavy is changed with more tiles than the writer's cache holds, so that a
// transaction under way has reached the disk.
func heavy() offlinetest.Content {
	c := changed()
	random := rand.NewChaCha8([32]byte{1})
	for i := range uint32(24) {
		tile := make([]byte, 1<<20)
		random.Read(tile)
		c.Tiles[cell.New(14, 8*i, 5779)] = tile
	}
	return c
}

// TestKill kills a process in the middle of Apply, after each cell.
func TestKill(t *testing.T) {
	if file := os.Getenv("PANNIER_TEST_KILL_FILE"); file != "" {
		killMe(t, file)
	}
	for _, from := range []string{"nothing", "town"} {
		for after := range 4 {
			t.Run(fmt.Sprintf("%s after %d", from, 9*after), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "drava.mbtiles")
				r := open(t, path)
				if from == "town" {
					install(t, r, 1, town())
				}
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
				child := exec.Command(os.Args[0], "-test.run=^TestKill$")
				child.Env = append(os.Environ(), "PANNIER_TEST_KILL_FILE="+path, "PANNIER_TEST_KILL_AFTER="+strconv.Itoa(9*after))
				out, err := child.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := child.Start(); err != nil {
					t.Fatal(err)
				}
				line, err := bufio.NewReader(out).ReadString('\n')
				if line != "waiting\n" {
					t.Fatalf("the child said %q, %v", line, err)
				}
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				child.Wait()
				reader, err := offline.OpenReadOnly(path)
				if err != nil {
					t.Fatal(err)
				}
				if from == "town" {
					sameCells(t, reader, town())
				} else if _, err := reader.State(ctx); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("State = %v, want fs.ErrNotExist", err)
				} else if _, err := reader.Tile(ctx, cell.World); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("a tile of a version that was not installed: %v", err)
				}
				if err := reader.Close(); err != nil {
					t.Fatal(err)
				}
				r = open(t, path)
				if from == "town" {
					sameCells(t, r, town())
				}
				install(t, r, 2, changed())
				sameCells(t, r, changed())
			})
		}
	}
}

// killMe applies a version up to some cell and then waits for its end.
func killMe(t *testing.T, path string) {
	after, err := strconv.Atoi(os.Getenv("PANNIER_TEST_KILL_AFTER"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := offline.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	was, _ := r.State(ctx)
	next := offlinetest.Version(t, "drava", 2, heavy(), was)
	cells := next.Changed
	next.Changed = func(yield func(pull.ChangedCell, error) bool) {
		for c, err := range cells {
			if after--; after < 0 {
				break
			}
			if !yield(c, err) {
				return
			}
		}
		fmt.Println("waiting")
		select {}
	}
	t.Fatal(r.Apply(ctx, next))
}
