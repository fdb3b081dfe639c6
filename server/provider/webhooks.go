package provider

import (
	"context"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/events"
	"github.com/pannier-maps/pannier/server/problem"
	"github.com/pannier-maps/pannier/server/webhook"
)

func (a *API) webhookRoutes() []Route {
	const all, one = "/v1/regions/{region}/webhooks", "/v1/regions/{region}/webhooks/{webhook}"
	who := Provider | Manager
	return []Route{
		{Method: "GET", Path: all, Who: who, Summary: "List webhooks: the region's for its managers, else those of the caller's organisations", Handle: handle(a.listWebhooks)},
		{Method: "POST", Path: all, Who: who, Status: 201, Summary: "Have an address told of what happens, by signed requests (Standard Webhooks); the secret is shown this once", Handle: handle(a.createWebhook)},
		{Method: "GET", Path: one, Who: who, Summary: "Read a webhook", Handle: handle(a.readWebhook)},
		{Method: "PUT", Path: one, Who: who, Summary: "Change, disable or enable a webhook; it goes on where it was", Handle: handle(a.setWebhook)},
		{Method: "DELETE", Path: one, Who: who, Summary: "Remove a webhook with its log", Handle: handle(a.removeWebhook)},
		{Method: "POST", Path: one + "/secret", Who: who, Summary: "Give a webhook another secret, shown this once; the one before signs too for a day", Handle: handle(a.rotateWebhook)},
		{Method: "POST", Path: one + "/test", Who: who, Summary: "Send a webhook a made-up event of type test.sent, and tell what became of it", Handle: handle(a.testWebhook)},
		{Method: "GET", Path: one + "/deliveries", Who: who, Summary: "List a webhook's last 100 deliveries, newest first", Handle: handle(a.listDeliveries)},
	}
}

// WebhookSettings is what is said of a webhook.
type WebhookSettings struct {
	URL      string        `json:"url" doc:"https, in the public internet"`
	Name     string        `json:"name,omitempty"`
	Types    []events.Type `json:"types,omitempty" doc:"of events that it is told of, such as version.published or change.*; all when absent"`
	Disabled bool          `json:"disabled,omitempty"`
}

// NewWebhook is a webhook to be.
type NewWebhook struct {
	Organisation string `json:"organisation,omitempty" doc:"whose events it is told of, beside those of versions; the caller's only one when absent, or, for managers, all of the region"`
	WebhookSettings
}

// Webhook is an address that is told of what happens.
type Webhook struct {
	ID           string `json:"id"`
	Organisation string `json:"organisation,omitempty" doc:"absent of the region's own"`
	WebhookSettings
	Reason   string    `json:"reason,omitempty" doc:"why it is disabled"`
	By       string    `json:"by"`
	Created  time.Time `json:"created"`
	Done     uint64    `json:"done" doc:"number of the last event that it was told of or does not want; written down now and then"`
	Failures int       `json:"failures,omitempty" doc:"in a row"`
	Next     time.Time `json:"next_attempt,omitzero" doc:"while it fails"`
}

func newWebhook(h webhook.Hook) Webhook {
	return Webhook{h.ID, h.Organisation, WebhookSettings{h.URL, h.Name, h.Types, h.Disabled != ""}, h.Disabled, h.By, h.Created, h.Done, h.Failures, h.Next}
}

// MadeWebhook is a webhook with its secret.
type MadeWebhook struct {
	Webhook
	Secret string `json:"secret" doc:"to check signatures with; it is not shown again"`
}

func (in WebhookSettings) hook() webhook.Hook {
	h := webhook.Hook{URL: in.URL, Name: in.Name, Types: in.Types}
	if in.Disabled {
		h.Disabled = "somebody disabled it"
	}
	return h
}

// Webhooks is a list of them, by id.
type Webhooks struct {
	Webhooks []Webhook `json:"webhooks"`
}

// ownsHook reports whether a webhook is the caller's.
func (c *Call) ownsHook(h webhook.Hook) bool {
	if c.Caller.Manages(c.Region) {
		return true
	}
	for _, o := range c.Providers {
		if o.ID == h.Organisation {
			return true
		}
	}
	return false
}

