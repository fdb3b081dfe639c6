package feature

import "fmt"

// MaxLength is the longest route, in metres.
const MaxLength = 100_000_000

// tour checks what only a route has.
func (c *checker) tour(f *Feature) {
	t := f.Tour
	if t == nil {
		return
	}
	if f.Kind != Route {
		c.fail("tour", "only a route has one")
	}
	c.oneOf("tour.form", t.Form, "loop", "line", "there_and_back")
	c.oneOf("tour.direction", t.Direction, "both", "forward")
	c.oneOf("tour.difficulty", t.Difficulty, "easy", "moderate", "difficult", "expert")
	c.between("tour.length", t.Length, 0, MaxLength)
	c.between("tour.ascent", t.Ascent, 0, MaxLength)
	c.between("tour.descent", t.Descent, 0, MaxLength)
	c.between("tour.minutes", t.Minutes, 0, 1_000_000)
	c.surfaces(t.Surfaces)
	c.stages(t.Stages)
	c.waypoints(t.Waypoints)
	if p := t.Profile; p != nil {
		c.between("tour.profile.step", p.Step, 1, 100_000)
		c.between("tour.profile.heights", len(p.Heights), 2, MaxProfile)
		for _, h := range p.Heights {
			if h < -MaxHeight*10 || h > MaxHeight*10 {
				c.fail("tour.profile.heights", fmt.Sprintf("height %v m is outside -%d..%d", float64(h)/10, MaxHeight, MaxHeight))
			}
		}
	}
}

func (c *checker) surfaces(shares map[string]int) {
	if !c.few("tour.surfaces", len(shares), MaxDetails) {
		return
	}
	sum := 0
	for _, k := range sortedKeys(shares) {
		if !isDetail(k) {
			c.fail("tour.surfaces", fmt.Sprintf("%.80q is not 1 to %d of a-z, 0-9, _, - and :", k, MaxDetailBytes))
			return
		}
		c.between("tour.surfaces."+k, shares[k], 1, 100)
		sum += shares[k]
	}
	if sum > 100 {
		c.fail("tour.surfaces", fmt.Sprintf("add up to %d per cent", sum))
	}
}

func (c *checker) stages(all []Stage) {
	if !c.few("tour.stages", len(all), MaxStages) {
		return
	}
	for i, s := range all {
		field := fmt.Sprintf("tour.stages.%d", i)
		c.texts(field+".names", s.Names, MaxNameChars)
		c.texts(field+".descriptions", s.Descriptions, MaxTextChars)
		c.between(field+".from", s.From, 0, MaxLength)
		c.between(field+".until", s.Until, s.From+1, MaxLength)
		c.between(field+".ascent", s.Ascent, 0, MaxLength)
		c.between(field+".descent", s.Descent, 0, MaxLength)
	}
}

func (c *checker) waypoints(all []Waypoint) {
	if !c.few("tour.waypoints", len(all), MaxWaypoints) {
		return
	}
	for i, w := range all {
		field := fmt.Sprintf("tour.waypoints.%d", i)
		if w.Position.Shape != Point || w.Position.Count() != 1 {
			c.fail(field+".position", "must be a Point")
		}
		c.text(field+".feature", w.Feature, MaxIDBytes, false)
		c.texts(field+".names", w.Names, MaxNameChars)
	}
}

// effect checks what only a notice has.
func (c *checker) effect(f *Feature) {
	e := f.Effect
	if e == nil {
		return
	}
	if f.Kind != Notice {
		c.fail("effect", "only a notice has one")
	}
	c.oneOf("effect.severity", e.Severity, "minor", "moderate", "severe")
	if !c.few("effect.routes", len(e.Routes), MaxAffected) {
		return
	}
	for i, id := range e.Routes {
		c.required(fmt.Sprintf("effect.routes.%d", i), id)
	}
}
