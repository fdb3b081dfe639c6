package webhook

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

var typeForm = regexp.MustCompile(`^(?:\*|[a-z]+\.(?:\*|[a-z_]+))$`)

// check returns what is wrong with what a caller says of a hook.
func (hs *Hooks) check(h Hook) error {
	if _, err := hs.Client.CheckURL(h.URL); err != nil {
		return &InvalidError{"url", err.Error()}
	}
	if strings.Contains(h.URL, "#") {
		return &InvalidError{"url", "must not have a # in it"}
	}
	if len([]rune(h.Name)) > maxName || strings.ContainsFunc(h.Name, func(r rune) bool { return r < ' ' }) {
		return &InvalidError{"name", fmt.Sprintf("must be at most %d characters in one line", maxName)}
	}
	if len(h.Types) > maxTypes {
		return &InvalidError{"types", fmt.Sprintf("must be at most %d", maxTypes)}
	}
	for i, t := range h.Types {
		if len(t) > 60 || !typeForm.MatchString(string(t)) {
			return &InvalidError{fmt.Sprintf("types[%d]", i), "must be like version.published, change.* or *"}
		}
	}
	return nil
}

// newSecret makes a key for signatures.
func newSecret() string {
	key := make([]byte, 32)
	rand.Read(key)
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

const secretPrefix = "whsec_"

// Create adds a hook, which is told of what happens from now on. Its secret is
// in the result.
func (hs *Hooks) Create(ctx context.Context, h Hook) (Hook, error) {
	if err := hs.check(h); err != nil {
		return Hook{}, err
	}
	random := make([]byte, 10)
	rand.Read(random)
	newest, err := hs.Events.Newest(ctx, h.Region)
	if err != nil {
		return Hook{}, err
	}
	h = Hook{
		ID: strings.ToLower(base32.StdEncoding.EncodeToString(random)), Region: h.Region, Organisation: h.Organisation, URL: h.URL, Name: h.Name,
		Types: h.Types, By: h.By, Created: hs.Now().UTC().Truncate(time.Second), Done: newest, Secret: newSecret(),
	}
	err = hs.Meta.Update(ctx, func(txn store.Txn) error {
		all, err := records.List[Hook](txn, records.Key("webhook", h.Region, ""))
		if err != nil {
			return err
		}
		own := 0
		for _, other := range all {
			if h.Organisation != "" && other.Organisation == h.Organisation {
				own++
			}
		}
		if len(all) >= maxHooks || own >= maxOwn {
			return fmt.Errorf("%w: an organisation has at most %d in a region, a region %d", ErrTooMany, maxOwn, maxHooks)
		}
		// Written by each Create, as the store sees no phantoms.
		if err := records.Set(txn, records.Key("webhook-guard", h.Region), h.ID); err != nil {
			return err
		}
		return records.Set(txn, hookKey(h.Region, h.ID), h)
	})
	if err == nil {
		hs.start(h)
	}
	return h, err
}

// change changes a hook's record.
func (hs *Hooks) change(ctx context.Context, region, id string, edit func(*Hook) error) (h Hook, err error) {
	err = hs.Meta.Update(ctx, func(txn store.Txn) error {
		if h, err = load(txn, region, id); err != nil {
			return err
		}
		if err := edit(&h); err != nil {
			return err
		}
		return records.Set(txn, hookKey(region, id), h)
	})
	return h, err
}

// Set changes a hook's address, name and types, and enables it or, for a reason,
// disables it.
func (hs *Hooks) Set(ctx context.Context, region, id string, to Hook) (Hook, error) {
	if err := hs.check(to); err != nil {
		return Hook{}, err
	}
	was, err := hs.Get(ctx, region, id)
	if err != nil {
		return Hook{}, err
	}
	start, err := hs.Events.Start(ctx, region, was.Done)
	if err != nil {
		return Hook{}, err
	}
	h, err := hs.change(ctx, region, id, func(h *Hook) error {
		if h.Disabled != "" && to.Disabled == "" {
			h.Done = max(h.Done, start)
		}
		h.URL, h.Name, h.Types, h.Disabled = to.URL, to.Name, to.Types, to.Disabled
		h.Failures, h.Failing, h.Next = 0, time.Time{}, time.Time{}
		return nil
	})
	if err == nil {
		hs.stop(id)
		hs.start(h)
	}
	return h, err
}

// Rotate gives a hook another secret. The one before signs too for a day.
func (hs *Hooks) Rotate(ctx context.Context, region, id string) (Hook, error) {
	return hs.change(ctx, region, id, func(h *Hook) error {
		h.Old, h.Changed, h.Secret = h.Secret, hs.Now().UTC(), newSecret()
		return nil
	})
}

// Delete removes a hook with its log.
func (hs *Hooks) Delete(ctx context.Context, region, id string) error {
	err := hs.Meta.Update(ctx, func(txn store.Txn) error {
		if _, err := load(txn, region, id); err != nil {
			return err
		}
		names, err := records.Names(txn, deliveryKey(region, id, ""))
		if err != nil {
			return err
		}
		for _, n := range names {
			if err := txn.Delete(deliveryKey(region, id, n)); err != nil {
				return err
			}
		}
		return txn.Delete(hookKey(region, id))
	})
	if err == nil {
		hs.stop(id)
	}
	return err
}

// stamp is what the journal has of who disables a hook.
func (hs *Hooks) stamp(h Hook) catalog.Stamp {
	return catalog.Stamp{At: hs.Now().UTC().Truncate(time.Millisecond), By: "operator", Organisation: h.Organisation}
}
