package auth

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// TestLoginBruteForce guesses the password of one account from many addresses.
func TestLoginBruteForce(t *testing.T) {
	s, _ := newLogin(t)
	guess := func(i int) error {
		from := netip.AddrFrom4([4]byte{203, 0, 113, byte(i)})
		_, err := s.Login(t.Context(), from, "somebody@maps.example", fmt.Sprintf("guess number %d", i))
		return err
	}
	for i := range accountBurst {
		s.want(guess(i), ErrCredentials)
	}
	err := guess(accountBurst)
	var throttled *ThrottledError
	if !errors.As(err, &throttled) || throttled.After < accountEvery || throttled.After > accountEvery+2*time.Second {
		t.Fatalf("got %v, want to wait a minute", err)
	}
	_, err = s.Login(t.Context(), away, "SOMEBODY@maps.example", password)
	s.want(err, ErrThrottled) // the right one, also written otherwise: the thief learns nothing
	s.wait(accountEvery)
	s.want(guess(0), ErrCredentials)
	s.want(guess(0), ErrThrottled)
	s.wait(accountEvery)
	s.relogin()
}

// TestLoginSpraying tries one password at many accounts from one network.
func TestLoginSpraying(t *testing.T) {
	s, _ := newLogin(t)
	try := func(i int) error {
		from := netip.MustParseAddr(fmt.Sprintf("2001:db8:1:2::%x", i+1)) // one customer has all of these
		_, err := s.Login(t.Context(), from, fmt.Sprintf("user%d@maps.example", i), "Spring2026!!")
		return err
	}
	for i := range addressBurst {
		s.want(try(i), ErrCredentials)
	}
	s.want(try(addressBurst), ErrThrottled)
	_, err := s.Login(t.Context(), netip.MustParseAddr("2001:db8:1:3::1"), "user@maps.example", "Spring2026!!")
	s.want(err, ErrCredentials) // another network
	_, err = s.Login(t.Context(), netip.MustParseAddr("::ffff:192.0.2.1"), "somebody@maps.example", password)
	s.must(err)
}

// TestThrottleAtOnce guesses many times at once: no more than the burst is
// looked at.
func TestThrottleAtOnce(t *testing.T) {
	s, _ := newLogin(t)
	var mu sync.Mutex
	looked := 0
	var wg sync.WaitGroup
	for range 5 * accountBurst {
		wg.Go(func() {
			_, err := s.Login(t.Context(), home, "somebody@maps.example", "not the password")
			if errors.Is(err, ErrCredentials) {
				mu.Lock()
				looked++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if looked > accountBurst || looked == 0 {
		t.Errorf("%d guesses were looked at, want at most %d", looked, accountBurst)
	}
}

// TestRightPasswordsAreFree signs in more often than one may guess.
func TestRightPasswordsAreFree(t *testing.T) {
	s, _ := newLogin(t)
	for range 3 * accountBurst {
		s.relogin()
	}
}

// TestThrottleIsBounded counts attempts under a million names.
func TestThrottleIsBounded(t *testing.T) {
	th := newThrottle()
	now := time.Now()
	size := len(th.free)
	for i := range 1_000_000 {
		th.take(now, th.account(fmt.Sprint(i)))
	}
	if len(th.free) != size {
		t.Error("the table has grown")
	}
	if n := testing.AllocsPerRun(100, func() { th.take(now, th.account("a")) }); n > 6 {
		t.Errorf("%v allocations an attempt", n)
	}
}
