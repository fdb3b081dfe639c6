package auth

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"strings"
	"testing"
	"time"
)

// post is a mail server that takes one mail (RFC 5321, as far as it goes).
type post struct {
	*testing.T
	ln      net.Listener
	cert    tls.Certificate
	pool    *x509.CertPool
	plain   bool // offers no STARTTLS
	silent  bool // says nothing
	said    chan []string
	secured bool
}

func newPost(t *testing.T) *post {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	p := &post{T: t, cert: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool: x509.NewCertPool(), said: make(chan []string, 1)}
	p.pool.AddCert(cert)
	if p.ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.ln.Close() })
	return p
}

// serve answers one connection, and tells what its client said.
func (p *post) serve() {
	conn, err := p.ln.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	var said []string
	defer func() { p.said <- said }()
	if p.silent {
		io.Copy(io.Discard, conn)
		return
	}
	in := bufio.NewReader(conn)
	answer := func(lines ...string) { fmt.Fprint(conn, strings.Join(lines, "\r\n")+"\r\n") }
	answer("220 post ready")
	for data := false; ; {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSuffix(line, "\r\n")
		if data && strings.HasPrefix(line, "..") {
			said = append(said, line[1:])
			continue
		}
		said = append(said, line)
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch {
		case data && line == ".":
			data = false
			answer("250 taken")
		case data:
		case verb == "EHLO" && (p.secured || p.plain):
			answer("250-post", "250 AUTH PLAIN")
		case verb == "EHLO":
			answer("250-post", "250 STARTTLS")
		case verb == "STARTTLS":
			answer("220 go on")
			secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{p.cert}})
			if secure.Handshake() != nil {
				return
			}
			conn, in, p.secured = secure, bufio.NewReader(secure), true
		case verb == "DATA":
			data = true
			answer("354 go on")
		case verb == "AUTH":
			answer("235 welcome")
		case verb == "QUIT":
			answer("221 bye")
			return
		default:
			answer("250 fine")
		}
	}
}

func (p *post) mailer() SMTP {
	return SMTP{Server: p.ln.Addr().String(), From: "maps@maps.example", User: "maps", Password: "secret", TLS: &tls.Config{RootCAs: p.pool}}
}

// TestSMTP sends a mail over STARTTLS, and reads it as its receiver does.
func TestSMTP(t *testing.T) {
	p := newPost(t)
	go p.serve()
	text := "Šmarje pri Jelšah\n\n.\nFrom the beginning to " + strings.Repeat("the end of a long line ", 10) + "\n"
	if err := p.mailer().Send(t.Context(), Mail{To: "office@example.org", Subject: "Vabilo za Šmarje", Text: text}); err != nil {
		t.Fatal(err)
	}
	said := <-p.said
	all := strings.Join(said, "\r\n")
	for _, want := range []string{"MAIL FROM:<maps@maps.example>", "RCPT TO:<office@example.org>", "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00maps\x00secret"))} {
		if !strings.Contains(all, want) {
			t.Errorf("it did not say %s:\n%s", want, all)
		}
	}
	_, body, _ := strings.Cut(all, "DATA\r\n")
	body, _, _ = strings.Cut(body, "\r\n.\r\nQUIT")
	m, err := mail.ReadMessage(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "Vabilo za Šmarje" {
		t.Errorf("subject %q, %v", subject, err)
	}
	got, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if want := strings.ReplaceAll(text, "\n", "\r\n"); err != nil || string(got)+"\r\n" != want {
		t.Errorf("text %q, %v, want %q", got, err, want)
	}
}

// TestSMTPS sends a mail over a connection that is encrypted from the start.
func TestSMTPS(t *testing.T) {
	p := newPost(t)
	p.ln.Close()
	var err error
	if p.ln, err = net.Listen("tcp", "127.0.0.1:465"); err != nil {
		t.Skipf("the port of SMTP over TLS is not to be had here: %v", err)
	}
	t.Cleanup(func() { p.ln.Close() })
	mailer := p.mailer()
	p.ln, p.secured = tls.NewListener(p.ln, &tls.Config{Certificates: []tls.Certificate{p.cert}}), true
	go p.serve()
	if err := mailer.Send(t.Context(), Mail{To: "office@example.org", Subject: "s", Text: "t"}); err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(<-p.said, "\n"); strings.Contains(all, "STARTTLS") || !strings.Contains(all, "RCPT TO:<office@example.org>") {
		t.Errorf("it said\n%s", all)
	}
}

// TestSMTPRefuses checks that nothing is sent in the clear, to a stranger, or
// for ever.
func TestSMTPRefuses(t *testing.T) {
	letter := Mail{To: "office@example.org", Subject: "s", Text: "t"}
	for _, c := range []struct {
		name   string
		change func(p *post, s *SMTP)
		want   string
	}{
		{"no STARTTLS", func(p *post, _ *SMTP) { p.plain = true }, "STARTTLS"},
		{"unknown certificate", func(_ *post, s *SMTP) { s.TLS = nil }, "certificate"},
		{"silent server", func(p *post, _ *SMTP) { p.silent = true }, "closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPost(t)
			s := p.mailer()
			c.change(p, &s)
			go p.serve()
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			err := s.Send(ctx, letter)
			if err == nil || !strings.Contains(err.Error(), c.want) && !errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil {
				t.Errorf("got %v, want %s", err, c.want)
			}
			for _, line := range <-p.said {
				if strings.HasPrefix(line, "AUTH") || strings.HasPrefix(line, "MAIL") {
					t.Errorf("it said %q", line)
				}
			}
		})
	}
}

// TestMailHeaderInjection tries to bring lines of one's own into a mail.
func TestMailHeaderInjection(t *testing.T) {
	s := SMTP{From: "maps@maps.example"}
	for _, m := range []Mail{
		{To: "office@example.org\r\nBcc: all@example.org", Subject: "s"},
		{To: "office@example.org>\r\nDATA", Subject: "s"},
		{To: "office@example.org, all@example.org", Subject: "s"},
	} {
		if letter, err := s.letter(m); err == nil {
			t.Errorf("%+v is sent as\n%s", m, letter)
		}
	}
	letter, err := s.letter(Mail{To: "office@example.org", Subject: "a\r\nBcc: all@example.org\r\n\r\nbody \x00 č\r\nX: y", Text: "\r\n.\r\nMAIL FROM:<x@y.z>\r\n"})
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(strings.NewReader(string(letter)))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Header) != 9 || m.Header.Get("Bcc") != "" || m.Header.Get("X") != "" {
		t.Errorf("headers %v", m.Header)
	}
	// Names of organisations come from their members.
	invitation := invitationMail("de", link{Email: "office@example.org", Grant: inn}, "Inn\r\nBcc: all@example.org", siteURL)
	if letter, err = s.letter(invitation); err != nil || strings.Contains(strings.SplitN(string(letter), "\r\n\r\n", 2)[0], "all@example.org") {
		t.Errorf("%v\n%s", err, letter)
	}
	if _, err := parseName("name", "Inn\r\nBcc: all@example.org"); err == nil {
		t.Error("a name may have lines")
	}
}
