package auth

import (
	"context"
	"time"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

const (
	maxLater  = 32 // mails on their way at once
	laterTime = time.Minute
)

// later does work after the answer was given. Too much at once is left undone:
// whoever waits for a mail asks for it again.
func (a *Accounts) later(ctx context.Context, what string, work func(context.Context) error) {
	if !a.turn.TryAcquire(1) {
		a.log.ErrorContext(ctx, what, "err", "too many mails at once; not sent")
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), laterTime)
	a.work.Go(func() {
		defer a.turn.Release(1)
		defer cancel()
		if err := work(ctx); err != nil {
			a.log.ErrorContext(ctx, what, "err", err)
		}
	})
}

// Close waits for mails on their way, a minute at most. The store is left to its
// owner.
func (a *Accounts) Close() { a.work.Wait() }

// Sweep removes links, sessions and API tokens whose time is over. What is left
// lying until then is refused all the same.
func (a *Accounts) Sweep(ctx context.Context) error {
	now := a.now()
	var links []link
	var sessions []session
	var tokens []APIToken
	err := a.view(ctx, func(txn store.Txn) (err error) {
		if links, err = records.List[link](txn, key("link", "")); err != nil {
			return err
		}
		if sessions, err = records.List[session](txn, key("session", "")); err != nil {
			return err
		}
		tokens, err = records.List[APIToken](txn, key("token", ""))
		return err
	})
	var old [][]byte
	for _, l := range links {
		if now.After(l.Expires) {
			old = append(old, key("link", l.ID))
			if l.Kind == linkInvitation {
				old = append(old, place(l.Grant, "link", l.ID))
			}
		}
	}
	for _, s := range sessions {
		if s.over(now) {
			old = append(old, key("session", s.User, s.ID))
		}
	}
	for _, t := range tokens {
		if now.After(t.Expires) {
			old = append(old, key("token", t.ID), place(t.Grant, "token", t.ID))
		}
	}
	for len(old) > 0 && err == nil {
		some := old[:min(len(old), 1000)]
		old = old[len(some):]
		err = a.update(ctx, func(txn store.Txn) error {
			for _, k := range some {
				if err := txn.Delete(k); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return err
}
