package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/events"
	"github.com/pannier-maps/pannier/server/problem"
)

const (
	heartbeat      = 20 * time.Second
	maxFollowers   = 500 // streams of all callers at once
	maxOwnStreams  = 8   // of one caller
	eventReconnect = 3 * time.Second
	streamLife     = time.Hour // then a stream ends, and its reader comes back
)

func (a *API) eventRoutes() []Route {
	stream := raw[None, events.Event]("", a.streamEvents)
	stream.Gives = "text/event-stream"
	return []Route{
		{Method: "GET", Path: "/v1/regions/{region}/events", Who: Provider | Editor, Scope: auth.ScopeRead,
			Query:   []Param{{"after", `[0-9]{1,18}`, "number of the last event that is known; Last-Event-ID counts more. Without either, the stream begins now"}},
			Summary: "Follow what happens in a region, as server-sent events; organisations learn of their own features and changes, and of versions", Handle: stream},
	}
}

// streams counts the streams that are open.
type streams struct {
	ctx context.Context // of all
	end context.CancelFunc

	mu    sync.Mutex
	total int
	of    map[string]int // by caller
}

func newStreams() *streams {
	s := &streams{of: make(map[string]int)}
	s.ctx, s.end = context.WithCancel(context.Background())
	return s
}

// EndStreams ends the streams of events, as a server does that stops.
func (a *API) EndStreams() { a.streams.end() }

func (s *streams) enter(caller string) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.total >= maxFollowers || s.of[caller] >= maxOwnStreams {
		return nil, problem.Detail(auth.ErrLimit, "Too many streams of events are open; close some.")
	}
	s.total++
	s.of[caller]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.total--
		if s.of[caller]--; s.of[caller] == 0 {
			delete(s.of, caller)
		}
	}, nil
}

// errSignedOut ends the stream of somebody who may not see it any longer.
var errSignedOut = errors.New("no longer allowed")

// streamEvents writes events as they come. Nothing waits for a reader in memory:
// each is given the journal from where it is, and one who takes nothing within
// the time of a write is cut off, and comes back with Last-Event-ID.
func (a *API) streamEvents(w http.ResponseWriter, r *http.Request, c *Call) error {
	told, err := a.startOf(r.Context(), c)
	if err != nil {
		return err
	}
	after, err := a.events.Start(r.Context(), c.Region, told)
	if err != nil {
		return err
	}
	row := Route{Path: "/v1/regions/{region}/events", Who: Provider | Editor, Scope: auth.ScopeRead}
	return a.stream(w, r, c, a.streamLife, func(ctx context.Context, flush func() error) {
		fmt.Fprintf(w, "retry: %d\n\n", eventReconnect.Milliseconds())
		if flush() != nil {
			return
		}
		checked := time.Now()
		a.events.Follow(ctx, c.Region, after, a.heartbeat, func(page []events.Event) error {
			if time.Since(checked) >= a.heartbeat || len(page) == 0 {
				if err := a.admit(ctx, c, row); err != nil {
					return errSignedOut
				}
				checked = time.Now()
			}
			if len(page) > 0 && page[0].Number != told+1 {
				fmt.Fprintf(w, "event: reset\nid: %d\ndata: {}\n\n", page[0].Number-1) // what was between is not kept, or never was
			}
			for _, e := range page {
				told = e.Number
				if !a.sees(c, e) {
					continue
				}
				data, err := json.Marshal(e)
				if err != nil {
					return err
				}
				fmt.Fprintf(w, "event: %s\nid: %d\ndata: %s\n\n", e.Type, e.Number, data)
			}
			if len(page) == 0 {
				fmt.Fprintf(w, ": %d\n\n", told)
			}
			return flush()
		})
	})
}

// stream sends server-sent events: what write writes and flushes, until it returns.
// Its context ends with the request, the server, or after life. Whoever hung up is
// told nothing.
func (a *API) stream(w http.ResponseWriter, r *http.Request, c *Call, life time.Duration, write func(ctx context.Context, flush func() error)) error {
	leave, err := a.streams.enter(c.Caller.ID())
	if err != nil {
		return err
	}
	defer leave()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx
	if r.Method == http.MethodHead {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), life)
	defer cancel()
	defer context.AfterFunc(a.streams.ctx, cancel)()
	write(ctx, http.NewResponseController(w).Flush)
	return nil
}

// startOf returns the number of the event that a stream begins after.
func (a *API) startOf(ctx context.Context, c *Call) (uint64, error) {
	for _, text := range []string{c.Request("Last-Event-ID"), c.Query("after")} {
		if n, err := strconv.ParseUint(text, 10, 63); err == nil {
			return n, nil
		}
	}
	return a.events.Newest(ctx, c.Region)
}

// sees reports whether the caller may learn of an event.
func (a *API) sees(c *Call, e events.Event) bool {
	if c.Caller.Edits(c.Region) {
		return true
	}
	for _, o := range c.Providers {
		if e.Concerns(o.ID) {
			return true
		}
	}
	return false
}
