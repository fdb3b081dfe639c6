package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/sync/blob"
)

// region is what the tests publish: the Andorra that ships inside the module
// github.com/paulmach/osm.
const region = "andorra"

// world is a site with three versions of the region, and a phone that holds the
// second.
type world struct {
	t     *testing.T
	data  string // the server's folder
	phone string // the client's
}

// made is the world that all others are copied from.
var made struct {
	sync.Once
	world
}

// newWorld returns a world of the test's own, in a new folder.
func newWorld(t *testing.T) world { return worldIn(t, t.TempDir()) }

func worldIn(t *testing.T, dir string) world {
	t.Helper()
	made.Do(func() {
		w := world{t, filepath.Join(commands.folder, "data"), filepath.Join(commands.folder, "phone")}
		w.make()
		made.world = w
	})
	if made.data == "" {
		t.Fatal("there is no site to test with")
	}
	w := world{t, filepath.Join(dir, "data"), filepath.Join(dir, "phone")}
	copyFolder(t, made.data, w.data)
	copyFolder(t, made.phone, w.phone)
	return w
}

func (w world) make() {
	w.pannierd("region", "create", region, "--name", "Andorra", "--languages", "ca,es,fr,en").wantDone(w.t)
	w.pannierd("import", region, moduleData(w.t, "andorra-latest.osm.bz2")).wantDone(w.t)
	w.pannierd("publish", region, "-m", "first").wantDone(w.t)
	w.pannierd("import", region, hut(w.t, "Refugi")).wantDone(w.t)
	w.pannierd("publish", region, "-m", "second").wantDone(w.t)
	d := w.serve()
	w.pannier("pull", region, "--server", d.url).wantDone(w.t)
	d.stop()
	w.pannierd("import", region, hut(w.t, "Refugi nou")).wantDone(w.t)
	w.pannierd("publish", region, "-m", "third").wantDone(w.t)
}

// pannierd runs a command of the server.
func (w world) pannierd(args ...string) outcome {
	w.t.Helper()
	return run(w.t, commands.pannierd, append([]string{"--data", w.data}, args...)...)
}

// pannier runs a command of the phone.
func (w world) pannier(args ...string) outcome {
	w.t.Helper()
	return run(w.t, commands.pannier, append([]string{"--dir", w.phone}, args...)...)
}

// snapshot is what is published: the versions, and the hash of each object.
type snapshot struct {
	versions string
	objects  map[string]string
}

func (w world) published() snapshot {
	w.t.Helper()
	s := snapshot{w.pannierd("versions", region, "--json").wantDone(w.t), make(map[string]string)}
	for _, path := range objects(w.t, filepath.Join(w.data, "public", "v1")) {
		data, err := os.ReadFile(path)
		if err != nil {
			w.t.Fatal(err)
		}
		s.objects[path] = blob.Sum(data).String()
	}
	return s
}

// installed describes what the phone holds, and checks it whole.
func (w world) installed() string {
	w.t.Helper()
	w.pannier("verify").wantDone(w.t)
	var is struct {
		Version  uint64 `json:"version"`
		Manifest string `json:"manifest"`
		Cells    int    `json:"cells"`
		Issued   string `json:"issued"`
	}
	status := w.pannier("status", region, "--json").wantDone(w.t)
	if err := json.Unmarshal([]byte(status), &is); err != nil {
		w.t.Fatalf("status says %q: %v", status, err)
	}
	return fmt.Sprintf("%+v", is)
}

// wantPublished checks that the site is as it was. New objects may lie there:
// without a head that leads to them they mean nothing.
func (w world) wantPublished(was snapshot) {
	w.t.Helper()
	now := w.published()
	if now.versions != was.versions {
		w.t.Errorf("the versions changed from\n%s\nto\n%s", was.versions, now.versions)
	}
	for name, hash := range was.objects {
		if now.objects[name] != hash {
			w.t.Errorf("%s has changed", name)
		}
	}
}

// wantInstalled checks that the phone holds what it held.
func (w world) wantInstalled(was string) {
	w.t.Helper()
	if now := w.installed(); now != was {
		w.t.Errorf("what is installed changed from\n%s\nto\n%s", was, now)
	}
}

// daemon is a serving pannierd.
type daemon struct {
	t      *testing.T
	cmd    *exec.Cmd
	url    string
	stderr string // file
}

var serving = regexp.MustCompile(`http://[^/]+`)

// serve starts a daemon on the site. It is stopped at the end of the test.
func (w world) serve(args ...string) *daemon {
	w.t.Helper()
	log, err := os.Create(filepath.Join(w.t.TempDir(), "log"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer log.Close()
	d := &daemon{t: w.t, cmd: exec.Command(commands.pannierd, append([]string{"--data", w.data, "serve", "--listen", "127.0.0.1:0"}, args...)...), stderr: log.Name()}
	d.cmd.Stderr = log
	out, err := d.cmd.StdoutPipe()
	if err == nil {
		err = d.cmd.Start()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(d.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if d.url = serving.FindString(line); d.url == "" {
		w.t.Fatalf("serve said %q (%v):\n%s", line, err, d.log())
	}
	for range 6000 { // a minute; the socket comes a moment later
		if _, err := os.Stat(filepath.Join(w.data, "pannierd.sock")); err == nil {
			return d
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatal("serve made no socket")
	return nil
}

func (d *daemon) log() string {
	data, _ := os.ReadFile(d.stderr)
	return string(data)
}

// stop ends the daemon as an operator would, and checks that it ends well.
func (d *daemon) stop() {
	d.t.Helper()
	d.cmd.Process.Signal(syscall.SIGTERM)
	if err := d.cmd.Wait(); err != nil || inner.MatchString(d.log()) {
		d.t.Errorf("serve ended with %v:\n%s", err, d.log())
	}
}

// kill ends the daemon as the power going would.
func (d *daemon) kill() {
	d.cmd.Process.Kill()
	d.cmd.Wait()
}
