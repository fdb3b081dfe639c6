package offline_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/clients/offline/offlinetest"
	"github.com/pannier-maps/pannier/sync/bundle"
	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/powertest"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/sitetest"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// powerServer names the environment variable that makes a process the one whose
// disk fails.
const powerServer = "PANNIER_TEST_POWER_SERVER"

// deviceSite is a site whose versions a device goes through.
type deviceSite struct {
	*httptest.Server
	objects   *sitetest.Objects
	ledger    *sitetest.Ledger
	publisher *publish.Publisher
}

func newDeviceSite(t *testing.T) *deviceSite {
	s := &deviceSite{objects: sitetest.NewObjects(), ledger: sitetest.NewLedger(t, "test")}
	s.publisher = &publish.Publisher{Objects: s.objects, Ledger: s.ledger}
	s.Server = httptest.NewServer(http.HandlerFunc(s.objects.ServeHTTP))
	t.Cleanup(s.Server.Close)
	return s
}

func (s *deviceSite) publish(t *testing.T, c offlinetest.Content) {
	t.Helper()
	if _, err := s.publisher.Publish(ctx, s.ledger.Region, sitetest.Content(c.Cells(t)), publish.Note{}); err != nil {
		t.Fatal(err)
	}
}

// resign replaces the head by a later signature of the same version.
func (s *deviceSite) resign(t *testing.T) {
	t.Helper()
	note, err := s.objects.Get(ctx, layout.Head("test"))
	if err != nil {
		t.Fatal(err)
	}
	h, err := head.Peek(note)
	if err != nil {
		t.Fatal(err)
	}
	h.Issued, h.Expires = h.Issued.Add(time.Hour), h.Expires.Add(time.Hour)
	if note, err = h.Sign(s.ledger.Region.Secret); err != nil {
		t.Fatal(err)
	}
	if err := s.objects.Replace(ctx, layout.Head("test"), note); err != nil {
		t.Fatal(err)
	}
}

