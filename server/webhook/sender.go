package webhook

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/pannier-maps/pannier/server/events"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

const (
	firstRetry = 10 * time.Second
	lastRetry  = time.Hour
	// GiveUp is how long a hook may fail before it is disabled.
	GiveUp = 24 * time.Hour
	// skipped is after how many events that a hook does not want its place is
	// written down.
	skipped = 1000
)

// sender tells one hook of events.
type sender struct {
	end context.CancelFunc
}

// Run tells the hooks of events until ctx ends.
func (hs *Hooks) Run(ctx context.Context) error {
	var all []Hook
	err := hs.Meta.View(ctx, func(txn store.Txn) (err error) {
		all, err = records.List[Hook](txn, records.Key("webhook", ""))
		return err
	})
	if err != nil {
		return fmt.Errorf("read webhooks: %w", err)
	}
	hs.mu.Lock()
	hs.ctx = ctx
	hs.mu.Unlock()
	for _, h := range all {
		hs.start(h)
	}
	<-ctx.Done()
	hs.mu.Lock()
	hs.ctx = nil
	hs.mu.Unlock()
	hs.senders.Wait()
	return nil
}

// start starts the sender of a hook that is enabled, while Run runs.
func (hs *Hooks) start(h Hook) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if hs.ctx == nil || h.Disabled != "" || hs.running[h.ID] != nil {
		return
	}
	ctx, end := context.WithCancel(hs.ctx)
	s := &sender{end}
	hs.running[h.ID] = s
	hs.senders.Go(func() {
		defer end()
		hs.serve(ctx, h)
		hs.mu.Lock()
		defer hs.mu.Unlock()
		if hs.running[h.ID] == s {
			delete(hs.running, h.ID)
		}
	})
}

// stop stops the sender of a hook.
func (hs *Hooks) stop(id string) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if s := hs.running[id]; s != nil {
		s.end()
		delete(hs.running, id)
	}
}

// errDisabled ends the sender of a hook.
var errDisabled = errors.New("disabled")

// serve tells a hook of events until ctx ends or it is disabled. A fault of the
// store is logged and tried again.
func (hs *Hooks) serve(ctx context.Context, h Hook) {
	for ctx.Err() == nil {
		err := hs.Events.Follow(ctx, h.Region, h.Done, time.Hour, func(page []events.Event) error {
			return hs.tell(ctx, &h, page)
		})
		if errors.Is(err, errDisabled) || errors.Is(err, ErrNotFound) || ctx.Err() != nil {
			return
		}
		hs.Log.Error("webhook", "region", h.Region, "webhook", h.ID, "err", err)
		hs.Wait(ctx, firstRetry)
		now, err := hs.Get(ctx, h.Region, h.ID)
		if errors.Is(err, ErrNotFound) || now.Disabled != "" {
			return
		}
		if err == nil {
			h = now
		}
	}
}

// tell delivers those events of a page that a hook wants, as often as it takes.
func (hs *Hooks) tell(ctx context.Context, h *Hook, page []events.Event) (err error) {
	if len(page) == 0 {
		return nil
	}
	last := page[len(page)-1].Number
	var wanted []events.Event
	for _, e := range page {
		if h.Wants(e) {
			wanted = append(wanted, e)
		}
	}
	if len(wanted) == 0 {
		if last-h.Done >= skipped {
			*h, err = hs.change(ctx, h.Region, h.ID, func(h *Hook) error { h.Done = max(h.Done, last); return nil })
		}
		return err
	}
	id := fmt.Sprintf("%s-%d-%d", h.ID, wanted[0].Number, wanted[len(wanted)-1].Number)
	for {
		if pause := h.Next.Sub(hs.Now()); pause > 0 {
			if err := hs.Wait(ctx, pause); err != nil {
				return err
			}
		}
		now, err := hs.Get(ctx, h.Region, h.ID) // with its newest secret
		if err != nil {
			return err
		}
		if now.Disabled != "" {
			return errDisabled
		}
		if *h, err = hs.leave(ctx, now); err != nil {
			return err
		}
		if err := hs.turn.Acquire(ctx, 1); err != nil {
			return err
		}
		d := hs.post(ctx, now, id, Message{h.ID, h.Region, wanted})
		hs.turn.Release(1)
		if ctx.Err() != nil {
			return ctx.Err() // it may have been taken; then it comes twice
		}
		if *h, err = hs.note(ctx, now, d, func(h *Hook) { hs.settle(h, d, last) }); err != nil {
			return err
		}
		if h.Disabled != "" {
			return errors.Join(errDisabled, hs.tellDisabled(ctx, *h))
		}
		if d.Taken() {
			return nil
		}
	}
}

// leave disables the hook of an organisation that works in the region no longer.
func (hs *Hooks) leave(ctx context.Context, h Hook) (Hook, error) {
	if hs.Works == nil || h.Organisation == "" {
		return h, nil
	}
	works, err := hs.Works(ctx, h.Organisation, h.Region)
	if works || err != nil {
		return h, err
	}
	h, err = hs.change(ctx, h.Region, h.ID, func(h *Hook) error {
		h.Disabled = "the organisation works in the region no longer"
		return nil
	})
	if err != nil {
		return h, err
	}
	return h, errors.Join(errDisabled, hs.tellDisabled(ctx, h))
}

// settle notes on a hook what became of a delivery.
func (hs *Hooks) settle(h *Hook, d Delivery, last uint64) {
	now := hs.Now().UTC()
	if d.Taken() {
		h.Done, h.Failures, h.Failing, h.Next = max(h.Done, last), 0, time.Time{}, time.Time{}
		return
	}
	if h.Failures == 0 {
		h.Failing = now
	}
	h.Failures++
	h.Next = now.Add(backoff(h.Failures))
	switch {
	case d.Status == http.StatusGone:
		h.Disabled = "the receiver answered 410: it wants no more"
	case now.Sub(h.Failing) >= GiveUp:
		h.Disabled = fmt.Sprintf("it failed for %v: %s", GiveUp, d.Problem)
	}
}

// backoff is how long to wait after so many failures in a row: between half and
// all of a time that doubles.
func backoff(failures int) time.Duration {
	d := lastRetry
	if failures < 10 {
		d = min(d, firstRetry<<(failures-1))
	}
	return d/2 + rand.N(d/2)
}

// tellDisabled notes in the journal that a hook was disabled.
func (hs *Hooks) tellDisabled(ctx context.Context, h Hook) error {
	hs.Log.Warn("webhook disabled", "region", h.Region, "webhook", h.ID, "organisation", h.Organisation)
	return hs.Events.Note(ctx, h.Region, hs.stamp(h), Disabled, fmt.Sprintf("%s: %s", h.ID, h.Disabled))
}

// Disabled is what the journal says of a hook that was given up.
const Disabled = "webhook disabled"
