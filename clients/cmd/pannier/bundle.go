package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/clients/offline"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/bundle"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/sync/root"
	"github.com/pannier-maps/pannier/sync/site"
)

// errPart is returned when a bundle is asked of a device that holds a part.
var errPart = errors.New("only a whole region can be handed on, and this device holds a part of it")

// exportBundle writes the installed version as a bundle file: what another
// device needs to install it, in the form of a server's objects.
func exportBundle(ctx context.Context, _ *app, r *offline.Region, path string) error {
	state, err := r.State(ctx)
	if err != nil {
		return err
	}
	if !state.Selection.IsAll() {
		return errPart
	}
	h, err := head.Peek(state.HeadNote)
	if err != nil {
		return err
	}
	m, err := r.Manifest(ctx)
	if err != nil {
		return err
	}
	chain, err := root.OpenChain(state.Origin.Roots)
	if err != nil {
		return err
	}
	list, err := json.Marshal(site.Regions{Regions: []site.Region{{
		ID: m.Meta.Region, Name: m.Meta.Name, Languages: m.Meta.Languages, Bounds: m.Meta.Bounds, Version: h.Version,
		Created: h.Issued, Bytes: m.StoredBytes(), Site: chain.Newest().Site, Root: chain.Fingerprint(), Licences: m.Meta.Licences,
	}}})
	if err != nil {
		return err
	}
	packed, err := blob.Pack(state.Manifest)
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bundle.NewWriter(f)
	err = errors.Join(w.Add(layout.Regions, list), w.Add(layout.Head(h.Region()), state.HeadNote), w.Add(layout.Manifest(h.Region(), h.Manifest), packed))
	for i, note := range chain.Notes() {
		err = errors.Join(err, w.Add(layout.Root(chain.First()+uint64(i)), note))
	}
	seen := make(map[blob.Hash]bool)
	for _, e := range m.Entries {
		if err != nil {
			break
		}
		if seen[e.Hash] {
			continue
		}
		seen[e.Hash] = true
		var raw, stored []byte
		if raw, err = r.Cell(ctx, e.Key); err != nil {
			break
		}
		if stored, err = blob.Pack(raw); err == nil {
			err = w.Add(layout.Blob(e.Hash), stored)
		}
	}
	if err == nil {
		err = w.Close()
	}
	return errors.Join(err, f.Close())
}

func (a *app) importCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Install or update a region from a bundle file",
		Long: "Install or update a region from a bundle file that somebody handed on, on a card or\n" +
			"from phone to phone. It is checked exactly like a download: what counts is the\n" +
			"signature, not who brings it.",
		Example: "  pannier import andorra.pannier",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			b, err := bundle.Open(args[0])
			if err != nil {
				return err
			}
			defer b.Close()
			client := pull.NewFileClient(b)
			list, err := client.Regions(c.Context())
			if err == nil && len(list.Regions) != 1 {
				err = fmt.Errorf("%w: %d regions in it, expected one", bundle.ErrCorrupt, len(list.Regions))
			}
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if err := a.pull(c.Context(), list.Regions[0].ID, source{client: client}); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return nil
		},
	}
}
