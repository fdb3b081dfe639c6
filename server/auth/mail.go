package auth

import (
	"context"
	"fmt"
	"io"
)

// Mail is a short letter in plain text.
type Mail struct {
	To      string // as ParseAddress gives it
	Subject string
	Text    string // lines end in \n
}

// Mailer sends mail.
type Mailer interface {
	// Send returns when the mail was handed on. It is called by several
	// goroutines at once.
	Send(ctx context.Context, m Mail) error
}

// Console prints mails, where no other way is set up: the administrator who
// reads it hands the links on.
type Console struct{ W io.Writer }

// Send implements Mailer.
func (c Console) Send(_ context.Context, m Mail) error {
	_, err := fmt.Fprintf(c.W, "\nNo mail is set up, so hand this on to %s:\n\n%s\n%s\n", m.To, m.Subject, m.Text)
	return err
}
