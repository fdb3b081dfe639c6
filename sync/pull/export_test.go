package pull

import (
	"context"
	"net/http"
	"time"
)

// Tries is how often a client asks without an answer.
const Tries = tries

// Hurried makes a client ask rt, call a stall what takes longer than the given
// time, and not wait between tries but tell how long it would.
func (c *Client) Hurried(rt http.RoundTripper, stall time.Duration, waited func(time.Duration)) *Client {
	c.http.Transport = rt
	c.stall = stall
	c.wait = func(ctx context.Context, d time.Duration) error {
		waited(d)
		return ctx.Err()
	}
	return c
}

// Lot is lot.
var Lot = lot
