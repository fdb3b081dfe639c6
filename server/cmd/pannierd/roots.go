package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/server/host"
	"github.com/pannier-maps/pannier/sync/root"
	"github.com/pannier-maps/pannier/sync/signed"
)

// rootKeyFile is where the first root's key is left in the data folder.
const rootKeyFile = "root.key"

// signers says who signs a new root.
type signers struct {
	keys  []string // files
	draft string   // file for the unsigned root instead
}

func (s *signers) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&s.keys, "key", nil, "file of a root key to sign with; may be repeated (default: root.key in the data folder)")
	cmd.Flags().StringVar(&s.draft, "draft", "", "write the new root to this file, to be signed elsewhere")
	cmd.MarkFlagsMutuallyExclusive("key", "draft")
}

// errNoRootKey is for a root key that is kept elsewhere, as it should be.
var errNoRootKey = errors.New("no root key at hand: name its file with --key, or write the new root with --draft and sign it where the key is")

// secrets reads the root keys that are at hand.
func (p *program) secrets(h *host.Host, s signers) ([]string, error) {
	files := s.keys
	if len(files) == 0 {
		files = []string{filepath.Join(h.Dir, rootKeyFile)}
	}
	var secrets []string
	for _, name := range files {
		secret, err := readSecret(p.path(name))
		if errors.Is(err, fs.ErrNotExist) && len(s.keys) == 0 {
			return nil, errNoRootKey
		}
		if err != nil {
			return nil, err
		}
		secrets = append(secrets, secret)
	}
	return secrets, nil
}

func readSecret(name string) (string, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(data))
	if _, err := signed.Public(secret); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return secret, nil
}

// changeRoot makes the root that follows: signs and publishes it, or writes its
// draft.
func (p *program) changeRoot(ctx context.Context, by signers, change func(h *host.Host, r *root.Root) error) error {
	draft := by.draft
	if draft != "" {
		draft = p.path(draft)
	}
	return p.with(ctx, func(h *host.Host) error {
		var secrets []string
		if draft == "" {
			var err error
			if secrets, err = p.secrets(h, by); err != nil {
				return err
			}
		}
		text, err := nextRoot(ctx, h, change)
		if err != nil {
			return err
		}
		if draft != "" {
			return p.writeDraft(draft, text)
		}
		if err := publishRoot(ctx, h, text, secrets); err != nil {
			return err
		}
		return p.showTrust(ctx, h)
	})
}

func nextRoot(ctx context.Context, h *host.Host, change func(h *host.Host, r *root.Root) error) ([]byte, error) {
	r, err := h.Catalog.NextRoot(ctx)
	if err != nil {
		return nil, err
	}
	if r.Site == "" {
		return nil, errors.New("create a region first")
	}
	if err := change(h, &r); err != nil {
		return nil, err
	}
	return r.Text()
}

// publishRoot signs a root and makes it the newest.
func publishRoot(ctx context.Context, h *host.Host, note []byte, secrets []string) (err error) {
	for _, secret := range secrets {
		if note, err = signed.Sign(note, secret); err != nil {
			return err
		}
	}
	return h.AddRoot(ctx, note)
}

func (p *program) writeDraft(name string, text []byte) error {
	if err := writeFile(name, text, 0o644); err != nil {
		return err
	}
	return p.answer(map[string]any{"draft": name, "fingerprint": root.Fingerprint(text)}, func() {
		p.printf("%s holds the new root, fingerprint %s\n", name, root.Fingerprint(text))
		p.printf("Where the root keys are: pannierd keys root-sign --key FILE %s\n", filepath.Base(name))
		p.printf("Then here:               pannierd keys root-publish %s\n", filepath.Base(name))
	})
}

// writeFile writes a file durably and all at once.
func writeFile(name string, data []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(name+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(name+".new", name)
	}
	if err != nil {
		os.Remove(name + ".new")
	}
	return err
}

func (p *program) rootKeyCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "root-key FILE",
		Short: "Make a root key, on any machine",
		Long: `Make a root key. The file holds its secret; what is printed is its public half,
for "keys root-draft --add" on the server. No data folder is needed.`,
		Example: `  pannierd keys root-key ana.key --name ana`, Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			public, err := makeRootKey(p.path(args[0]), name)
			if err != nil {
				return err
			}
			return p.answer(map[string]string{"file": p.path(args[0]), "key": public}, func() { p.printf("%s\n", public) })
		},
	}
	cmd.Flags().StringVar(&name, "name", "root", "name of the key, seen in signatures; neither spaces nor +")
	return cmd
}

