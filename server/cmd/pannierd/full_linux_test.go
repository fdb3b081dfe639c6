package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const mib = 1 << 20

// disk is a small file system of the test's own.
type disk struct {
	t   *testing.T
	dir string
}

// newDisk mounts a disk in memory, and skips the test where that is not allowed.
func newDisk(t *testing.T, size string) disk {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a full disk needs a small file system, and mounting one needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return disk{t, dir}
}

// fill leaves no more than so many bytes free.
func (d disk) fill(left int64) {
	d.t.Helper()
	f, err := os.Create(filepath.Join(d.dir, "ballast"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	var s syscall.Statfs_t
	if err := syscall.Statfs(d.dir, &s); err != nil {
		d.t.Fatal(err)
	}
	take := int64(s.Bavail)*s.Bsize - left
	block := make([]byte, 64<<10)
	for ; take > 0; take -= int64(len(block)) {
		if _, err := f.Write(block[:min(take, int64(len(block)))]); err != nil && !errors.Is(err, syscall.ENOSPC) {
			d.t.Fatal(err)
		}
	}
}

// free takes back what fill took.
func (d disk) free() {
	d.t.Helper()
	if err := os.Remove(filepath.Join(d.dir, "ballast")); err != nil {
		d.t.Fatal(err)
	}
}

// A server whose disk is full refuses to import and to publish, goes on serving,
// and works again when there is room.
func TestFullServer(t *testing.T) {
	full := newDisk(t, "160m")
	w := worldIn(t, full.dir)
	w.pannierd("import", region, hut(t, "Refugi ple")).wantDone(t) // there is something to publish
	d := w.serve()
	was := w.published()
	for _, left := range []int64{0, 200 << 10, 60 * mib} {
		full.fill(left)
		for _, args := range [][]string{
			{"import", region, moduleData(t, "andorra-latest.osm.bz2")},
			{"import", region, hut(t, "Altre refugi")},
			{"publish", region, "--rebuild"},
			{"rollback", region, "--to", "1"},
			{"region", "create", "other"},
		} {
			w.pannierd(args...).wantRefused(t, "Free some space")
		}
		w.wantPublished(was)
		w.pannierd("fsck").wantDone(t)
		none := world{t, w.data, filepath.Join(t.TempDir(), "none")}
		none.pannier("pull", region, "--server", d.url).wantDone(t)
	}
	if files := objects(t, filepath.Join(w.data, "osm")); len(files) != 1 {
		t.Errorf("imports left %q", files)
	}
	full.fill(0)
	d.stop()
	w.pannierd("versions", region).wantRefused(t, "storage is full", "MiB are free", w.data, "Free some space")
	w.pannierd("serve", "--listen", "127.0.0.1:0").wantRefused(t, "storage is full", "MiB are free", w.data, "Free some space")
	full.free()
	w.wantPublished(was)
	d = w.serve()
	if out := w.pannierd("publish", region).wantDone(t); !strings.Contains(out, "version 4") {
		t.Errorf("with room again, publish says: %s", out)
	}
	w.pannierd("fsck").wantDone(t)
	d.stop()
}

// A phone whose disk is full keeps the version that it has.
func TestFullPhone(t *testing.T) {
	full := newDisk(t, "12m")
	w := newWorld(t)
	d := w.serve()
	defer d.stop()
	old := world{t, w.data, filepath.Join(full.dir, "old")}
	copyFolder(t, w.phone, old.phone)
	was := old.installed()
	none := world{t, w.data, filepath.Join(full.dir, "none")}
	for _, phone := range []world{old, none} {
		refused := 0
		for _, left := range []int64{0, 4 << 10, 32 << 10, 100 << 10, 200 << 10, 400 << 10, 700 << 10, mib, 2 * mib} {
			full.fill(left)
			o := phone.pannier("pull", region, "--server", d.url)
			if o.code == 0 {
				t.Logf("%d bytes more are enough", left)
				break
			}
			refused++
			o.wantRefused(t, "no space left on ", "Free some space")
			if phone == old {
				old.wantInstalled(was)
				old.pannier("search", "andorra").wantDone(t)
			} else if o := none.pannier("status", region); o.code == 0 { // the places were in before the disk was full
				none.pannier("search", "andorra").wantDone(t)
				none.pannier("verify").wantDone(t)
			} else {
				o.wantRefused(t, "not installed")
			}
		}
		if refused < 3 {
			t.Errorf("%d pulls were refused", refused)
		}
	}
	full.free()
	old.pannier("pull", region, "--server", d.url).wantDone(t)
	none.pannier("pull", region, "--server", d.url).wantDone(t)
	if got, want := none.installed(), old.installed(); got != want {
		t.Errorf("after all, one phone holds %s, the other %s", got, want)
	}
}
