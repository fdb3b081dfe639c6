package offline_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/pannier-maps/pannier/clients/offline"
)

// A region on a card that is locked answers, verifies, and refuses an update.
func TestLockedCard(t *testing.T) {
	site := newDeviceSite(t)
	site.publish(t, town())
	card := t.TempDir()
	if err := syscall.Mount("tmpfs", card, "tmpfs", 0, "size=16m"); err != nil {
		t.Skipf("a locked card needs a file system of its own, and mounting one needs root: %v", err)
	}
	defer syscall.Unmount(card, syscall.MNT_DETACH)
	if err := pullIn(card, site.URL, ""); err != nil {
		t.Fatal(err)
	}
	site.publish(t, changed())
	if err := syscall.Mount("", card, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	if err := pullIn(card, site.URL, ""); err == nil {
		t.Error("an update of a locked card succeeded")
	}
	r, err := offline.OpenReadOnly(filepath.Join(card, "test.mbtiles"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	sameCells(t, r, town())
}