// makeRootKey writes a new root key to a file that must not be there yet.
func makeRootKey(file, name string) (public string, err error) {
	secret, public, err := signed.GenerateKey(rand.Reader, name)
	if err != nil {
		return "", err
	}
	if _, err := signed.ParseKey(public); err != nil {
		return "", fmt.Errorf("name %q: %w", name, err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(secret + "\n")
	return public, errors.Join(err, f.Sync(), f.Close())
}

func (p *program) rootDraftCommand() *cobra.Command {
	var add, remove []string
	var threshold int
	var days int
	cmd := &cobra.Command{
		Use:   "root-draft FILE",
		Short: "Write the root that follows, to be signed elsewhere",
		Long: `Write the root that follows the newest one, unsigned: with a new time of expiry,
with the keys of regions that no root lists yet, and with other root keys if you
say so. It takes signatures by the threshold of the newest root's keys and by the
threshold of its own.`,
		Example: `  pannierd keys root-draft next.root --threshold 2 --add ana+1a2b3c4d+AbCd… --add ben+5e6f7081+EfGh…`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.changeRoot(cmd.Context(), signers{draft: args[0]}, func(_ *host.Host, r *root.Root) error {
				for _, id := range remove {
					had := len(r.Keys)
					r.Keys = slices.DeleteFunc(r.Keys, func(k string) bool { return k == id || signed.ID(k) == id })
					if len(r.Keys) == had {
						return fmt.Errorf("there is no root key %s; see: pannierd keys show", id)
					}
				}
				r.Keys = append(r.Keys, add...)
				r.Expires = r.Issued.AddDate(0, 0, days)
				if threshold > 0 {
					r.Threshold = threshold
				}
				r.Threshold = max(r.Threshold, 1)
				return nil
			})
		},
	}
	cmd.Flags().StringArrayVar(&add, "add", nil, "public root key to add; may be repeated")
	cmd.Flags().StringArrayVar(&remove, "remove", nil, "root key to remove, as keys show names it; may be repeated")
	cmd.Flags().IntVar(&threshold, "threshold", 0, "how many root keys have to sign (default: as before)")
	cmd.Flags().IntVar(&days, "days", int(root.Life/(24*time.Hour)), "how long the root lasts")
	return cmd
}

func (p *program) rootSignCommand() *cobra.Command {
	var keys []string
	cmd := &cobra.Command{
		Use:     "root-sign DRAFT",
		Short:   "Sign a new root, where the root key is",
		Long:    "Add the signature of a root key to a new root. No data folder and no network is needed.\nCompare the fingerprint with the one that root-draft has shown.",
		Example: `  pannierd keys root-sign --key /media/stick/root.key next.root`,
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			note, err := os.ReadFile(p.path(args[0]))
			if err != nil {
				return err
			}
			r, err := root.Peek(note)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			for _, name := range keys {
				secret, err := readSecret(p.path(name))
				if err != nil {
					return err
				}
				if note, err = signed.Sign(note, secret); err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
			}
			if err := writeFile(p.path(args[0]), note, 0o644); err != nil {
				return err
			}
			return p.answer(map[string]any{"root": r.Version, "site": r.Site, "fingerprint": root.Fingerprint(note)}, func() {
				p.printf("Signed root %d of %s, fingerprint %s\n", r.Version, r.Site, root.Fingerprint(note))
			})
		},
	}
	cmd.Flags().StringArrayVar(&keys, "key", nil, "file of the root key; may be repeated")
	cmd.MarkFlagRequired("key")
	return cmd
}

func (p *program) rootPublishCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "root-publish DRAFT",
		Short:   "Publish a root that has its signatures",
		Long:    "Check a root and publish it. The current version of each region is signed anew under it.",
		Example: "  pannierd keys root-publish next.root", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			note, err := os.ReadFile(p.path(args[0]))
			if err != nil {
				return err
			}
			return p.with(cmd.Context(), func(h *host.Host) error {
				if err := publishRoot(cmd.Context(), h, note, nil); err != nil {
					return err
				}
				return p.showTrust(cmd.Context(), h)
			})
		},
	}
}

// trustRegion lets a new region's key sign its heads: by the first root, or by
// the next one when its key is at hand. It tells what is left to do.
func (p *program) trustRegion(ctx context.Context, h *host.Host, by signers) (advice string, err error) {
	file := filepath.Join(h.Dir, rootKeyFile)
	notes, err := h.Catalog.Roots(ctx)
	if err != nil {
		return "", err
	}
	change := func(*host.Host, *root.Root) error { return nil }
	if len(notes) == 0 && len(by.keys) == 0 {
		public, err := p.firstRootKey(h, file)
		if err != nil {
			return "", err
		}
		change = func(_ *host.Host, r *root.Root) error {
			r.Keys, r.Threshold = []string{public}, 1
			return nil
		}
		advice = fmt.Sprintf("The root key is in %s. Move it off this machine, and keep a copy: whoever has it decides whom\n"+
			"riders trust, and without it no key can be changed. pannierd needs it only to change keys and to add regions.\n", file)
	}
	secrets, err := p.secrets(h, by)
	if errors.Is(err, errNoRootKey) {
		return "It can be published once a root lists its key: pannierd keys root-draft FILE\n", nil
	}
	if err != nil {
		return "", err
	}
	text, err := nextRoot(ctx, h, change)
	if err != nil {
		return "", err
	}
	return advice, publishRoot(ctx, h, text, secrets)
}

// firstRootKey makes the key of the first root, unless it was made by a run that
// was cut off.
func (p *program) firstRootKey(h *host.Host, file string) (public string, err error) {
	secret, err := readSecret(file)
	if err == nil {
		return signed.Public(secret)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	r, err := h.Catalog.NextRoot(context.Background())
	if err != nil {
		return "", err
	}
	return makeRootKey(file, r.Site+"/root")
}
