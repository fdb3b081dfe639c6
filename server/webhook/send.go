package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/events"
	"github.com/pannier-maps/pannier/server/outbound"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

const (
	// DeliveryTime is how long a receiver has for an answer.
	DeliveryTime = 15 * time.Second
	// Rotation is how long the secret before signs, too.
	Rotation = 24 * time.Hour

	maxDeliveries = 8 // at once
	keptLog       = 100
)

// Message is the body of a request.
type Message struct {
	Webhook string         `json:"webhook"`
	Region  string         `json:"region"`
	Events  []events.Event `json:"events"`
}

// Delivery is one attempt to deliver.
type Delivery struct {
	Number  uint64    `json:"number" doc:"1, 2, 3 … of the webhook"`
	ID      string    `json:"id" doc:"the header webhook-id"`
	At      time.Time `json:"at"`
	Events  int       `json:"events"`
	Status  int       `json:"status,omitempty" doc:"of the answer, if there was one"`
	Problem string    `json:"problem,omitempty"`
	Millis  int64     `json:"millis"`
	Test    bool      `json:"test,omitempty"`
}

// Taken reports whether the receiver has it.
func (d Delivery) Taken() bool { return d.Status >= 200 && d.Status < 300 && d.Problem == "" }

// Sign returns a signature of a request (see the package comment).
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil {
		return "", errors.New("malformed webhook secret")
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// post sends a message once.
func (hs *Hooks) post(ctx context.Context, h Hook, id string, m Message) (d Delivery) {
	start := time.Now()
	now := hs.Now().UTC()
	d = Delivery{ID: id, At: now.Truncate(time.Millisecond), Events: len(m.Events)}
	defer func() { d.Millis = time.Since(start).Milliseconds() }()
	req, err := hs.request(ctx, h, id, now, m)
	if err != nil {
		d.Problem = "the request could not be made"
		return d
	}
	res, err := hs.Client.Do(req, outbound.Bounds{Bytes: 64 << 10, Time: DeliveryTime, Still: true})
	if err != nil {
		if d.Problem = err.Error(); errors.Is(err, context.DeadlineExceeded) {
			d.Problem = fmt.Sprintf("no answer within %v", DeliveryTime)
		}
		return d
	}
	io.Copy(io.Discard, res.Body) // bounded; only so that the connection can be used again
	res.Body.Close()
	if d.Status = res.StatusCode; d.Status < 200 || d.Status > 299 {
		d.Problem = "the answer is not 2xx"
	}
	return d
}

func (hs *Hooks) request(ctx context.Context, h Hook, id string, now time.Time, m Message) (*http.Request, error) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body.Bytes()))
	if err != nil {
		return nil, err
	}
	secrets := []string{h.Secret}
	if h.Old != "" && now.Sub(h.Changed) < Rotation {
		secrets = append(secrets, h.Old)
	}
	var signatures []string
	for _, secret := range secrets {
		s, err := Sign(secret, id, now, body.Bytes())
		if err != nil {
			return nil, err
		}
		signatures = append(signatures, s)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	req.Header.Set("Webhook-Signature", strings.Join(signatures, " "))
	return req, nil
}

func deliveryKey(region, id, n string) []byte { return records.Key("webhooked", region, id, n) }

// note adds a delivery to a hook's log and changes the hook with it.
func (hs *Hooks) note(ctx context.Context, h Hook, d Delivery, edit func(*Hook)) (Hook, error) {
	var now Hook
	err := hs.Meta.Update(ctx, func(txn store.Txn) (err error) {
		if now, err = load(txn, h.Region, h.ID); err != nil {
			return err
		}
		edit(&now)
		now.Attempts++
		d.Number = now.Attempts
		if err := records.Set(txn, deliveryKey(h.Region, h.ID, fmt.Sprintf("%02d", now.Attempts%keptLog)), d); err != nil {
			return err
		}
		return records.Set(txn, hookKey(h.Region, h.ID), now)
	})
	return now, err
}

// Deliveries returns a hook's log, newest first.
func (hs *Hooks) Deliveries(ctx context.Context, region, id string) (all []Delivery, err error) {
	err = hs.Meta.View(ctx, func(txn store.Txn) error {
		all = nil
		h, err := load(txn, region, id)
		if err != nil {
			return err
		}
		for n := h.Attempts; n > 0 && n+keptLog > h.Attempts; n-- {
			d, err := records.Get[Delivery](txn, deliveryKey(region, id, fmt.Sprintf("%02d", n%keptLog)))
			if err != nil {
				return err
			}
			all = append(all, d)
		}
		return nil
	})
	return all, err
}

// Test sends a message of one made-up event, of type "test.sent", once.
func (hs *Hooks) Test(ctx context.Context, region, id string) (Delivery, error) {
	h, err := hs.Get(ctx, region, id)
	if err != nil {
		return Delivery{}, err
	}
	at := hs.Now().UTC().Truncate(time.Second)
	e := events.Event{ID: region + "/test", Region: region, Type: "test.sent", At: at, Note: "Nothing happened; this is a test."}
	d := hs.post(ctx, h, fmt.Sprintf("%s-test-%d", h.ID, hs.Now().UnixNano()), Message{h.ID, region, []events.Event{e}})
	d.Test = true
	now, err := hs.note(ctx, h, d, func(*Hook) {})
	d.Number = now.Attempts
	return d, err
}
