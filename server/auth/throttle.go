package auth

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// Attempts at a password and the like: this many at once, then one in that time.
const (
	accountBurst = 10
	accountEvery = time.Minute
	addressBurst = 40
	addressEvery = 10 * time.Second
	mailBurst    = 3 // mails to one address that nobody signed in asked for
	mailEvery    = 20 * time.Minute
	inviteBurst  = 50 // invitations by one user
	inviteEvery  = time.Minute
)

// throttle counts attempts by account and by address in a table of fixed size:
// no flood of names takes memory or pushes another name out. Two names share a
// place now and then, which makes one of them wait although it did nothing; the
// seed is secret, so nobody can aim at that. A restart forgets all: an attacker
// cannot bring one about, and each attempt costs a hash anyway.
type throttle struct {
	seed maphash.Seed
	mu   sync.Mutex
	free [1 << 14]time.Time // when the place has all its attempts again
}

func newThrottle() *throttle { return &throttle{seed: maphash.MakeSeed()} }

// attempt is one thing that is counted.
type attempt struct {
	place int
	burst int
	every time.Duration
}

func (t *throttle) account(address string) attempt {
	return attempt{t.place("account/" + address), accountBurst, accountEvery}
}

func (t *throttle) mail(address string) attempt {
	return attempt{t.place("mail/" + address), mailBurst, mailEvery}
}

func (t *throttle) inviter(user string) attempt {
	return attempt{t.place("inviter/" + user), inviteBurst, inviteEvery}
}

// host is the attempts from an address; all of an IPv6 network of 64 bits are
// one, as a single customer has them.
func (t *throttle) host(ip netip.Addr) attempt {
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if net, err := ip.Prefix(64); err == nil {
			ip = net.Addr()
		}
	}
	return attempt{t.place("host/" + ip.String()), addressBurst, addressEvery}
}

func (t *throttle) place(name string) int {
	return int(maphash.String(t.seed, name) % uint64(len(t.free)))
}

// take counts an attempt, or returns how long to wait for it. It is counted
// before the password is looked at, so that many at once are no way around.
func (t *throttle) take(now time.Time, all ...attempt) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var wait time.Duration
	for _, a := range all {
		next := later(t.free[a.place], now).Add(a.every)
		wait = max(wait, next.Sub(now)-time.Duration(a.burst)*a.every)
	}
	if wait > 0 {
		return &ThrottledError{wait.Round(time.Second) + time.Second}
	}
	for _, a := range all {
		t.free[a.place] = later(t.free[a.place], now).Add(a.every)
	}
	return nil
}

// back takes back an attempt that was right.
func (t *throttle) back(all ...attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range all {
		t.free[a.place] = t.free[a.place].Add(-a.every)
	}
}

// reset forgets the attempts at an account.
func (t *throttle) reset(a attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.free[a.place] = time.Time{}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
