package auth

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestPasswordRules(t *testing.T) {
	const address = "somebody.else@maps.example"
	for _, c := range []struct {
		name, password string
		good           bool
	}{
		{"shortest", "zehnzeich9", true},
		{"one under", "neunzeich", false},
		{"ten letters of two bytes", "čšžčšžčšžđ", true},
		{"nine letters that are eleven marks", "c\u030cs\u030cabcdefg", false},
		{"words", "correct horse battery staple", true},
		{"letters only", "abcdefghijklm", true},
		{"longest", strings.Repeat("ab", 512), true},
		{"one over", strings.Repeat("ab", 512) + "c", false},
		{"empty", "", false},
		{"common", "Password123", false},
		{"common in German", "passwort123", false},
		{"one letter", "aaaaaaaaaaaa", false},
		{"one letter, two cases", "aAaAaAaAaAaA", false},
		{"the address", "Somebody.Else@maps.example", false},
		{"its beginning", "somebody.else", false},
		{"with the address", "somebody.else and more", true},
		{"no text", "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7\xf6", false},
	} {
		err := checkPassword("password", c.password, address)
		if (err == nil) != c.good {
			t.Errorf("%s: %v, want good: %v", c.name, err, c.good)
		}
	}
}

func TestPasswordHash(t *testing.T) {
	p := newPasswords(cheap)
	ctx := t.Context()
	phc, err := p.Hash(ctx, "ločeno čašo\u0301")
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.Hash(ctx, "ločeno čašo\u0301")
	if err != nil || again == phc {
		t.Errorf("the salt is the same: %s, %v", phc, err)
	}
	for _, c := range []struct {
		phc, password string
		ok            bool
	}{
		{phc, "ločeno čašo\u0301", true},
		{phc, "lo\u010deno \u010da\u0161\u00f3", true}, // the same, as another keyboard writes it
		{phc, "loceno caso", false},
		{phc, "", false},
		{"", "ločeno čašo\u0301", false}, // nobody's
		{"", "", false},
	} {
		ok, old, err := p.Verify(ctx, c.phc, c.password)
		if err != nil || ok != c.ok || old {
			t.Errorf("%q: %v, old %v, %v; want %v", c.password, ok, old, err, c.ok)
		}
	}
}

func TestDamagedHash(t *testing.T) {
	p := newPasswords(cheap)
	good := p.dummy
	for _, bad := range []string{
		"x", "$argon2i$" + good[10:], strings.Replace(good, "v=19", "v=16", 1), strings.Replace(good, "m=8", "m=99999999", 1),
		strings.Replace(good, "t=1", "t=0", 1), strings.Replace(good, "p=1", "p=0", 1), strings.Replace(good, "t=1", "t=1000", 1), good[:len(good)-3], good + "$",
	} {
		if ok, _, err := p.Verify(t.Context(), bad, password); ok || err == nil {
			t.Errorf("%s: %v, %v; want an error", bad, ok, err)
		}
	}
}

// TestRehash raises the cost of passwords: each is hashed anew as its owner
// signs in.
func TestRehash(t *testing.T) {
	s, first := newLogin(t)
	dearer := s.open(Argon{Time: 2, Memory: 16, Threads: 1})
	defer dearer.Close()
	_, err := dearer.Login(t.Context(), home, "somebody@maps.example", "not the password")
	s.want(err, ErrCredentials)
	for range 2 {
		if _, err := dearer.Login(t.Context(), home, "somebody@maps.example", password); err != nil {
			t.Fatal(err)
		}
		u, err := s.User(t.Context(), first.User.ID)
		if err != nil || !strings.Contains(u.Password, "m=16,t=2,p=1") {
			t.Errorf("the hash is %s, %v", u.Password, err)
		}
	}
	s.relogin() // one with the old cost reads it too
}

// TestPasswordsAtOnce checks that no more passwords are hashed at once than
// there are cores, that few wait, and that waiting ends with its request.
func TestPasswordsAtOnce(t *testing.T) {
	p := newPasswords(Argon{Time: 1, Memory: 8 << 10, Threads: 1})
	var wg sync.WaitGroup
	var mu sync.Mutex
	refused := 0
	start := make(chan struct{})
	for range 4 * maxWaiting {
		wg.Go(func() {
			<-start
			if _, err := p.Hash(t.Context(), password); errors.Is(err, ErrBusy) {
				mu.Lock()
				refused++
				mu.Unlock()
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
	if refused == 0 {
		t.Error("nobody was refused")
	}
	if n := p.waiting.Load(); n != 0 {
		t.Errorf("%d are said to wait", n)
	}
	release, err := p.wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for p.turn.TryAcquire(1) { // all cores are taken
		defer p.turn.Release(1)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := p.Hash(ctx, password); !errors.Is(err, ErrBusy) {
		t.Errorf("one who gave up got %v", err)
	}
}

// TestUnknownTakesAsLong checks that a login hashes a password whether there is
// such an account or not, and answers the same. It counts hashes: times on a
// shared machine prove nothing.
func TestUnknownTakesAsLong(t *testing.T) {
	s, first := newLogin(t)
	release := func() {}
	for s.passwords.turn.TryAcquire(1) { // so that a hash has to wait, and is seen to
		inner := release
		release = func() { s.passwords.turn.Release(1); inner() }
	}
	for _, email := range []string{"somebody@maps.example", "nobody@maps.example", "no address", ""} {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := s.Login(ctx, home, email, "not the password")
			ended <- err
		}()
		for s.passwords.waiting.Load() == 0 && len(ended) == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel() // while it waits for its turn
		if err := <-ended; !errors.Is(err, ErrBusy) {
			t.Errorf("%q: %v: no hash was waited for", email, err)
		}
	}
	release()
	var texts []string
	for _, email := range []string{"somebody@maps.example", "nobody@maps.example", "no address"} {
		_, err := s.Login(t.Context(), home, email, "not the password")
		s.want(err, ErrCredentials)
		texts = append(texts, err.Error())
	}
	_, err := s.SetDisabled(t.Context(), first.User.ID, true)
	s.must(err)
	_, err = s.Login(t.Context(), home, "somebody@maps.example", password)
	s.want(err, ErrCredentials)
	for _, text := range append(texts, err.Error()) {
		if text != texts[0] {
			t.Errorf("answers differ: %q", append(texts, err.Error()))
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add(newPasswords(cheap).dummy)
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, phc string) {
		if c, salt, sum, err := parsePHC(phc); err == nil && (c.Memory > 1<<20 || c.Time > 64 || len(salt) < 8 || len(sum) != 32) {
			t.Errorf("%q is taken: %+v", phc, c)
		}
	})
}

func BenchmarkLogin(b *testing.B) {
	p := newPasswords(DefaultArgon)
	for b.Loop() {
		if ok, _, err := p.Verify(b.Context(), p.dummy, password); ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
