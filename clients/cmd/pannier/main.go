// Command pannier keeps regions on this computer: it pulls them from a server,
// keeps them current by small deltas, and answers from them without a network.
//
// README.md at the root shows the commands; each has --help with an example.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		os.Exit(1)
	}
}

// run does what the arguments ask for. An error has been told on stderr.
func run(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	a := &app{out: stdout, errs: stderr, languages: systemLanguages(os.Getenv)}
	root := a.command()
	root.SetArgs(shieldPlaces(args))
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintf(stderr, "pannier: %s\n", message(err))
		if hint := a.hint(err); hint != "" {
			fmt.Fprintln(stderr, hint)
		}
	}
	return err
}
