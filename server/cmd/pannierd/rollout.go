package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/host"
	"github.com/pannier-maps/pannier/sync/publish"
)

// rollout is the answer of rollout.
type rollout struct {
	Region  string `json:"region"`
	Version uint64 `json:"version"`
	Share   int    `json:"share"` // percentage of devices that get it
}

func (p *program) rolloutCommand() *cobra.Command {
	var note publish.Note
	var share int
	var stop bool
	cmd := &cobra.Command{
		Use:   "rollout REGION",
		Short: "Offer the newest version to more phones, or stop that",
		Long: `Offer a version that was published with --share to more phones, or stop that.
Phones decide by themselves, at random, whether they are among the first. Who has
the version keeps it; stopping publishes a further version for everybody, with the
content of the one before. Static copies have the version before until the share
is 100.`,
		Example: `  pannierd publish andorra --share 5 -m "new routes"
  pannierd rollout andorra --share 25
  pannierd rollout andorra --share 100
  pannierd rollout andorra --stop -m "the new routes were wrong"`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if stop == cmd.Flags().Changed("share") {
				return errors.New("say --share or --stop")
			}
			ctx := operator(cmd.Context())
			return p.with(ctx, func(h *host.Host) error {
				if stop {
					start := time.Now()
					result, err := h.Stop(ctx, args[0], note)
					if err != nil {
						return err
					}
					out := newPublished(args[0], result, start)
					return p.answer(out, func() { p.printPublished(out) })
				}
				v, err := h.Offer(ctx, args[0], share)
				if err != nil {
					return err
				}
				return p.answer(rollout{args[0], v.Number, share}, func() {
					if share == publish.Everybody {
						p.printf("Version %d of %s is for everybody now.\n", v.Number, args[0])
						return
					}
					p.printf("Version %d of %s is offered to %d %% of the phones.\n", v.Number, args[0], share)
				})
			})
		},
	}
	cmd.Flags().IntVar(&share, "share", 0, "percentage of phones, 1 to 100")
	cmd.Flags().BoolVar(&stop, "stop", false, "end the rollout")
	cmd.Flags().StringVarP(&note.Message, "message", "m", "", "why it is stopped, for people")
	cmd.Flags().StringVar(&note.Author, "author", "", "who stops it")
	return cmd
}

// operator says in journals that the operator does something.
func operator(ctx context.Context) context.Context {
	return catalog.By(ctx, catalog.Stamp{By: "operator"})
}
