package provider

import (
	"context"
	"errors"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/problem"
	"github.com/pannier-maps/pannier/server/schedule"
	"github.com/pannier-maps/pannier/server/webhook"
)

func (a *API) timerRoutes() []Route {
	const timers = "/v1/regions/{region}/schedule"
	return []Route{
		{Method: "GET", Path: timers, Who: Editor, Scope: auth.ScopeRead, Summary: "List scheduled publishes: those that wait, then those that ran, the last first", Handle: handle(a.listTimers)},
		{Method: "POST", Path: timers, Who: Editor, Scope: auth.ScopePublish, Status: 201, Summary: "Publish at a time, what is accepted then", Handle: handle(a.addTimer)},
		{Method: "DELETE", Path: timers + "/{timer}", Who: Editor, Scope: auth.ScopePublish, Summary: "Cancel a scheduled publish that waits", Handle: handle(a.cancelTimer)},
	}
}

// Timer is a scheduled publish.
type Timer struct {
	ID        string         `json:"id"`
	At        time.Time      `json:"at"`
	Message   string         `json:"message,omitempty"`
	Share     int            `json:"share,omitempty" doc:"percentage of devices that get the version at first; absent for all"`
	By        string         `json:"by"`
	Author    string         `json:"author,omitempty"`
	Created   time.Time      `json:"created"`
	State     schedule.State `json:"state"`
	Ended     time.Time      `json:"ended,omitzero"`
	Version   uint64         `json:"version,omitempty" doc:"that it made"`
	Unchanged bool           `json:"unchanged,omitempty" doc:"nothing was new, and the version is still that"`
	Problem   string         `json:"problem,omitempty" doc:"why it failed"`
}

func newTimer(t schedule.Timer) Timer {
	return Timer{t.ID, t.At, t.Message, t.Share, t.By, t.Author, t.Created, t.State, t.Ended, t.Version, t.Unchanged, t.Problem}
}

// Timers is a list of them.
type Timers struct {
	Timers []Timer `json:"timers"`
}

func (a *API) listTimers(ctx context.Context, c *Call, _ None) (Timers, error) {
	all, err := a.schedule.Timers(ctx, c.Region)
	list := Timers{[]Timer{}}
	for _, t := range all {
		list.Timers = append(list.Timers, newTimer(t))
	}
	return list, err
}

// NewTimer is a publish to be.
type NewTimer struct {
	At      time.Time `json:"at" doc:"within two years"`
	Message string    `json:"message,omitempty" doc:"what is new, for people"`
	Share   int       `json:"share,omitempty" doc:"percentage of devices that get the version at first, 1 to 100; all when absent"`
}

func (a *API) addTimer(ctx context.Context, c *Call, in NewTimer) (Timer, error) {
	t, err := a.schedule.Add(ctx, schedule.Timer{
		Region: c.Region, At: in.At, Message: in.Message, Share: in.Share, By: c.Caller.ID(), Author: c.Caller.Name,
	})
	return newTimer(t), wrongField(err)
}

func (a *API) cancelTimer(ctx context.Context, c *Call, _ None) (Timer, error) {
	t, err := a.schedule.Cancel(ctx, c.Region, c.Param("timer"))
	return newTimer(t), err
}

// wrongField tells which field of a request cannot be.
func wrongField(err error) error {
	var timer *schedule.InvalidError
	var hook *webhook.InvalidError
	switch {
	case errors.As(err, &timer):
		return problem.Fields(problem.Field{Field: timer.Field, Problem: timer.Problem})
	case errors.As(err, &hook):
		return problem.Fields(problem.Field{Field: hook.Field, Problem: hook.Problem})
	case errors.Is(err, schedule.ErrTooMany), errors.Is(err, webhook.ErrTooMany):
		return problem.Detail(err, err.Error())
	}
	return err
}
