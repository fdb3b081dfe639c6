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

func invitationMail(l link, name, address string) Mail {
	what := map[Role]string{
		Contributor:   "keep the features of " + name,
		Editor:        "edit and publish the region " + name,
		Manager:       "look after the region " + name,
		Administrator: "administer the site",
	}[l.Grant.Role]
	return Mail{To: l.Email, Subject: "Invitation to Pannier", Text: fmt.Sprintf(`You are invited to %s.

To accept, open this address before %s:

%s

If you do not know what this is about, ignore this mail.
`, what, l.Expires.Format("2 January 2006, 15:04 MST"), address)}
}

func resetMail(u User, address string) Mail {
	return Mail{To: u.Email, Subject: "A new password for Pannier", Text: fmt.Sprintf(`Somebody, probably you, has asked for a new password for this address.

To choose one, open this address within %d minutes:

%s

If it was not you, ignore this mail: your password stays as it is.
`, int(ResetLife.Minutes()), address)}
}
