package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/server/host"
	"github.com/pannier-maps/pannier/sync/root"
	"github.com/pannier-maps/pannier/sync/signed"
)

func (p *program) keysCommand() *cobra.Command {
	keys := &cobra.Command{
		Use:   "keys",
		Short: "Show and change whom riders trust",
		Long: `Riders trust the site's root: a small note, signed by root keys, that lists the
keys which may sign each region's versions. The keys of the regions lie in the
data folder, because publishing needs them. Root keys are needed only to change
the root and belong elsewhere: on a stick in a drawer, or with several people of
whom some must sign.

Whatever changes the root signs it with root.key in the data folder or with
--key FILE. Where the root keys are elsewhere, --draft FILE writes the new root
unsigned; take it to them for "keys root-sign", and bring it back for
"keys root-publish".`,
		Example: `  pannierd keys show
  pannierd keys head-rotate andorra --key /media/stick/root.key
  pannierd keys epoch-raise andorra --draft next.root`,
	}
	keys.AddCommand(p.keysShowCommand(), p.keysExportCommand(), p.headRotateCommand(), p.headRevokeCommand(), p.epochRaiseCommand(),
		p.rootKeyCommand(), p.rootDraftCommand(), p.rootSignCommand(), p.rootPublishCommand())
	return keys
}

// trusted is the answer of the commands that show or change the root.
type trusted struct {
	Site        string       `json:"site"`
	Root        uint64       `json:"root"`
	Issued      time.Time    `json:"issued"`
	Expires     time.Time    `json:"expires"`
	Fingerprint string       `json:"fingerprint"` // of root 1
	Threshold   int          `json:"threshold"`
	RootKeys    []string     `json:"root_keys"`
	HeadKeys    []trustedKey `json:"head_keys"`
}

type trustedKey struct {
	Region string `json:"region"`
	Epoch  uint64 `json:"epoch"`
	Cap    uint64 `json:"cap,omitempty"`
	Key    string `json:"key"`
	Here   bool   `json:"here"` // this server can sign with it
}

// errNoRoot is what there is before the first region.
var errNoRoot = errors.New("there is no root yet; the first one is made with the first region, or by: pannierd keys root-draft")

func trust(ctx context.Context, h *host.Host) (t trusted, err error) {
	notes, err := h.Catalog.Roots(ctx)
	if err != nil {
		return t, err
	}
	if len(notes) == 0 {
		return t, errNoRoot
	}
	r, err := root.Peek(notes[len(notes)-1])
	if err != nil {
		return t, err
	}
	t = trusted{
		Site: r.Site, Root: r.Version, Issued: r.Issued, Expires: r.Expires, Fingerprint: root.Fingerprint(notes[0]),
		Threshold: r.Threshold, RootKeys: r.Keys, HeadKeys: []trustedKey{},
	}
	for _, k := range r.Heads {
		held, err := h.Catalog.HeadKeys(ctx, k.Region)
		if err != nil {
			return t, err
		}
		t.HeadKeys = append(t.HeadKeys, trustedKey{k.Region, k.Epoch, k.Cap, k.Key, slices.Contains(held, k.Key)})
	}
	return t, nil
}

func (p *program) printTrust(t trusted) {
	p.printf("Site %s, root %d of %s, good until %s\n", t.Site, t.Root, t.Issued.Format(time.DateOnly), t.Expires.Format(time.DateOnly))
	p.printf("Fingerprint of root 1, which riders see at their first pull: %s\n", t.Fingerprint)
	p.printf("A new root takes the signatures of %d of %d root keys:\n", t.Threshold, len(t.RootKeys))
	for _, k := range t.RootKeys {
		p.printf("  %s\n", signed.ID(k))
	}
	p.printf("Keys of the regions:\n")
	for _, k := range t.HeadKeys {
		p.printf("  %-20s epoch %d  %s", k.Region, k.Epoch, signed.ID(k.Key))
		if k.Cap > 0 {
			p.printf("  up to version %d", k.Cap)
		}
		if !k.Here {
			p.printf("  (its secret is not on this server)")
		}
		p.printf("\n")
	}
}

func (p *program) keysShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show the newest root and its keys", Example: "  pannierd keys show", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(h *host.Host) error { return p.showTrust(cmd.Context(), h) })
		},
	}
}

func (p *program) showTrust(ctx context.Context, h *host.Host) error {
	t, err := trust(ctx, h)
	if err != nil {
		return err
	}
	return p.answer(t, func() { p.printTrust(t) })
}

