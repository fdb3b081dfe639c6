// Package webhook tells the machines of organisations and regions what happens,
// by HTTP requests to addresses that they gave.
//
// A hook gets the events of its region (server/events) that it asked for, in
// order, some at a time, at least once: it goes on after the last that was taken,
// across restarts too. What is not taken with a 2xx within DeliveryTime is sent
// again, after 10 seconds, then twice as long each time up to an hour, with
// jitter. After a day of nothing but failures, or a 410, the hook is disabled
// with a note in the region's journal; enabled again, it goes on where it was, as
// far back as events are kept.
//
// # Requests
//
// As the Standard Webhooks specification has them (standardwebhooks.com), so
// that receivers can use its libraries:
//
//	POST {url}
//	Content-Type: application/json
//	webhook-id: {hook}-{first}-{last}     numbers of the first and last event; for the same events the same
//	webhook-timestamp: {unix seconds}     of this attempt
//	webhook-signature: v1,{signature}     two with a space between, for a day after the secret was changed
//
//	{"webhook": "{hook}", "region": "{region}", "events": [Event, …]}
//
// The signature is base64(HMAC-SHA256(key, "{webhook-id}.{webhook-timestamp}.{body}")).
// The key is the base64 in the secret, after "whsec_". A receiver checks it, and
// that the time is within five minutes; then it can trust the request. Events have
// ids of their own, by which those that come twice are told apart.
//
// # Records
//
//	webhook/{region}/{hook}            Hook, with its secrets
//	webhook-guard/{region}             written by each Create
//	webhooked/{region}/{hook}/{n}      Delivery, the last 100; 2 digits
//
// Requests go out by server/outbound: to public addresses, without redirects.
// Secrets and addresses are never logged. Everything is safe for concurrent use.
package webhook

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/pannier-maps/pannier/server/events"
	"github.com/pannier-maps/pannier/server/outbound"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

// Errors that a caller acts on.
var (
	ErrNotFound = errors.New("there is no such webhook")
	ErrTooMany  = errors.New("there are too many webhooks")
	ErrInvalid  = errors.New("the webhook cannot be like that")
)

// InvalidError is ErrInvalid with what is wrong.
type InvalidError struct{ Field, Problem string }

func (e *InvalidError) Error() string { return e.Field + ": " + e.Problem }

// Unwrap returns ErrInvalid.
func (e *InvalidError) Unwrap() error { return ErrInvalid }

const (
	maxHooks = 50 // of a region
	maxOwn   = 5  // of an organisation in a region
	maxTypes = 20
	maxName  = 100
)

// Hook is an address that is told of events.
type Hook struct {
	ID           string        `json:"id"`
	Region       string        `json:"region"`
	Organisation string        `json:"organisation,omitempty"` // whose it is; "": the region's managers'
	URL          string        `json:"url"`
	Name         string        `json:"name,omitempty"`
	Types        []events.Type `json:"types,omitempty"` // patterns; none: all
	By           string        `json:"by"`
	Created      time.Time     `json:"created"`
	Disabled     string        `json:"disabled,omitempty"` // why; "": it is enabled

	Done     uint64    `json:"done"`                    // number of the last event that was dealt with
	Failures int       `json:"failures,omitempty"`      // in a row
	Failing  time.Time `json:"failing_since,omitzero"`  // since the first of them
	Next     time.Time `json:"next_attempt,omitzero"`   // while it fails
	Attempts uint64    `json:"attempts,omitempty"`      // deliveries so far, taken or not
	Changed  time.Time `json:"secret_changed,omitzero"` // when Old was the secret last

	Secret string `json:"secret"`
	Old    string `json:"old_secret,omitempty"`
}

// Wants reports whether the hook is told of an event.
func (h Hook) Wants(e events.Event) bool {
	if h.Organisation != "" && !e.Concerns(h.Organisation) {
		return false
	}
	return len(h.Types) == 0 || slices.ContainsFunc(h.Types, func(p events.Type) bool { return e.Type.Matches(string(p)) })
}

// Config is what Hooks need; Meta, Events and Client are required.
type Config struct {
	Meta   store.MetaStore
	Events *events.Log
	Client *outbound.Client
	// Works reports whether an organisation works in a region still; it always does
	// when nil.
	Works func(ctx context.Context, organisation, region string) (bool, error)
	// Now and Wait are the clock; that of the system when nil.
	Now  func() time.Time
	Wait func(ctx context.Context, d time.Duration) error
	Log  *slog.Logger
}

// Hooks are the webhooks of one server.
type Hooks struct {
	Config
	turn *semaphore.Weighted // of deliveries

	mu      sync.Mutex
	ctx     context.Context // of Run; nil before and after
	running map[string]*sender
	senders sync.WaitGroup
}

// New returns the webhooks that lie in a store. They are told of events while
// Run runs.
func New(c Config) *Hooks {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Wait == nil {
		c.Wait = wait
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Hooks{Config: c, turn: semaphore.NewWeighted(maxDeliveries), running: make(map[string]*sender)}
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func hookKey(region, id string) []byte { return records.Key("webhook", region, id) }

// load returns a hook.
func load(txn store.Txn, region, id string) (Hook, error) {
	h, err := records.Get[Hook](txn, hookKey(region, id))
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNotFound
	}
	return h, err
}

// Get returns a hook.
func (hs *Hooks) Get(ctx context.Context, region, id string) (h Hook, err error) {
	err = hs.Meta.View(ctx, func(txn store.Txn) error {
		h, err = load(txn, region, id)
		return err
	})
	return h, err
}

// List lists the hooks of a region by id.
func (hs *Hooks) List(ctx context.Context, region string) (all []Hook, err error) {
	err = hs.Meta.View(ctx, func(txn store.Txn) error {
		all, err = records.List[Hook](txn, records.Key("webhook", region, ""))
		return err
	})
	return all, err
}
