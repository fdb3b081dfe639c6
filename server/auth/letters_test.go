package auth

import (
	"strings"
	"testing"
	"time"
)

// TestLetters checks that each language has all letters, with what has to be in
// them, and that users get the nearest one.
func TestLetters(t *testing.T) {
	if len(letters) != len(tongues) {
		t.Fatalf("%d letters for %d languages", len(letters), len(tongues))
	}
	const address = siteURL + "/account#invitation=x"
	subjects := map[string]bool{}
	for _, tag := range tongues {
		texts := map[string]bool{}
		for _, role := range Contributor.Values() {
			l := link{Email: "office@example.org", Grant: Grant{Role: Role(role)}, Expires: time.Date(2026, 11, 22, 18, 30, 0, 0, time.UTC)}
			m := invitationMail(tag.String(), l, "Šmarje", address)
			if !strings.Contains(m.Text, address+"\n") || !strings.Contains(m.Text, "2026-11-22, 18:30 UTC") || strings.Contains(m.Text, "%!") ||
				strings.Contains(m.Text, "Šmarje") != (Role(role) != Administrator) {
				t.Errorf("%s, %s: %q", tag, role, m.Text)
			}
			texts[m.Text], subjects[m.Subject] = true, true
		}
		m := resetMail(User{Email: "office@example.org", Language: tag.String()}, address)
		if !strings.Contains(m.Text, address+"\n") || !strings.Contains(m.Text, "60") || strings.Contains(m.Text, "%!") {
			t.Errorf("%s: %q", tag, m.Text)
		}
		texts[m.Text], subjects[m.Subject] = true, true
		if len(texts) != 5 {
			t.Errorf("%s: %d letters, want 5", tag, len(texts))
		}
	}
	if len(subjects) != 2*len(tongues) {
		t.Errorf("%d subjects, want %d", len(subjects), 2*len(tongues))
	}
	for code, subject := range map[string]string{
		"": "Invitation to Pannier", "de-AT": "Einladung zu Pannier", "gsw": "Einladung zu Pannier", "hr": "Poziv u Pannier", "sl-SI": "Vabilo v Pannier",
		"ja": "Invitation to Pannier", "nonsense!": "Invitation to Pannier",
	} {
		if m := invitationMail(code, link{}, "", ""); m.Subject != subject {
			t.Errorf("%q gets %q, want %q", code, m.Subject, subject)
		}
	}
}
