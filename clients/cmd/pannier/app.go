package main

import (
	"encoding/json"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/pannier-maps/pannier/tiles/progress"
)

// app is what all commands share.
type app struct {
	out, errs io.Writer
	languages []string // of names, the best first

	dir    string // --dir
	region string // --region
	json   bool   // --json
}

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "pannier",
		Short: "Keep regions on this computer and use them without a network",
		Long: "pannier pulls regions from a server, keeps them current by small deltas,\n" +
			"and answers from them without a network.",
		Example: "  pannier regions --server https://maps.example.org\n" +
			"  pannier pull andorra --server https://maps.example.org\n" +
			"  pannier search \"bicycle repair\"",
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.dir, "dir", defaultDir(), "folder that holds the regions")
	flags.BoolVar(&a.json, "json", false, "write JSON for programs")
	root.AddCommand(
		a.regionsCommand(), a.pullCommand(), a.importCommand(), a.updateCommand(), a.changesCommand(), a.statusCommand(), a.verifyCommand(),
		a.searchCommand(), a.nearCommand(), a.showCommand(), a.tileCommand(), a.exportCommand(),
	)
	return root
}

// fromRegion adds the flag of the commands that answer from one region.
func (a *app) fromRegion(c *cobra.Command) *cobra.Command {
	c.Flags().StringVar(&a.region, "region", "", "region to use, when several are installed")
	return c
}

// writeJSON writes a value as one line.
func (a *app) writeJSON(v any) error {
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// meter shows progress to people; programs that read JSON get none.
func (a *app) meter(unit progress.Unit) *progress.Meter {
	if a.json {
		return progress.New(io.Discard, unit)
	}
	return progress.New(a.errs, unit)
}

// onTerminal reports whether the output is shown to a person.
func (a *app) onTerminal() bool {
	f, ok := a.out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
