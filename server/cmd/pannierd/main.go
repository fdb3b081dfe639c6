// Command pannierd keeps regions and publishes them: see pannierd --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/control"
	"github.com/pannier-maps/pannier/server/host"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/tiles/progress"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	here, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "pannierd:", err)
		os.Exit(1)
	}
	p := &program{stdout: os.Stdout, stderr: os.Stderr, here: here, args: os.Args[1:]}
	os.Exit(p.run(ctx))
}

// program is one call of the command: by a shell, or inside a serving daemon.
type program struct {
	stdout, stderr io.Writer
	here           string // the caller's working folder
	args           []string
	host           *host.Host     // set inside a daemon
	accounts       *auth.Accounts // set inside a daemon

	data      string // --data
	json      bool   // --json
	publicURL string // --public-url of commands on accounts
}

// exitCode ends a command with a code and no further words.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// run carries out the call and returns its exit code.
func (p *program) run(ctx context.Context) int {
	root := p.root()
	root.SetArgs(p.args)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	err := root.ExecuteContext(ctx)
	var code exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case ctx.Err() != nil:
		fmt.Fprintln(p.stderr, "pannierd: stopped; nothing half-done is left behind")
		return 130
	}
	fmt.Fprintln(p.stderr, "pannierd:", printable(err.Error()))
	if errors.Is(err, store.ErrFull) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		fmt.Fprintln(p.stderr, "Free some space on that disk and run the command again. What is published stays as it is.")
	}
	return 1
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "pannierd",
		Short: "Keep regions and publish them to phones",
		Long: `pannierd keeps regions (map data, places, routes), publishes them as signed
versions, and serves them to phones, which stay current by very small deltas.`,
		Example: `  pannierd region create andorra --name Andorra --languages ca,es,fr,en
  pannierd import andorra andorra.osm.pbf
  pannierd publish andorra -m "first"
  pannierd serve`,
		SilenceUsage: true, SilenceErrors: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.PersistentFlags().StringVar(&p.data, "data", "pannier-data", "the data folder")
	root.PersistentFlags().BoolVar(&p.json, "json", false, "answer in JSON, for machines")
	root.AddCommand(p.regionCommand(), p.importCommand(), p.inspectCommand(), p.publishCommand(), p.versionsCommand(), p.rollbackCommand(), p.rolloutCommand(),
		p.keysCommand(), p.fsckCommand(), p.gcCommand(), p.exportStaticCommand(), p.bundleCommand(), p.serveCommand(),
		p.accountsCommand(), p.adminLinkCommand())
	return root
}

// path resolves a path against the caller's folder.
func (p *program) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.here, name)
}

const (
	patience   = 10 * time.Second // for the folder to come free, or its daemon to answer
	retryEvery = 50 * time.Millisecond
)

// with runs work on the open data folder: inside the daemon that holds it, if
// there is one, else here.
func (p *program) with(ctx context.Context, work func(h *host.Host) error) error {
	if p.host != nil {
		return work(p.host)
	}
	dir := p.path(p.data)
	for start := time.Now(); ; time.Sleep(retryEvery) {
		code, ok, err := control.Try(ctx, dir, p.args, p.stdout, p.stderr)
		if err != nil {
			return err
		}
		if ok {
			if code != 0 {
				return exitCode(code)
			}
			return nil
		}
		h, err := host.Open(ctx, dir, p.log())
		if errors.Is(err, store.ErrLocked) && time.Since(start) < patience && ctx.Err() == nil {
			continue // a server that starts does not answer yet, one that ends no more
		}
		if err != nil {
			return err
		}
		return errors.Join(work(h), h.Close())
	}
}

// log writes warnings and worse; serve has its own.
func (p *program) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// meter shows how far long work is, unless the answer is for machines.
func (p *program) meter(unit progress.Unit) *progress.Meter {
	if p.json {
		return progress.New(io.Discard, unit)
	}
	return progress.New(p.stderr, unit)
}
