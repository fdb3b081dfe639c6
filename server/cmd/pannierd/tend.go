package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/pannier-maps/pannier/server/host"
	"github.com/pannier-maps/pannier/server/outbound"
)

// tend looks after what providers wrote, daily, for as long as the daemon runs:
// it forgets what is past its time, and looks whether links are broken.
func tend(ctx context.Context, h *host.Host, client *outbound.Client, log *slog.Logger) error {
	looker := outbound.NewChecker(client)
	daily := time.NewTicker(24 * time.Hour)
	defer daily.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-daily.C:
		}
		if err := h.Desk.Sweep(ctx); err != nil {
			log.Error("old answers and tombstones could not be removed", "err", err)
		}
		regions, err := h.Catalog.AllRegions(ctx)
		if err != nil {
			log.Error("links could not be checked", "err", err)
		}
		for _, r := range regions {
			if _, err := h.Desk.CheckLinks(ctx, r.ID, looker); err != nil {
				log.Error("links could not be checked", "region", r.ID, "err", err)
			}
		}
	}
}
