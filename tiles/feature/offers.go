package feature

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// MaxAmount is the dearest price.
const MaxAmount = 1_000_000

// offers checks what a place offers, to whom, and when in the year.
func (c *checker) offers(f *Feature) {
	c.season(f.Season)
	c.price(f.Price)
	c.access(f.Access)
	c.terms("services", f.Services)
	c.terms("products", f.Products)
	c.links(f.Links)
}

func (c *checker) season(all []Season) {
	if !c.few("season", len(all), MaxSeasons) {
		return
	}
	for i, s := range all {
		c.yearly(fmt.Sprintf("season.%d.from", i), s.From)
		c.yearly(fmt.Sprintf("season.%d.until", i), s.Until)
	}
}

// yearly checks a month or a day of each year; 29 February is one.
func (c *checker) yearly(field, s string) {
	_, month := time.Parse("2006-01", "2024-"+s)
	if _, day := time.Parse(time.DateOnly, "2024-"+s); month != nil && day != nil {
		c.fail(field, fmt.Sprintf("%.40q is not a month such as 05 or a day such as 05-15", s))
	}
}

func (c *checker) price(p *Price) {
	if p == nil {
		return
	}
	if p.Level < 0 || p.Level > 4 {
		c.fail("price.level", fmt.Sprintf("%d is not 1 to 4", p.Level))
	}
	for _, a := range [...]struct {
		field  string
		amount float64
	}{{"price.from", p.From}, {"price.to", p.To}} {
		if !(a.amount >= 0 && a.amount <= MaxAmount) || math.Abs(a.amount*100-math.Round(a.amount*100)) > 1e-6 {
			c.fail(a.field, fmt.Sprintf("%v is not an amount of 0 to %d with at most two decimals", a.amount, MaxAmount))
		}
	}
	if p.To != 0 && p.To < p.From {
		c.fail("price.to", fmt.Sprintf("%v is less than %v", p.To, p.From))
	}
	switch {
	case p.Currency == "" && p.From+p.To > 0:
		c.fail("price.currency", "missing: an amount needs a currency such as EUR")
	case p.Currency != "" && (len(p.Currency) != 3 || strings.Trim(p.Currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != ""):
		c.fail("price.currency", fmt.Sprintf("%.40q is not a currency such as EUR", p.Currency))
	}
	if p.Free && p.From+p.To > 0 {
		c.fail("price.free", "must not stand beside an amount")
	}
	c.oneOf("price.per", p.Per, "person", "night", "hour", "day", "group", "piece")
	if *p == (Price{}) {
		c.fail("price", "must not be empty")
	}
}

func (c *checker) access(a *Access) {
	if a == nil {
		return
	}
	c.oneOf("accessibility.wheelchair", a.Wheelchair, "yes", "limited", "no")
	c.terms("accessibility.aids", a.Aids)
	c.between("accessibility.door_cm", a.DoorCM, 0, 1000)
	c.between("accessibility.steps", a.Steps, 0, 10_000)
	c.texts("accessibility.note", a.Note, MaxValueChars)
}

// terms checks ids of a vocabulary; which ids there are says tiles/taxonomy.
func (c *checker) terms(field string, ids []string) {
	if !c.few(field, len(ids), MaxTerms) {
		return
	}
	for i, id := range ids {
		switch {
		case id == "" || len(id) > MaxDetailBytes || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789_") != "":
			c.fail(fmt.Sprintf("%s.%d", field, i), fmt.Sprintf("%.80q is not 1 to %d of a-z, 0-9 and _", id, MaxDetailBytes))
		case slices.Contains(ids[:i], id):
			c.fail(fmt.Sprintf("%s.%d", field, i), fmt.Sprintf("%q is there twice", id))
		}
	}
}

func (c *checker) links(links []WebLink) {
	if !c.few("links", len(links), MaxLinks) {
		return
	}
	for i, l := range links {
		field := fmt.Sprintf("links.%d", i)
		c.url(field+".url", l.URL)
		if l.Kind == "" {
			c.fail(field+".kind", "missing")
		}
		c.oneOf(field+".kind", l.Kind, LinkKinds...)
		c.texts(field+".title", l.Title, MaxNameChars)
	}
}

func (c *checker) media(media []Media) {
	if !c.few("media", len(media), MaxMedia) {
		return
	}
	for i, m := range media {
		field := fmt.Sprintf("media.%d", i)
		if m.URL != "" || m.Hash == "" {
			c.url(field+".url", m.URL)
		}
		if sum, err := hex.DecodeString(m.Hash); m.Hash != "" && (err != nil || len(sum) != 32 || m.Hash != strings.ToLower(m.Hash)) {
			c.fail(field+".hash", fmt.Sprintf("%.80q is not a SHA-256 of 64 hex digits", m.Hash))
		}
		c.text(field+".type", m.Type, MaxDetailBytes, false)
		c.between(field+".width", m.Width, 0, 1<<20)
		c.between(field+".height", m.Height, 0, 1<<20)
		c.texts(field+".alt", m.Alt, MaxValueChars)
		c.required(field+".licence", m.Licence)
		c.text(field+".credit", m.Credit, MaxValueChars, false)
	}
}

func (c *checker) oneOf(field, s string, words ...string) {
	if s != "" && !slices.Contains(words, s) {
		c.fail(field, fmt.Sprintf("%.40q is not one of %s", s, strings.Join(words, ", ")))
	}
}

func (c *checker) between(field string, n, low, high int) {
	if n < low || n > high {
		c.fail(field, fmt.Sprintf("%d is not %d to %d", n, low, high))
	}
}
