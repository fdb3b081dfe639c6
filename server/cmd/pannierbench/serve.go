package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
)

// serving is pannierd's line about where it serves.
var serving = regexp.MustCompile(`http://([0-9.]+:[0-9]+)/`)

// running is a daemon that serves.
type running struct {
	address string
	pid     int
	stop    func()
}

// start starts `pannierd serve`. While it runs, the daemon's other calls are
// carried out inside it. The caller calls stop.
func (d daemon) start(ctx context.Context) (*running, error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := command(ctx, d.program, "--data", d.data, "serve", "--listen", "127.0.0.1:0")
	var log bytes.Buffer
	cmd.Stderr = &log
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, err
	}
	end := func() { cancel(); cmd.Wait() } // it was interrupted: how it exits does not matter
	line, err := bufio.NewReader(stdout).ReadString('\n')
	address := serving.FindStringSubmatch(line)
	if err != nil || address == nil {
		end()
		return nil, fmt.Errorf("pannierd serve did not start: %q, %w\n%s", line, err, log.Bytes())
	}
	return &running{address[1], cmd.Process.Pid, end}, nil
}

// serve starts the daemon behind a counting proxy. The caller calls stop.
func (d daemon) serve(ctx context.Context) (p *proxy, stop func() error, err error) {
	s, err := d.start(ctx)
	if err != nil {
		return nil, nil, err
	}
	if p, err = newProxy(s.address); err != nil {
		s.stop()
		return nil, nil, err
	}
	return p, func() error { s.stop(); return p.close() }, nil
}

// serveFolder serves a folder over HTTP behind a counting proxy, as any static host
// does. The caller calls stop.
func serveFolder(files folder) (p *proxy, stop func() error, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	server := &http.Server{Handler: files}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	end := func() error {
		err := server.Close()
		if served := <-done; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}
	if p, err = newProxy(listener.Addr().String()); err != nil {
		return nil, nil, errors.Join(err, end())
	}
	return p, func() error { return errors.Join(p.close(), end()) }, nil
}
