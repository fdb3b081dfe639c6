package pull_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/sitetest"
)

// refusing is a device that cannot install.
type refusing struct{ *sitetest.Device }

func (refusing) Apply(context.Context, pull.Version) error { return errors.New("the battery is empty") }

// TestDamagedStage damages what a pull has staged, as a power cut may. The next
// pull fetches it again and succeeds.
func TestDamagedStage(t *testing.T) {
	w := newWorld(t)
	server := w.serve(false)
	damages := map[string]func(data []byte) []byte{
		"empty":       func([]byte) []byte { return nil },
		"cut short":   func(data []byte) []byte { return data[:len(data)/2] },
		"zeros":       func(data []byte) []byte { return make([]byte, len(data)) },
		"half zeros":  func(data []byte) []byte { clear(data[len(data)/2:]); return data },
		"one bit off": func(data []byte) []byte { data[len(data)-1] ^= 1; return data },
	}
	for version := 1; version <= 2; version++ { // blobs, then a delta
		trials := 0
		for i, n := 0, 1; i < n; i++ {
			for kind, damage := range damages {
				d, stage := new(sitetest.Device), filepath.Join(t.TempDir(), "stage")
				if version == 2 {
					w.installOld(d)
				}
				attempt := func(into pull.Installed) error {
					c := pull.NewClient(server.URL)
					defer c.Close()
					_, err := c.Pull(context.Background(), "test", into, pull.Options{Stage: stage})
					return err
				}
				if err := attempt(refusing{d}); err == nil {
					t.Fatal("a device that cannot install has")
				}
				names, _ := filepath.Glob(filepath.Join(stage, "*"))
				n = len(names)
				data, err := os.ReadFile(names[i])
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(names[i], damage(data), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := attempt(d); err != nil {
					t.Errorf("%s, %s: %v", filepath.Base(names[i]), kind, err)
				}
				w.check(d, version)
				trials++
			}
		}
		t.Logf("version %d: %d trials", version, trials)
		w.edit()
		w.publish()
	}
}
