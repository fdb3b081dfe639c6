// Command pannierload puts load on a Pannier server, as on the day when a new
// version comes out, and sets its figures beside those of nginx on the same
// site as plain files. Run it in the repository's root:
//
//	make bench-load
//
// It makes a demo region, serves it with pannierd and then with nginx (Debian's
// package; without it that half is left out and the output says so), and asks
// for heads, updates, deltas, blobs and ranges of blobs: first as fast as a few
// connections can, then as thousands of phones that come at random times, and
// at last it holds idle connections. With --server it loads a server that runs
// already. It talks to this machine only (loopback), with plain HTTP/1.1 over
// connections that are kept, and checks status and length of every answer.
//
// Client and server share the machine's cores, and both servers are measured
// the same way, so the ratio of two lines says more than a line alone.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
	case ctx.Err() != nil:
		say("stopped; nothing is left behind")
		os.Exit(130)
	default:
		say("%v", err)
		os.Exit(1)
	}
}

// The most that one run may ask for.
const (
	mostClients = 20_000
	longest     = 10 * time.Minute
)

// load says what to do.
type load struct {
	Connections int           // that ask as fast as they can
	Phones      int           // that come at random times
	Idle        int           // connections that do nothing
	Duration    time.Duration // of each measurement
	Every       time.Duration // between two requests of a phone, on average
}

func run(ctx context.Context, args []string) (err error) {
	var l load
	flags := flag.NewFlagSet("pannierload", flag.ContinueOnError)
	flags.IntVar(&l.Connections, "connections", 64, "connections that ask as fast as they can")
	flags.IntVar(&l.Phones, "phones", 2000, "phones that ask at random times")
	flags.IntVar(&l.Idle, "idle", 10_000, "connections that are held idle")
	flags.DurationVar(&l.Duration, "duration", 8*time.Second, "length of each measurement")
	flags.DurationVar(&l.Every, "every", 2*time.Second, "time between two requests of a phone, on average")
	server := flags.String("server", "", "base URL of a server that runs already, such as http://127.0.0.1:8080")
	pid := flags.Int("pid", 0, "that server's process, for its CPU time and memory")
	program := flags.String("pannierd", filepath.FromSlash("bin/pannierd"), "the program to start without --server")
	out := flags.String("out", filepath.FromSlash("out/load.json"), "file for the figures as JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case min(l.Connections, l.Phones, l.Idle) < 0 || l.Connections == 0 || max(l.Connections, l.Phones, l.Idle) > mostClients:
		return fmt.Errorf("--connections, --phones and --idle can be %d at most", mostClients)
	case l.Duration <= 0 || l.Duration > longest || l.Every <= 0:
		return fmt.Errorf("--duration must be above 0 and %s at most", longest)
	}
	if *server != "" {
		if err := onLoopback(ctx, *server); err != nil {
			return err
		}
		figures, err := l.measure(ctx, running{name: "server", url: *server, pid: *pid})
		if err != nil {
			return err
		}
		return report(*out, []serverFigures{figures}, nil)
	}

	temp, err := os.MkdirTemp("", "pannierload-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	if err := os.Chmod(temp, 0o755); err != nil { // nginx reads it as another user
		return err
	}
	d := demo{program: *program, data: filepath.Join(temp, "data"), static: filepath.Join(temp, "static")}
	if err := d.make(ctx); err != nil {
		return err
	}
	var all []serverFigures
	var absent []string
	for _, start := range []func(ctx context.Context, temp string) (running, error){d.serve, d.nginx} {
		r, err := start(ctx, temp)
		if errors.Is(err, errAbsent) {
			say("%v", err)
			absent = append(absent, err.Error())
			continue
		}
		if err != nil {
			return err
		}
		figures, err := l.measure(ctx, r)
		if err = errors.Join(err, r.stop()); err != nil {
			return err
		}
		all = append(all, figures)
	}
	return report(*out, all, absent)
}

// onLoopback makes sure that load stays on this machine.
func onLoopback(ctx context.Context, server string) error {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" || u.Hostname() == "" {
		return fmt.Errorf("--server %q: give a URL such as http://127.0.0.1:8080", server)
	}
	addresses, err := net.DefaultResolver.LookupIPAddr(ctx, u.Hostname())
	if err != nil {
		return err
	}
	for _, a := range addresses {
		if !a.IP.IsLoopback() {
			return fmt.Errorf("--server %q: %s is not this machine", server, a.IP)
		}
	}
	return nil
}

func report(out string, all []serverFigures, absent []string) error {
	table(os.Stdout, all)
	for _, a := range absent {
		fmt.Println("absent:", a)
	}
	data, err := json.MarshalIndent(map[string]any{"date": time.Now().UTC().Truncate(time.Second), "servers": all, "absent": absent}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	return os.WriteFile(out, append(data, '\n'), 0o644)
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "pannierload: "+format+"\n", args...) }
