package sitetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/root"
	"github.com/pannier-maps/pannier/sync/signed"
)

// Ledger is a ledger of one region in memory.
type Ledger struct {
	Region publish.Region
	// RootSecret signs the roots that AddRoot makes.
	RootSecret string

	mu       sync.Mutex
	versions []publish.Version
	roots    [][]byte
}

// Pair makes a pair of keys.
func Pair(t testing.TB, name string) (secret, public string) {
	t.Helper()
	secret, public, err := signed.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	return secret, public
}

// NewLedger returns an empty ledger of a region of the site "test", with fresh
// keys.
func NewLedger(t testing.TB, region string) *Ledger { return NewLedgerOf(t, "test", region) }

// NewLedgerOf returns an empty ledger of a site's region. Its first root has one
// key and lets one other sign.
func NewLedgerOf(t testing.TB, site, region string) *Ledger {
	t.Helper()
	rootSecret, rootPublic := Pair(t, site+"/root")
	secret, public := Pair(t, site+"/"+region)
	l := &Ledger{Region: publish.Region{ID: region, Name: region, Secret: secret}, RootSecret: rootSecret}
	r := root.Root{
		Site: site, Version: 1, Issued: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Expires: time.Date(2126, 1, 1, 0, 0, 0, 0, time.UTC),
		Threshold: 1, Keys: []string{rootPublic}, Heads: []root.HeadKey{{Region: region, Epoch: 1, Key: public}},
	}
	l.PutRoots(SignRoot(t, r, rootSecret))
	return l
}

// SignRoot returns a root's note with the signatures of secrets.
func SignRoot(t testing.TB, r root.Root, secrets ...string) []byte {
	t.Helper()
	note, err := r.Text()
	for _, secret := range secrets {
		if err == nil {
			note, err = signed.Sign(note, secret)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return note
}

// NextRoot returns the root after the newest, changed and signed by secrets, by
// RootSecret if there are none. The ledger stays as it is.
func (l *Ledger) NextRoot(t testing.TB, change func(r *root.Root), secrets ...string) []byte {
	t.Helper()
	notes, _ := l.Roots(context.Background())
	r, err := root.Peek(notes[len(notes)-1])
	if err != nil {
		t.Fatal(err)
	}
	r.Version++
	change(r)
	if len(secrets) == 0 {
		secrets = []string{l.RootSecret}
	}
	return SignRoot(t, *r, secrets...)
}

// AddRoot puts the root after the newest into the ledger.
func (l *Ledger) AddRoot(t testing.TB, change func(r *root.Root), secrets ...string) {
	t.Helper()
	note := l.NextRoot(t, change, secrets...)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.roots = append(l.roots, note)
}

// PutRoots puts roots in the place of those in the ledger.
func (l *Ledger) PutRoots(notes ...[]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.roots = notes
}

// Regions implements publish.Ledger.
func (l *Ledger) Regions(context.Context) ([]publish.Region, error) {
	return []publish.Region{l.Region}, nil
}

// Roots implements publish.Ledger.
func (l *Ledger) Roots(context.Context) ([][]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.roots), nil
}

// Versions implements publish.Ledger.
func (l *Ledger) Versions(context.Context, string) ([]publish.Version, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.versions), nil
}

// Append implements publish.Ledger.
func (l *Ledger) Append(_ context.Context, _ string, v publish.Version) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var last uint64
	if n := len(l.versions); n > 0 {
		last = l.versions[n-1].Number
	}
	if v.Number != last+1 {
		return publish.ErrConflict
	}
	if n := len(l.versions); n > 0 {
		l.versions[n-1].Share = 0 // it is overtaken
	}
	l.versions = append(l.versions, v)
	return nil
}

// Resign implements publish.Ledger.
func (l *Ledger) Resign(_ context.Context, _ string, was, head []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.versions) - 1; i >= max(0, len(l.versions)-2); i-- {
		if bytes.Equal(l.versions[i].Head, was) {
			l.versions[i].Head = head
			return nil
		}
	}
	return publish.ErrConflict
}

// Offer implements publish.Ledger.
func (l *Ledger) Offer(_ context.Context, _ string, number uint64, share int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.versions)
	if n == 0 || l.versions[n-1].Number != number || !l.versions[n-1].Staged() {
		return publish.ErrConflict
	}
	l.versions[n-1].Share = share
	return nil
}

// Drop implements gc.Ledger.
func (l *Ledger) Drop(_ context.Context, _ string, before uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.versions) > 1 && l.versions[0].Number < before {
		l.versions = l.versions[1:]
	}
	return nil
}