func (p *program) keysExportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "export FILE",
		Short: "Write the newest root to a file, for apps that ship it",
		Long: `Write the newest root to a file. An app that ships it, or a rider who gives it to
"pannier pull --root FILE", need not believe the first contact with the server.`,
		Example: "  pannierd keys export maps.root", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(h *host.Host) error {
				notes, err := h.Catalog.Roots(cmd.Context())
				if err != nil {
					return err
				}
				if len(notes) == 0 {
					return errNoRoot
				}
				newest := notes[len(notes)-1]
				if err := writeFile(p.path(args[0]), newest, 0o644); err != nil {
					return err
				}
				return p.answer(map[string]any{"file": p.path(args[0]), "root": len(notes), "fingerprint": root.Fingerprint(newest)}, func() {
					p.printf("%s holds root %d, fingerprint %s\n", args[0], len(notes), root.Fingerprint(newest))
				})
			})
		},
	}
}

func (p *program) headRotateCommand() *cobra.Command {
	var by signers
	var highest uint64
	var keep bool
	cmd := &cobra.Command{
		Use:   "head-rotate REGION",
		Short: "Give a region a new key in the place of its present ones",
		Long: `Give a region a new key in the place of its present ones, which sign nothing from
then on. The current version is signed anew; riders get no other content.`,
		Example: `  pannierd keys head-rotate andorra`, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.changeRoot(cmd.Context(), by, func(h *host.Host, r *root.Root) error {
				return newKey(cmd.Context(), h, r, args[0], 0, highest, keep)
			})
		},
	}
	by.flags(cmd)
	cmd.Flags().Uint64Var(&highest, "cap", 0, "highest version that the new key may sign (default: no limit)")
	cmd.Flags().BoolVar(&keep, "keep", false, "let the present keys sign too, until head-revoke")
	return cmd
}

func (p *program) epochRaiseCommand() *cobra.Command {
	var by signers
	cmd := &cobra.Command{
		Use:   "epoch-raise REGION",
		Short: "Take a region back from a stolen key",
		Long: `Give a region a new key and a higher epoch. Whatever a stolen key has signed, of
whatever version, riders then come back to the current version of this server.`,
		Example: `  pannierd keys epoch-raise andorra --key /media/stick/root.key`, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.changeRoot(cmd.Context(), by, func(h *host.Host, r *root.Root) error {
				return newKey(cmd.Context(), h, r, args[0], 1, 0, false)
			})
		},
	}
	by.flags(cmd)
	return cmd
}

// newKey lets a new key sign a region's heads, instead of the present ones
// unless those are kept.
func newKey(ctx context.Context, h *host.Host, r *root.Root, region string, raise, highest uint64, keep bool) error {
	if _, err := h.Catalog.Region(ctx, region); err != nil {
		return err
	}
	public, err := h.Catalog.NewHeadKey(ctx, region)
	if err != nil {
		return err
	}
	k := root.HeadKey{Region: region, Epoch: r.Epoch(region) + raise, Cap: highest, Key: public}
	if !keep {
		r.Heads = slices.DeleteFunc(r.Heads, func(k root.HeadKey) bool { return k.Region == region })
	}
	r.Heads = append(r.Heads, k)
	return nil
}

func (p *program) headRevokeCommand() *cobra.Command {
	var by signers
	cmd := &cobra.Command{
		Use:     "head-revoke REGION KEY",
		Short:   "Withdraw one of a region's keys",
		Long:    `Withdraw one of a region's keys, named as "keys show" names it. The last one is withdrawn by head-rotate.`,
		Example: `  pannierd keys head-revoke andorra pannier-0a1b2c3d/andorra+4e5f6071`, Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.changeRoot(cmd.Context(), by, func(_ *host.Host, r *root.Root) error {
				named := func(k root.HeadKey) bool { return k.Region == args[0] && signed.ID(k.Key) == args[1] }
				if !slices.ContainsFunc(r.Heads, named) {
					return fmt.Errorf("%s has no key %s; see: pannierd keys show", args[0], args[1])
				}
				if len(r.HeadKeys(args[0])) == 1 {
					return fmt.Errorf("%s is the only key of %s; give it another with: pannierd keys head-rotate %s", args[1], args[0], args[0])
				}
				r.Heads = slices.DeleteFunc(r.Heads, named)
				return nil
			})
		},
	}
	by.flags(cmd)
	return cmd
}