// bundle writes all objects of the site into a file.
func (s *deviceSite) bundle(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.pannier")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bundle.NewWriter(f)
	for _, name := range s.objects.Names() {
		data, err := s.objects.Get(ctx, name)
		if err == nil {
			err = w.Add(name, data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

const layerByLayer = "layer by layer"

// pullIn does what the command pannier pull does in a folder, or pannier import if
// server is the name of a file; part is the JSON of the selection to hold, or "",
// or asks for all layer by layer.
func pullIn(dir, server, part string) (err error) {
	var selection *cover.Selection
	layered := part == layerByLayer
	if part != "" && !layered {
		s, err := cover.Parse([]byte(part))
		if err != nil {
			return err
		}
		selection = &s
	}
	lock, err := offline.TakeLock(filepath.Join(dir, "test.lock"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	r, err := offline.Open(filepath.Join(dir, "test.mbtiles"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	c := pull.NewClient(server)
	if filepath.IsAbs(server) {
		b, err := bundle.Open(server)
		if err != nil {
			return err
		}
		defer b.Close()
		c = pull.NewFileClient(b)
	}
	defer c.Close()
	opts := pull.Options{Stage: filepath.Join(dir, "test.stage"), Selection: selection}
	if layered {
		opts.Ready = func([]cell.Layer) {}
	}
	_, err = c.Pull(ctx, "test", r, opts)
	return err
}

// power is an operation of a device that is put to the test.
type power struct {
	name   string
	site   *deviceSite
	folder string               // the device before
	was    *offlinetest.Content // installed before; nil for nothing
	will   offlinetest.Content  // installed after
	had    string               // selected before
	part   string               // selected by the operation
	from   string               // server or file
	head   []byte               // after
}

// powers are the operations.
func powers(t *testing.T) []*power {
	before, after := town(), changed()
	all := []*power{
		{name: "first pull", will: before},
		{name: "first pull, layer by layer", will: before, part: layerByLayer},
		{name: "update", was: &before, will: after},
		{name: "refresh", was: &before, will: before},
		{name: "shrink", was: &before, will: after, part: `{"layers":["features","media"]}`},
		{name: "extend", was: &before, will: after, had: `{"layers":["features"]}`, part: `{}`},
		{name: "import", was: &before, will: after},
	}
	for _, p := range all {
		p.site, p.folder = newDeviceSite(t), t.TempDir()
		p.from = p.site.URL
		p.site.publish(t, before)
		if p.was != nil {
			if err := pullIn(p.folder, p.site.URL, p.had); err != nil {
				t.Fatal(err)
			}
		}
		switch p.name {
		case "update", "shrink", "extend":
			p.site.publish(t, after)
		case "import":
			p.site.publish(t, after)
			p.from = p.site.bundle(t)
		case "refresh":
			p.site.resign(t)
		}
		p.head, _ = p.site.objects.Get(ctx, layout.Head("test"))
	}
	return all
}

// TestPower cuts the power, or fails the disk, at each call by which an operation
// changes the disk: whatever is left opens and verifies, and the operation, begun
// again, succeeds. Unless asked for all (make test-power) it takes a sample.
func TestPower(t *testing.T) {
	if server := os.Getenv(powerServer); server != "" {
		if err := pullIn(os.Getenv("PANNIER_TEST_POWER_DIR"), server, os.Getenv("PANNIER_TEST_POWER_PART")); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("done")
		os.Exit(0)
	}
	faults := []struct {
		powertest.Fault
		sample int
	}{
		{powertest.Fault{Cut: true}, 8},
		{powertest.Fault{Errno: syscall.EIO}, 4},
		{powertest.Fault{Errno: syscall.ENOSPC}, 1},
		{powertest.Fault{Errno: syscall.ENOSPC, Stays: true}, 2},
	}
	for _, p := range powers(t) {
		t.Run(p.name, func(t *testing.T) {
			whole := powertest.Run(t, p.folder, powertest.Fault{}, p.command)
			if whole.Err != nil {
				t.Fatalf("without a fault: %v\n%s", whole.Err, whole.Out)
			}
			for _, dir := range whole.Left(t) {
				p.check(t, "acknowledged", dir, true)
			}
			for _, f := range faults {
				failed := 0
				trials := powertest.Each(t, f.Fault, whole.Calls, f.sample, func(f powertest.Fault) bool {
					o := powertest.Run(t, p.folder, f, p.command)
					if o.Err != nil {
						failed++
					}
					p.after(t, f, o)
					return o.Struck
				})
				t.Logf("%s, %d calls: %v, %d trials, %d failed operations", p.name, whole.Calls, f.Fault, trials, failed)
			}
		})
	}
}

func (p *power) command(dir string) *exec.Cmd {
	child := exec.Command(os.Args[0], "-test.run=^TestPower$")
	child.Env = append(os.Environ(), powerServer+"="+p.from, "PANNIER_TEST_POWER_DIR="+dir, "PANNIER_TEST_POWER_PART="+p.part)
	return child
}

// after looks at what a fault has left.
func (p *power) after(t *testing.T, f powertest.Fault, o powertest.Outcome) {
	t.Helper()
	if f.Cut {
		for _, dir := range o.Left(t) {
			p.check(t, f.String(), dir, o.Err == nil)
		}
		return
	}
	dir := filepath.Join(t.TempDir(), "seen")
	if err := o.Disk.SaveSeen(dir); err != nil {
		t.Fatal(err)
	}
	p.check(t, f.String(), dir, o.Err == nil)
}

// check opens and verifies what a device holds, and does the operation again.
func (p *power) check(t *testing.T, where, dir string, acknowledged bool) {
	t.Helper()
	defer os.RemoveAll(dir)
	where = fmt.Sprintf("%s, %s, %s", p.name, where, filepath.Base(dir))
	if note := p.installed(t, where, dir); acknowledged && !bytes.Equal(note, p.head) {
		t.Fatalf("%s: it was acknowledged, but is not there", where)
	}
	again := p.part
	if again == layerByLayer { // a plain pull, or an update, goes on to what the first one wanted
		again = ""
	}
	if err := pullIn(dir, p.from, again); err != nil {
		t.Fatalf("%s: begun again: %v", where, err)
	}
	if p.part == layerByLayer {
		p.whole(t, where, dir)
	}
	if note := p.installed(t, where+", begun again", dir); !bytes.Equal(note, p.head) {
		t.Fatalf("%s: begun again, it is not there", where)
	}
	if _, err := os.Stat(filepath.Join(dir, "test.stage")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s: begun again, it leaves downloads", where)
	}
	for _, log := range []string{"test.mbtiles-journal", "test.mbtiles-wal"} { // an empty one says nothing
		if info, err := os.Stat(filepath.Join(dir, log)); err == nil && info.Size() > 0 {
			t.Fatalf("%s: begun again, it leaves %s", where, log)
		}
	}
}

// whole fails when the device holds a part only.
func (p *power) whole(t *testing.T, where, dir string) {
	t.Helper()
	r, err := offline.OpenReadOnly(filepath.Join(dir, "test.mbtiles"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if s, err := r.State(ctx); err != nil || !s.Selection.IsAll() {
		t.Fatalf("%s: it holds %+v, %v", where, s.Selection, err)
	}
}

// installed verifies the installed version, which must be the one before or the
// one after, and returns its head; nil when nothing is installed.
func (p *power) installed(t *testing.T, where, dir string) []byte {
	t.Helper()
	r, err := offline.OpenReadOnly(filepath.Join(dir, "test.mbtiles"))
	if err == nil {
		defer r.Close()
		var s pull.State
		if s, err = r.State(ctx); err == nil {
			content := p.will
			if p.was != nil && !bytes.Equal(s.HeadNote, p.head) {
				content = *p.was
			} else if selected, _ := json.Marshal(s.Selection); p.part != "" && p.part != layerByLayer && string(selected) != p.part {
				t.Fatalf("%s: it holds %s", where, selected)
			}
			if samePart(t, r, content, s.Selection); t.Failed() {
				t.Fatal(where)
			}
			return s.HeadNote
		}
	}
	if p.was != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s: %v", where, err)
	}
	return nil
}
