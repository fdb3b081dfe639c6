package journey

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// chunk is how many bytes the slow proxy passes on at a time.
const chunk = 16 << 10

// world is a server's data folder, a device and the commands.
type world struct {
	t              *testing.T
	dir            string
	daemon, client string // binaries
	data, device   string
	url            string // of the running server
	last           published
	serving        *exec.Cmd
}

func newWorld(t *testing.T) *world {
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./server/cmd/pannierd", "./clients/cmd/pannier")
	build.Dir = root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return &world{
		t: t, dir: dir, daemon: filepath.Join(dir, "pannierd"), client: filepath.Join(dir, "pannier"),
		data: filepath.Join(dir, "data"), device: filepath.Join(dir, "device"),
	}
}

// root returns the folder of the module.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
}

// run runs a command and returns its output; failing is fatal.
func (w *world) run(name string, args ...string) string {
	w.t.Helper()
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		w.t.Fatalf("%s %s: %v\n%s%s", filepath.Base(name), strings.Join(args, " "), err, out, stderr(err))
	}
	return string(out)
}

func stderr(err error) []byte {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.Stderr
	}
	return nil
}

func (w *world) pannierd(args ...string) string { w.t.Helper(); return w.at(w.data, args...) }

func (w *world) at(data string, args ...string) string {
	w.t.Helper()
	return w.run(w.daemon, append([]string{"--data", data}, args...)...)
}

func (w *world) pannier(args ...string) string { w.t.Helper(); return w.clientAt(w.device, args...) }

func (w *world) clientAt(device string, args ...string) string {
	w.t.Helper()
	return w.run(w.client, append([]string{"--dir", device}, args...)...)
}

func (w *world) publish(region string) published {
	w.t.Helper()
	var p published
	decode(w.t, w.pannierd("publish", region, "--json"), &p)
	w.last = p
	return p
}

func (w *world) update(region string) pulled {
	w.t.Helper()
	var p pulled
	decode(w.t, w.pannier("update", region, "--json"), &p)
	return p
}

func (w *world) updateFrom(region string, server *slowProxy) pulled {
	w.t.Helper()
	var p pulled
	decode(w.t, w.pannier("pull", region, "--server", server.URL, "--json"), &p)
	return p
}

// searchFirst returns the id of the first place found.
func (w *world) searchFirst(text string) string {
	w.t.Helper()
	var found struct {
		Results []struct {
			ID string `json:"id"`
		} `json:"results"`
	}
	decode(w.t, w.pannier("search", text, "--json"), &found)
	if len(found.Results) == 0 {
		w.t.Fatalf("search %q found nothing", text)
	}
	return found.Results[0].ID
}

// serve starts the daemon and returns its address.
func (w *world) serve() string {
	w.t.Helper()
	cmd := exec.Command(w.daemon, "--data", w.data, "serve", "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.serving = cmd
	w.t.Cleanup(func() { cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		w.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(line, "http://")
	w.url = "http://" + rest[:strings.IndexByte(rest, '/')]
	return w.url
}

// stop ends the daemon as an operator does.
func (w *world) stop() {
	w.t.Helper()
	if err := w.serving.Process.Signal(syscall.SIGTERM); err != nil {
		w.t.Fatal(err)
	}
	if err := w.serving.Wait(); err != nil {
		w.t.Errorf("the server ended with %v", err)
	}
}

// slowProxy passes requests on, slowly, and counts.
type slowProxy struct {
	*httptest.Server
	bodies    atomic.Int64 // bytes of answers' bodies passed on
	wire      atomic.Int64 // bytes on the wire, both ways
	forbidden atomic.Int64 // requests for objects that the client has

	mu   sync.Mutex
	has  map[string]bool
	open atomic.Int64
}

func newSlowProxy(t *testing.T, server string) *slowProxy {
	to, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	s := &slowProxy{has: make(map[string]bool)}
	proxy := &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ErrorLog: log.New(io.Discard, "", 0), // clients die here by design
	}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.open.Add(1)
		defer s.open.Add(-1)
		s.mu.Lock()
		if s.has[r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]] {
			s.forbidden.Add(1)
		}
		s.mu.Unlock()
		proxy.ServeHTTP(&slowWriter{w, s}, r)
	}))
	s.Server.Listener = &countingListener{s.Server.Listener, &s.wire}
	s.Server.Start()
	t.Cleanup(s.Server.Close)
	return s
}

// forbid notes objects that must not be asked for again.
func (s *slowProxy) forbid(hashes []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range hashes {
		s.has[h] = true
	}
}

// settle waits until the requests of a dead client have ended.
func (s *slowProxy) settle() {
	for deadline := time.Now().Add(5 * time.Second); s.open.Load() > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

func (s *slowProxy) count() int64 { return s.wire.Load() }

type slowWriter struct {
	http.ResponseWriter
	proxy *slowProxy
}

func (w *slowWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		var m int
		m, err = w.ResponseWriter.Write(p[:min(len(p), chunk)])
		w.proxy.bodies.Add(int64(m))
		http.NewResponseController(w.ResponseWriter).Flush()
		time.Sleep(3 * time.Millisecond)
		p, n = p[m:], n+m
	}
	return n, err
}

func (w *slowWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in %.300s", err, text)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
