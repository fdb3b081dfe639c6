package auth

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/smtp"
	"strings"
	"time"
)

// smtpTime is how long handing on a mail may take.
const smtpTime = 30 * time.Second

// SMTP hands mails on to a server, encrypted: by STARTTLS, or from the start on
// port 465. It does not send to a server that offers neither.
type SMTP struct {
	Server         string // host:port
	From           string // a mail address
	User, Password string // none when empty
	// TLS is for servers with a certificate of their own; the system's when nil.
	TLS *tls.Config
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Send implements Mailer.
func (s SMTP) Send(ctx context.Context, m Mail) (err error) {
	letter, err := s.letter(m)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("mail by %s: %w", s.Server, err)
		}
	}()
	host, port, err := net.SplitHostPort(s.Server)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, smtpTime)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Server)
	if err != nil {
		return err
	}
	defer conn.Close()
	end, _ := ctx.Deadline()
	conn.SetDeadline(end) // an error shows in the next call
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	settings := &tls.Config{}
	if s.TLS != nil {
		settings = s.TLS.Clone()
	}
	settings.ServerName = host
	if port == "465" {
		conn = tls.Client(conn, settings)
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if port != "465" {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return errors.New("the server does not offer STARTTLS; nothing was sent")
		}
		if err := c.StartTLS(settings); err != nil {
			return err
		}
	}
	if s.User != "" {
		if err := c.Auth(smtp.PlainAuth("", s.User, s.Password, host)); err != nil {
			return err
		}
	}
	if err := errors.Join(c.Mail(s.From), c.Rcpt(m.To)); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(letter); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	c.Quit() // it was taken already
	return nil
}

// letter writes a mail as it is sent (RFC 5322). Addresses are checked again and
// the subject is encoded, so no header has a line of somebody else's.
func (s SMTP) letter(m Mail) ([]byte, error) {
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	from, err := ParseAddress(s.From)
	if err != nil {
		return nil, fmt.Errorf("mail from %q: %w", s.From, err)
	}
	to, err := ParseAddress(m.To)
	if err != nil {
		return nil, fmt.Errorf("mail to %q: %w", m.To, err)
	}
	id := make([]byte, 16)
	rand.Read(id)
	_, domain, _ := strings.Cut(from, "@")
	subject := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, m.Subject)
	var b bytes.Buffer
	for _, line := range [][2]string{
		{"From", "Pannier <" + from + ">"}, {"To", "<" + to + ">"}, {"Subject", mime.QEncoding.Encode("utf-8", subject)},
		{"Date", now().Format(time.RFC1123Z)}, {"Message-ID", "<" + hex.EncodeToString(id) + "@" + domain + ">"},
		{"Auto-Submitted", "auto-generated"}, {"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"}, {"Content-Transfer-Encoding", "quoted-printable"},
	} {
		b.WriteString(line[0] + ": " + line[1] + "\r\n")
	}
	b.WriteString("\r\n")
	text := quotedprintable.NewWriter(&b)
	text.Write([]byte(m.Text)) // a buffer takes everything
	text.Close()
	return b.Bytes(), nil
}
