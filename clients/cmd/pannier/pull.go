package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/progress"
)

// version is what pull, update and status write as JSON.
type version struct {
	Region        string           `json:"region"`
	Version       uint64           `json:"version"`
	Manifest      blob.Hash        `json:"manifest"`
	Cells         int              `json:"cells"`     // that are held
	AllCells      int              `json:"all_cells"` // of the version
	Part          *cover.Selection `json:"part,omitempty"`
	BytesReceived int64            `json:"bytes_received"`
	Requests      int64            `json:"requests"`
	Changed       int              `json:"changed_cells"`
	Root          string           `json:"root,omitempty"` // fingerprint of the root that trust begins with
	Stale         bool             `json:"stale"`          // freshness is unverified since the head was issued
}

func (a *app) pullCommand() *cobra.Command {
	var from source
	var part part
	c := &cobra.Command{
		Use:   "pull REGION",
		Short: "Download a region or a part of it, or bring it up to date",
		Long: "Download a region and install it. A download that was cut off goes on where\n" +
			"it stopped. When the region is installed already, only what changed is fetched.\n\n" +
			"A part of a region is chosen by place (--along, --bbox) and by content (--layers,\n" +
			"--no-media, --no-relief). It stays chosen: updates fetch only what belongs to it.\n" +
			"Another choice adds what is missing and removes what is not in it; --all takes\n" +
			"everything again.\n\n" +
			"The first pull remembers the root that the server shows: the keys that may sign\n" +
			"from then on. Compare its fingerprint with what the operator says, or give the\n" +
			"root that you got from the operator or with an app.",
		Example: "  pannier pull andorra --server https://maps.example.org\n" +
			"  pannier pull andorra --server https://maps.example.org --root maps.root\n" +
			"  pannier pull andorra --along tour.gpx --km 5 --dry-run\n" +
			"  pannier pull andorra --bbox 1.4,42.4,1.6,42.6 --no-media",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := layout.CheckRegion(args[0]); err != nil {
				return err
			}
			var err error
			if from.part, err = a.chosenPart(c.Context(), args[0], part); err != nil {
				return err
			}
			return a.pull(c.Context(), args[0], from)
		},
	}
	part.flags(c)
	c.Flags().BoolVar(&from.dryRun, "dry-run", false, "only tell what would be fetched, by layer")
	c.Flags().StringVar(&from.server, "server", "", "address of the server; not needed for an installed region")
	c.Flags().StringVar(&from.rootFile, "root", "", "file of the root to trust, instead of the one that the server shows at the first pull")
	c.Flags().BoolVar(&from.fresh, "fresh", false, "download everything again and replace what is installed, when that is damaged")
	return c
}

func (a *app) updateCommand() *cobra.Command {
	var dryRun bool
	var how telling
	c := &cobra.Command{
		Use:   "update [REGION]",
		Short: "Bring a region, or all installed ones, up to date",
		Long: "Fetch what changed since the installed version, from the server it came from.\n" +
			"With --dry-run only tell what there is and what is new in it, in words; of that only\n" +
			"the places, routes and notices are fetched, and kept for the update.",
		Example: "  pannier update\n" +
			"  pannier update --dry-run --near 42.507,1.522\n" +
			"  pannier update andorra --json",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			regions := args
			if len(args) == 0 {
				var err error
				if regions, err = a.installed(c.Context()); err != nil {
					return err
				}
				if len(regions) == 0 {
					return &notInstalled{}
				}
			}
			var failed error // one region's trouble does not hold up the others
			for _, region := range regions {
				err := a.mustExist(c.Context(), region)
				switch {
				case err != nil:
				case dryRun:
					err = a.dryUpdate(c.Context(), region, how)
				default:
					err = a.pull(c.Context(), region, source{})
				}
				failed = errors.Join(failed, err)
			}
			return failed
		},
	}
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only tell what an update would bring")
	how.flags(c)
	return c
}

// mustExist fails when a region is not installed.
func (a *app) mustExist(ctx context.Context, region string) error {
	r, err := a.openRegion(ctx, region)
	if err != nil {
		return err
	}
	return r.Close()
}

// source says where a pull gets its region.
type source struct {
	server   string
	client   *pull.Client // of a bundle file; nil for a server
	rootFile string
	root     []byte // what is in that file
	fresh    bool
	dryRun   bool             // only tell what a pull would do
	part     *cover.Selection // to hold from now on; nil: what is held now
}