func (a *API) listWebhooks(ctx context.Context, c *Call, _ None) (Webhooks, error) {
	all, err := a.webhooks.List(ctx, c.Region)
	list := Webhooks{[]Webhook{}}
	for _, h := range all {
		if c.ownsHook(h) {
			list.Webhooks = append(list.Webhooks, newWebhook(h))
		}
	}
	return list, err
}

func (a *API) createWebhook(ctx context.Context, c *Call, in NewWebhook) (MadeWebhook, error) {
	h := in.hook()
	h.Region, h.Organisation, h.By = c.Region, in.Organisation, c.Caller.ID()
	switch {
	case h.Organisation == "" && !c.Caller.Manages(c.Region):
		if len(c.Providers) != 1 {
			return MadeWebhook{}, problem.Fields(problem.Field{Field: "organisation", Problem: "missing: say for which one"})
		}
		h.Organisation = c.Providers[0].ID
	case h.Organisation != "" && !c.ownsHook(h):
		return MadeWebhook{}, auth.ErrForbidden
	case h.Organisation != "":
		works, err := a.accounts.WorkingIn(ctx, c.Region, []string{h.Organisation})
		if err != nil {
			return MadeWebhook{}, err
		}
		if len(works) == 0 {
			return MadeWebhook{}, problem.Fields(problem.Field{Field: "organisation", Problem: "does not work in this region"})
		}
	}
	made, err := a.webhooks.Create(ctx, h)
	if err != nil {
		return MadeWebhook{}, wrongField(err)
	}
	return MadeWebhook{newWebhook(made), made.Secret}, nil
}

// theWebhook returns the webhook of the path, if it is the caller's.
func (a *API) theWebhook(ctx context.Context, c *Call) (webhook.Hook, error) {
	h, err := a.webhooks.Get(ctx, c.Region, c.Param("webhook"))
	if err == nil && !c.ownsHook(h) {
		err = webhook.ErrNotFound
	}
	return h, err
}

func (a *API) readWebhook(ctx context.Context, c *Call, _ None) (Webhook, error) {
	h, err := a.theWebhook(ctx, c)
	return newWebhook(h), err
}

func (a *API) setWebhook(ctx context.Context, c *Call, in WebhookSettings) (Webhook, error) {
	h, err := a.theWebhook(ctx, c)
	if err != nil {
		return Webhook{}, err
	}
	h, err = a.webhooks.Set(ctx, c.Region, h.ID, in.hook())
	return newWebhook(h), wrongField(err)
}

func (a *API) removeWebhook(ctx context.Context, c *Call, _ None) (None, error) {
	h, err := a.theWebhook(ctx, c)
	if err != nil {
		return None{}, err
	}
	return None{}, a.webhooks.Delete(ctx, c.Region, h.ID)
}

func (a *API) rotateWebhook(ctx context.Context, c *Call, _ None) (MadeWebhook, error) {
	h, err := a.theWebhook(ctx, c)
	if err != nil {
		return MadeWebhook{}, err
	}
	if h, err = a.webhooks.Rotate(ctx, c.Region, h.ID); err != nil {
		return MadeWebhook{}, err
	}
	return MadeWebhook{newWebhook(h), h.Secret}, nil
}

func (a *API) testWebhook(ctx context.Context, c *Call, _ None) (webhook.Delivery, error) {
	h, err := a.theWebhook(ctx, c)
	if err != nil {
		return webhook.Delivery{}, err
	}
	return a.webhooks.Test(ctx, c.Region, h.ID)
}

// Deliveries is a webhook's log.
type Deliveries struct {
	Deliveries []webhook.Delivery `json:"deliveries"`
}

func (a *API) listDeliveries(ctx context.Context, c *Call, _ None) (Deliveries, error) {
	h, err := a.theWebhook(ctx, c)
	if err != nil {
		return Deliveries{}, err
	}
	all, err := a.webhooks.Deliveries(ctx, c.Region, h.ID)
	return Deliveries{append([]webhook.Delivery{}, all...)}, err
}
