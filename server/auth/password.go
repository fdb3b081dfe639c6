package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"
	"golang.org/x/text/unicode/norm"
)

const (
	minPassword = 10   // characters
	maxPassword = 1024 // bytes
	maxWaiting  = 64   // passwords that wait for a core
)

// Argon is the cost of one argon2id hash.
type Argon struct {
	Time    uint32 // passes
	Memory  uint32 // KiB
	Threads uint8
}

// DefaultArgon is OWASP's: 19 MiB, two passes. It took 62 ms on one core of the
// machine it was chosen on.
var DefaultArgon = Argon{Time: 2, Memory: 19 << 10, Threads: 1}

// passwords hashes and checks passwords, as many at once as there are cores.
type passwords struct {
	cost    Argon
	dummy   string // what the password of an account that is not there is checked against
	turn    *semaphore.Weighted
	waiting atomic.Int32
}

func newPasswords(cost Argon) *passwords {
	p := &passwords{cost: cost, turn: semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))}
	p.dummy = p.hash(rand.Text())
	return p
}

// wait takes a turn, or refuses when too many wait already: each hash costs
// memory, and a queue that only grows serves nobody.
func (p *passwords) wait(ctx context.Context) (release func(), err error) {
	defer p.waiting.Add(-1)
	if p.waiting.Add(1) > maxWaiting {
		return nil, ErrBusy
	}
	if err := p.turn.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return func() { p.turn.Release(1) }, nil
}

// Hash returns what to keep of a password.
func (p *passwords) Hash(ctx context.Context, password string) (string, error) {
	release, err := p.wait(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	return p.hash(password), nil
}

func (p *passwords) hash(password string) string {
	salt := make([]byte, 16)
	rand.Read(salt)
	c := p.cost
	sum := argon2.IDKey(prepare(password), salt, c.Time, c.Memory, c.Threads, 32)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Time, c.Threads, b64.EncodeToString(salt), b64.EncodeToString(sum))
}

// Verify checks a password against what is kept of it, "" for an account that
// is not there: that takes as long, and is never right. old tells that the
// password should be hashed again, at the present cost.
func (p *passwords) Verify(ctx context.Context, phc, password string) (ok, old bool, err error) {
	absent := phc == ""
	if absent {
		phc = p.dummy
	}
	cost, salt, sum, err := parsePHC(phc)
	if err != nil {
		return false, false, err
	}
	release, err := p.wait(ctx)
	if err != nil {
		return false, false, err
	}
	defer release()
	if len(password) > maxPassword {
		password = "" // no account has it
	}
	got := argon2.IDKey(prepare(password), salt, cost.Time, cost.Memory, cost.Threads, uint32(len(sum)))
	return subtle.ConstantTimeCompare(got, sum) == 1 && !absent, cost != p.cost, nil
}

// prepare makes one password of what keyboards write in several ways.
func prepare(password string) []byte { return norm.NFC.Bytes([]byte(password)) }

// parsePHC reads what hash wrote. Its limits keep a damaged record from taking
// the memory of the server.
func parsePHC(phc string) (c Argon, salt, sum []byte, err error) {
	bad := fmt.Errorf("stored password is damaged")
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return c, nil, nil, bad
	}
	var version int
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return c, nil, nil, bad
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Time, &c.Threads); err != nil {
		return c, nil, nil, bad
	}
	salt, errSalt := base64.RawStdEncoding.DecodeString(parts[4])
	sum, errSum := base64.RawStdEncoding.DecodeString(parts[5])
	if errSalt != nil || errSum != nil || len(salt) < 8 || len(sum) != 32 || c.Memory == 0 || c.Memory > 1<<20 || c.Time == 0 || c.Time > 64 || c.Threads == 0 {
		return c, nil, nil, bad
	}
	return c, salt, sum, nil
}

// common are the passwords of ten characters and more that are tried first, in
// the languages of our regions.
var common = strings.Fields(`1234567890 0123456789 0987654321 9876543210 12345678910 123456789a
	1q2w3e4r5t qwertyuiop qwertzuiop qwerty12345 qwertz12345 asdfghjkl1 1qaz2wsx3edc password12 password123 password1234
	passwordpassword iloveyou123 welcome123 letmein123 administrator admin12345 passwort12 passwort123 hallo12345
	motdepasse motdepasse1 azertyuiop geslo12345 geslo123456 lozinka123 zaporka123 jelszo1234 jelszo12345 changeme123`)

// checkPassword returns what is wrong with a new password of the account of an
// address. There are no rules of composition: length is what counts.
func checkPassword(field, password, address string) error {
	folded := strings.ToLower(norm.NFC.String(password))
	local, _, _ := strings.Cut(address, "@")
	problem := ""
	switch {
	case !utf8.ValidString(password):
		problem = "is not text"
	case len(password) > maxPassword:
		problem = fmt.Sprintf("is longer than %d bytes", maxPassword)
	case utf8.RuneCountInString(norm.NFC.String(password)) < minPassword:
		problem = fmt.Sprintf("must have at least %d characters; some words in a row are easy to keep in mind", minPassword)
	case folded == address || folded == local:
		problem = "must not be the mail address"
	case strings.Trim(folded, folded[:1]) == "":
		problem = "must not be one character over and over"
	}
	for _, c := range common {
		if folded == c {
			problem = "is one of the first that anybody would try"
		}
	}
	if problem != "" {
		return &FieldError{field, problem}
	}
	return nil
}