// pull installs the current version of a region and tells about it.
func (a *app) pull(ctx context.Context, region string, from source) error {
	if err := layout.CheckRegion(region); err != nil {
		return err
	}
	if from.rootFile != "" {
		var err error
		if from.root, err = os.ReadFile(from.rootFile); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(a.dir, 0o755); err != nil {
		return err
	}
	lock, err := a.lock(region)
	if err != nil {
		return err
	}
	defer lock.Release()
	if from.dryRun {
		return a.dryRun(ctx, region, from)
	}
	var result pull.Result
	if from.fresh {
		result, err = a.pullFresh(ctx, region, from)
	} else {
		result, err = a.pullInto(ctx, a.path(region), region, from)
	}
	if err != nil {
		return fmt.Errorf("region %s: %w", region, err)
	}
	return a.tell(region, result)
}

// lock lets nobody else download or install a region.
func (a *app) lock(region string) (*offline.Lock, error) {
	lock, err := offline.TakeLock(filepath.Join(a.dir, region+".lock"))
	if err != nil {
		return nil, fmt.Errorf("region %s: %w", region, err)
	}
	return lock, nil
}

// pullInto pulls a region into a file.
func (a *app) pullInto(ctx context.Context, path, region string, from source) (result pull.Result, err error) {
	r, err := offline.Open(path)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	client := from.client
	if client == nil {
		if from.server, err = a.serverOf(ctx, r, from.server); err != nil {
			return result, err
		}
		client = pull.NewClient(from.server)
	}
	defer client.Close()
	bytes, counts := a.meter(progress.Bytes), a.meter(progress.Counts)
	defer func() {
		bytes.Done()
		counts.Done()
	}()
	seed, err := a.seed()
	if err != nil {
		return result, err
	}
	return client.Pull(ctx, region, r, pull.Options{
		Stage:     filepath.Join(a.dir, region+".stage"),
		Seed:      seed,
		Root:      from.root,
		Selection: from.part,
		Ready: func(layers []cell.Layer) {
			if !a.json && layers[len(layers)-1] == cell.Features {
				bytes.Done()
				counts.Done()
				bytes, counts = a.meter(progress.Bytes), a.meter(progress.Counts) // the same stages once more
				fmt.Fprintln(a.errs, "Places, routes and notices are there and can be searched; the map follows.")
			}
		},
		Progress: func(stage string, done, total int64) {
			if stage == "download" {
				bytes.Report(stage, done, total)
			} else {
				counts.Report(stage, done, total)
			}
		},
	})
}

// serverOf returns the server to pull from: the one asked for, else the one that
// the installed version came from.
func (a *app) serverOf(ctx context.Context, r *offline.Region, asked string) (string, error) {
	if asked != "" {
		return asked, nil
	}
	s, err := r.State(ctx)
	if errors.Is(err, fs.ErrNotExist) || err == nil && s.Origin.Server == "" {
		return "", errNoServer
	}
	return s.Origin.Server, err
}

// pullFresh pulls a region into a new file and puts that in the place of the
// installed one. Whom to trust, and which version must not be fallen below, is
// still taken from the installed one, as far as it can be read.
func (a *app) pullFresh(ctx context.Context, region string, from source) (pull.Result, error) {
	var was *head.Head
	if r, err := offline.OpenReadOnly(a.path(region)); err == nil {
		if s, err := r.State(ctx); err == nil {
			if from.server == "" {
				from.server = s.Origin.Server
			}
			if n := len(s.Origin.Roots); from.root == nil && n > 0 {
				from.root = s.Origin.Roots[n-1]
			}
			if from.part == nil {
				from.part = &s.Selection
			}
			was, _ = head.Peek(s.HeadNote)
		}
		r.Close()
	}
	fresh := filepath.Join(a.dir, region+".fresh")
	if err := removeDatabase(fresh); err != nil {
		return pull.Result{}, err
	}
	result, err := a.pullInto(ctx, fresh, region, from)
	if err == nil {
		err = result.Head.Follows(was)
	}
	if err == nil {
		// An old write-ahead log must never meet the new file, nor may the old file
		// lose it before: opened and closed, it takes the log in if it still can.
		if old, err := offline.Open(a.path(region)); err == nil {
			old.Close()
		}
		err = errors.Join(remove(a.path(region)+"-wal"), remove(a.path(region)+"-shm"))
	}
	if err == nil {
		err = os.Rename(fresh, a.path(region))
	}
	if err != nil {
		return result, errors.Join(err, removeDatabase(fresh))
	}
	return result, nil
}

// removeDatabase removes a file of SQLite with all that belongs to it.
func removeDatabase(path string) error {
	return errors.Join(remove(path), remove(path+"-wal"), remove(path+"-shm"), remove(path+"-journal"))
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// tell writes what a pull did.
func (a *app) tell(region string, result pull.Result) error {
	if a.json {
		return a.writeJSON(version{
			Region: region, Version: result.Head.Version, Manifest: result.Head.Manifest,
			Cells: result.Cells, AllCells: result.AllCells, Part: partOf(result.Selection),
			BytesReceived: result.Received, Requests: result.Requests, Changed: result.Changed, Root: result.Root, Stale: result.Stale,
		})
	}
	if result.Unchanged {
		fmt.Fprintf(a.out, "%s is up to date: version %d.\n", region, result.Head.Version)
	} else {
		fmt.Fprintf(a.out, "%s is now version %d: %d of %d cells changed, %s received.\n",
			region, result.Head.Version, result.Changed, result.Cells, size(result.Received))
	}
	if !result.Selection.IsAll() {
		fmt.Fprintf(a.out, "It holds a part, %d of %d cells: %s.\n", result.Cells, result.AllCells, partWords(result.Selection))
	}
	if result.Pinned {
		fmt.Fprintf(a.out, "From now on only keys that follow from this root are trusted for it: %s\n", result.Root)
	}
	if result.Stale {
		fmt.Fprintf(a.out, "The server has not confirmed it since %s; there may be something newer.\n",
			result.Head.Issued.Local().Format("2 January 2006"))
	}
	return nil
}
