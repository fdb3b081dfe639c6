package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

var errAbsent = errors.New("is not installed")

// running is a server under load.
type running struct {
	name, url string
	pid       int // 0 when unknown
	stop      func() error
}

// demo is a region to load servers with.
type demo struct {
	program, data, static string
}

// versions is how many versions the demo has.
const versions = 6

// make publishes Andorra, of an extract that ships inside a Go module, with some
// edits of a hut, and exports the site.
func (d demo) make(ctx context.Context) error {
	say("publishing a demo region")
	module, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/paulmach/osm").Output()
	if err != nil {
		return fmt.Errorf("find the demo's data: %w", err)
	}
	if err := d.call(ctx, "region", "create", "andorra", "--languages", "ca,es,fr,en"); err != nil {
		return err
	}
	files := []string{filepath.Join(string(bytes.TrimSpace(module)), "testdata", "andorra-latest.osm.bz2")}
	for v := range versions {
		hut := filepath.Join(d.data, "hut.geojson")
		text := fmt.Sprintf(`{"type":"FeatureCollection","features":[{"type":"Feature","id":"hut","properties":{"category":"lodging.alpine_hut","name":"Refugi %d"},"geometry":{"type":"Point","coordinates":[1.52,42.5%d]}}]}`, v, v)
		if err := os.WriteFile(hut, []byte(text), 0o644); err != nil {
			return err
		}
		if err := d.call(ctx, append([]string{"import", "andorra"}, append(files, hut)...)...); err != nil {
			return err
		}
		files = nil
		if err := d.call(ctx, "publish", "andorra"); err != nil {
			return err
		}
	}
	return d.call(ctx, "export-static", d.static)
}

func (d demo) call(ctx context.Context, args ...string) error {
	text, err := exec.CommandContext(ctx, d.program, append([]string{"--data", d.data, "--json"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s (make build first): %w\n%s", d.program, args[0], err, text)
	}
	return nil
}

var address = regexp.MustCompile(`http://[0-9.:]+`)

// serve starts pannierd. It logs each request, as it does anywhere; nobody reads it.
func (d demo) serve(ctx context.Context, _ string) (running, error) {
	cmd := exec.CommandContext(ctx, d.program, "--data", d.data, "serve", "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return running{}, err
	}
	stop, err := start(cmd)
	if err != nil {
		return running{}, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	url := address.FindString(line)
	if url == "" {
		return running{}, errors.Join(fmt.Errorf("pannierd serve says %q", line), err, stop())
	}
	go io.Copy(io.Discard, out)
	return running{"pannierd", url, cmd.Process.Pid, stop}, nil
}

// nginxConfig is what its manual advises for static files.
const nginxConfig = `worker_processes auto;
worker_rlimit_nofile 20000;
daemon off;
pid %[1]s/nginx.pid;
error_log %[1]s/nginx.error crit;
events { worker_connections 16000; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 120;
  keepalive_requests 100000000;
  open_file_cache max=10000;
  default_type application/octet-stream;
  client_body_temp_path %[1]s/t1; proxy_temp_path %[1]s/t2; fastcgi_temp_path %[1]s/t3; uwsgi_temp_path %[1]s/t4; scgi_temp_path %[1]s/t5;
  server { listen %[2]s; root %[3]s; }
}
`

// nginx starts nginx on the exported site.
func (d demo) nginx(ctx context.Context, temp string) (running, error) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		return running{}, fmt.Errorf("nginx %w", errAbsent)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return running{}, err
	}
	host := ln.Addr().String()
	ln.Close()
	config := filepath.Join(temp, "nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, nginxConfig, temp, host, d.static), 0o644); err != nil {
		return running{}, err
	}
	cmd := exec.CommandContext(ctx, program, "-p", temp, "-c", config)
	stop, err := start(cmd)
	if err != nil {
		return running{}, err
	}
	for range 100 {
		c, err := net.Dial("tcp", host)
		if err == nil {
			c.Close()
			return running{"nginx", "http://" + host, cmd.Process.Pid, stop}, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return running{}, errors.Join(errors.New("nginx does not answer"), stop())
}

// start starts a server and returns what stops it.
func start(cmd *exec.Cmd) (stop func() error, err error) {
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 15 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() error {
		cmd.Process.Signal(syscall.SIGTERM)
		var exit *exec.ExitError
		if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
			return err
		}
		return nil
	}, nil
}
