package auth

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// letter is the mails in one language. %s stands for the name of a place, then
// in texts for what, until when, and the address; in resets for minutes and
// address.
type letter struct {
	inviteSubject, invite                      string
	contributor, editor, manager, administrate string
	resetSubject, reset                        string
}

// tongues are the languages of letters; the first is for all others.
var tongues = []language.Tag{
	language.English, language.German, language.Slovenian, language.Croatian, language.Hungarian, language.French,
}

// tongue finds the nearest language.
var tongue = language.NewMatcher(tongues)

// letters are in the order of tongues.
var letters = []letter{{
	"Invitation to Pannier",
	"You are invited to %s.\n\nTo accept, open this address before %s:\n\n%s\n\nIf you do not know what this is about, ignore this mail.\n",
	"keep the places and routes of %s", "edit and publish the region %s", "look after the region %s", "administer the site",
	"A new password for Pannier",
	"Somebody, probably you, has asked for a new password for this address.\n\nTo choose one, open this address within %d minutes:\n\n%s\n\nIf it was not you, ignore this mail: your password stays as it is.\n",
}, {
	"Einladung zu Pannier",
	"Sie sind eingeladen, %s.\n\nUm anzunehmen, öffnen Sie vor %s diese Adresse:\n\n%s\n\nWenn Sie nicht wissen, worum es geht, beachten Sie diese Nachricht nicht.\n",
	"die Orte und Routen von %s zu pflegen", "die Region %s zu bearbeiten und zu veröffentlichen", "die Region %s zu betreuen", "die Website zu verwalten",
	"Ein neues Passwort für Pannier",
	"Jemand, wahrscheinlich Sie selbst, hat für diese Adresse ein neues Passwort angefordert.\n\nUm es zu wählen, öffnen Sie innerhalb von %d Minuten diese Adresse:\n\n%s\n\nWenn Sie es nicht waren, beachten Sie diese Nachricht nicht: Ihr Passwort bleibt, wie es ist.\n",
}, {
	"Vabilo v Pannier",
	"Vabimo vas, da %s.\n\nČe želite sprejeti, pred %s odprite ta naslov:\n\n%s\n\nČe ne veste, za kaj gre, to sporočilo prezrite.\n",
	"urejate kraje in poti ponudnika %s", "urejate in objavljate regijo %s", "skrbite za regijo %s", "upravljate spletišče",
	"Novo geslo za Pannier",
	"Nekdo, verjetno vi, je za ta naslov zahteval novo geslo.\n\nDa ga izberete, v %d minutah odprite ta naslov:\n\n%s\n\nČe to niste bili vi, to sporočilo prezrite: vaše geslo ostane, kakršno je.\n",
}, {
	"Poziv u Pannier",
	"Pozivamo vas da %s.\n\nAko želite prihvatiti, prije %s otvorite ovu adresu:\n\n%s\n\nAko ne znate o čemu je riječ, zanemarite ovu poruku.\n",
	"uređujete mjesta i rute ponuđača %s", "uređujete i objavljujete regiju %s", "vodite regiju %s", "upravljate stranicom",
	"Nova lozinka za Pannier",
	"Netko, vjerojatno vi, zatražio je novu lozinku za ovu adresu.\n\nDa je odaberete, u roku od %d minuta otvorite ovu adresu:\n\n%s\n\nAko to niste bili vi, zanemarite ovu poruku: vaša lozinka ostaje kakva jest.\n",
}, {
	"Meghívó a Pannierbe",
	"Meghívót kapott, amellyel %s.\n\nElfogadásához nyissa meg ezt a címet %s előtt:\n\n%s\n\nHa nem tudja, miről van szó, hagyja figyelmen kívül ezt a levelet.\n",
	"a következő szolgáltató helyeit és útvonalait gondozhatja: %s", "a következő régiót szerkesztheti és teheti közzé: %s", "a következő régiót felügyelheti: %s", "a webhelyet felügyelheti",
	"Új jelszó a Pannierhez",
	"Valaki, valószínűleg Ön, új jelszót kért ehhez a címhez.\n\nMegadásához %d percen belül nyissa meg ezt a címet:\n\n%s\n\nHa nem Ön volt, hagyja figyelmen kívül ezt a levelet: a jelszava nem változik.\n",
}, {
	"Invitation à Pannier",
	"Vous êtes invité(e) à %s.\n\nPour accepter, ouvrez cette adresse avant %s :\n\n%s\n\nSi vous ne savez pas de quoi il s'agit, ignorez ce message.\n",
	"tenir à jour les lieux et itinéraires de %s", "modifier et publier la région %s", "gérer la région %s", "administrer le site",
	"Un nouveau mot de passe pour Pannier",
	"Quelqu'un, sans doute vous, a demandé un nouveau mot de passe pour cette adresse.\n\nPour le choisir, ouvrez cette adresse dans les %d minutes :\n\n%s\n\nSi ce n'était pas vous, ignorez ce message : votre mot de passe reste inchangé.\n",
}}

// lettersIn returns the letters for a user's language; English for none.
func lettersIn(code string) letter {
	tag, err := language.Parse(code)
	if err != nil {
		return letters[0]
	}
	_, i, confidence := tongue.Match(tag)
	if confidence < language.Low {
		return letters[0]
	}
	return letters[i]
}

func invitationMail(code string, l link, name, address string) Mail {
	in := lettersIn(code)
	what := in.administrate
	switch l.Grant.Role {
	case Contributor:
		what = fmt.Sprintf(in.contributor, name)
	case Editor:
		what = fmt.Sprintf(in.editor, name)
	case Manager:
		what = fmt.Sprintf(in.manager, name)
	}
	until := strings.Replace(l.Expires.Format(time.DateTime), " ", ", ", 1)[:len("2006-01-02, 15:04")] + " UTC"
	return Mail{To: l.Email, Subject: in.inviteSubject, Text: fmt.Sprintf(in.invite, what, until, address)}
}

func resetMail(u User, address string) Mail {
	in := lettersIn(u.Language)
	return Mail{To: u.Email, Subject: in.resetSubject, Text: fmt.Sprintf(in.reset, int(ResetLife.Minutes()), address)}
}
