package root

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pannier-maps/pannier/sync/head"
)

// Chain is the roots that a reader has verified, from the one that it was given
// to the newest it knows.
type Chain struct {
	roots []*Root
	notes [][]byte
}

// Pin begins a chain with a root that is trusted because of where it came from:
// an app, or the first contact with a site.
func Pin(note []byte) (*Chain, error) {
	r, err := Open(note)
	if err != nil {
		return nil, err
	}
	return &Chain{[]*Root{r}, [][]byte{note}}, nil
}

// OpenChain checks stored roots link by link. There must be one at least.
func OpenChain(notes [][]byte) (*Chain, error) {
	if len(notes) == 0 {
		return nil, fmt.Errorf("%w: there is none", ErrCorrupt)
	}
	c, err := Pin(notes[0])
	for i := 1; i < len(notes) && err == nil; i++ {
		err = c.Append(notes[i])
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Append checks the root that follows the newest and adds it.
func (c *Chain) Append(note []byte) error {
	next, err := c.Newest().Next(note)
	if err != nil {
		return err
	}
	c.roots, c.notes = append(c.roots, next), append(c.notes, note)
	return nil
}

// Newest returns the root that counts.
func (c *Chain) Newest() *Root { return c.roots[len(c.roots)-1] }

// First returns the version of the root the chain begins with.
func (c *Chain) First() uint64 { return c.roots[0].Version }

// Notes returns the signed notes, oldest first.
func (c *Chain) Notes() [][]byte { return slices.Clone(c.notes) }

// Fingerprint returns that of the root the chain begins with.
func (c *Chain) Fingerprint() string { return Fingerprint(c.notes[0]) }

// OpenHead checks a head that was accepted before: any root of the chain may
// vouch for it, also one that is no longer the newest.
func (c *Chain) OpenHead(note []byte, region string) (h *head.Head, err error) {
	for _, r := range slices.Backward(c.roots) {
		var failed error
		if h, failed = r.OpenHead(note, region); failed == nil {
			return h, nil
		}
		if err == nil || errors.Is(err, head.ErrSignature) {
			err = failed
		}
	}
	return nil, err
}
