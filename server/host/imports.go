package host

import (
	"context"
	"log/slog"

	"github.com/pannier-maps/pannier/server/jobs"
)

// Jobs opens the imports that lie in the folder, and goes on with those under
// way. Callers close them before the folder.
func (h *Host) Jobs(ctx context.Context, log *slog.Logger) (*jobs.Jobs, error) {
	return jobs.Open(ctx, jobs.Config{Meta: h.meta, Private: h.private, Catalog: h.Catalog, Desk: h.Desk, TempDir: h.Dir, Log: log})
}
