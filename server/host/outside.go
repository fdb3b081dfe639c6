package host

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/events"
	"github.com/pannier-maps/pannier/server/jobs"
	"github.com/pannier-maps/pannier/server/outbound"
	"github.com/pannier-maps/pannier/server/schedule"
	"github.com/pannier-maps/pannier/server/webhook"
)

// Outside is what deals with the world outside by itself.
type Outside struct {
	Client   *outbound.Client
	Accounts *auth.Accounts
	Jobs     *jobs.Jobs
	Log      *slog.Logger
	// The clock; that of the system when nil.
	Now   func() time.Time
	Until func(t time.Time) <-chan time.Time
}

// Webhooks returns the webhooks that lie in the folder.
func (h *Host) Webhooks(o Outside) *webhook.Hooks {
	return webhook.New(webhook.Config{
		Meta: h.meta, Events: events.New(h.Catalog), Client: o.Client, Now: o.Now, Log: o.Log,
		Works: func(ctx context.Context, organisation, region string) (bool, error) {
			_, _, works, err := o.place(ctx, organisation, region)
			return works, err
		},
	})
}

// Schedule returns the timers and feeds that lie in the folder.
func (h *Host) Schedule(o Outside) *schedule.Schedule {
	return schedule.New(schedule.Config{
		Meta: h.meta, Events: events.New(h.Catalog), Client: o.Client, Publish: h, Importer: feeds{o}, Now: o.Now, Until: o.Until, Log: o.Log,
	})
}

// place returns an organisation, and how it works in a region.
func (o Outside) place(ctx context.Context, organisation, region string) (auth.Organisation, auth.Place, bool, error) {
	org, err := o.Accounts.Organisation(ctx, organisation)
	if errors.Is(err, auth.ErrNotFound) {
		return org, auth.Place{}, false, nil
	}
	place, works := org.In(region)
	return org, place, works, err
}

// feeds brings the files of feeds into sources, as imports of their organisations.
type feeds struct{ Outside }

// Import implements schedule.Importer.
func (o feeds) Import(ctx context.Context, f schedule.Feed, name string, file io.Reader) (uint64, error) {
	org, place, works, err := o.place(ctx, f.Organisation, f.Region)
	if err != nil {
		return 0, err
	}
	if !works {
		return 0, &schedule.ImportError{Problem: "the organisation works in the region no longer"}
	}
	order := jobs.Order{
		Region: f.Region, Source: f.Source, Settings: f.Settings,
		Actor: editing.Actor{ID: f.By, Organisation: org.ID, Provider: org.Name, Trusted: place.Trusted},
	}
	job, err := o.Jobs.Import(ctx, order, name, jobs.Take{New: true, Changed: true, Vanished: f.Whole}, file)
	for _, cause := range []error{jobs.ErrBusy, jobs.ErrQuota, jobs.ErrTooLarge, jobs.ErrInvalid, editing.ErrForbidden, editing.ErrInvalid, catalog.ErrOwner} {
		if errors.Is(err, cause) {
			err = &schedule.ImportError{Problem: err.Error()}
			break
		}
	}
	switch {
	case err != nil:
	case job.State == jobs.Failed:
		err = &schedule.ImportError{Problem: job.Problem}
	case job.State == jobs.Cancelled:
		err = &schedule.ImportError{Problem: "the import was cancelled"}
	case job.State == jobs.Ready:
		err = &schedule.ImportError{Problem: "its features were changed again and again meanwhile"}
	}
	return job.Number, err
}
