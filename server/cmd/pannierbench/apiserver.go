package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// apiServer is a serving pannierd with an organisation that is trusted, and the
// token of its machine.
type apiServer struct {
	daemon
	cmd    *exec.Cmd
	url    string
	token  string
	client *http.Client
}

// apiRegion is what the write API is measured on.
const apiRegion = "andorra"

var serves = regexp.MustCompile(`http://[^/]+`)

// startServer makes a site with the map of Andorra, where that is to be had, and
// serves it.
func (b *bench) startServer(ctx context.Context) (*apiServer, error) {
	s := &apiServer{
		daemon: daemon{b.pannierd, filepath.Join(b.temp, "data")},
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
	if err := s.create(ctx, apiRegion, "ca,es,fr,en"); err != nil {
		return nil, err
	}
	dir, err := output(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module)
	file := filepath.Join(strings.TrimSpace(string(dir)), "testdata", "andorra-latest.osm.bz2")
	if _, statErr := os.Stat(file); err == nil && statErr == nil {
		if _, err := s.load(ctx, apiRegion, file); err != nil {
			return nil, err
		}
		if _, _, err := s.publish(ctx, apiRegion); err != nil {
			return nil, err
		}
	} else {
		b.absent("the map of Andorra: module %s is not downloaded; the region has features only", module)
	}
	s.cmd = exec.Command(b.pannierd, "--data", s.data, "serve", "--listen", "127.0.0.1:0")
	stdout, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if s.url = serves.FindString(line); s.url == "" {
		return nil, errors.Join(fmt.Errorf("serve said %q: %w", line, err), s.stop())
	}
	go io.Copy(io.Discard, stdout)
	if err := s.people(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// people makes the organisation and its token.
func (s *apiServer) people(ctx context.Context) error {
	var link struct{ Link string }
	for range 100 { // the socket of the commands comes a moment later
		if _, err := os.Stat(filepath.Join(s.data, "pannierd.sock")); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if _, err := s.call(ctx, &link, "admin-link"); err != nil {
		return err
	}
	_, token, _ := strings.Cut(link.Link, "=")
	var admin struct {
		Access string `json:"access_token"`
	}
	var made struct{ Bearer string }
	for _, step := range []struct {
		method, path string
		body, into   any
	}{
		{"POST", "/v1/setup", map[string]any{"token": token, "email": "bench@maps.example", "name": "Bench", "password": "a long enough password"}, &admin},
		{"POST", "/v1/regions/" + apiRegion + "/organisations", map[string]any{"id": "inn", "name": "Inn"}, nil},
		{"PUT", "/v1/regions/" + apiRegion + "/organisations/inn", map[string]any{"trusted": true}, nil},
		{"POST", "/v1/organisations/inn/tokens", map[string]any{"name": "bench", "scopes": []string{"read", "features:write", "imports:write"}, "expires": time.Now().Add(24 * time.Hour)}, &made},
	} {
		body, err := json.Marshal(step.body)
		if err == nil {
			err = s.ask(ctx, step.method, step.path, "application/json", body, step.into)
		}
		if err != nil {
			return err
		}
		s.token = admin.Access
	}
	s.token = made.Bearer
	return nil
}

// ask sends a request and reads its answer, which must be a success.
func (s *apiServer) ask(ctx context.Context, method, path, kind string, body []byte, into any, headers ...string) error {
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	if len(body) > 0 {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, data)
	}
	if into != nil {
		return json.Unmarshal(data, into)
	}
	return nil
}

// stop ends the server.
func (s *apiServer) stop() error {
	s.cmd.Process.Signal(os.Interrupt)
	var exit *exec.ExitError
	if err := s.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	return nil
}

// cpu returns how many seconds of processors the server took so far; 0 where the
// system does not tell.
func (s *apiServer) cpu() float64 { return processCPU(s.cmd.Process.Pid) }

// peak returns the most memory that the server had, in bytes, and begins to
// measure anew where the system lets it; 0 where it does not tell.
func (s *apiServer) peak() (n int64) {
	proc := fmt.Sprintf("/proc/%d/", s.cmd.Process.Pid)
	fmt.Sscan(procValue(proc+"status", "VmHWM"), &n)
	os.WriteFile(proc+"clear_refs", []byte("5"), 0) // of no consequence where it cannot be
	return n << 10
}
