package provider

import (
	"context"
	"errors"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/tiles/hours"
)

func (a *API) hoursRoutes() []Route {
	query := []Param{
		{"text", `[^\x00-\x1f]{1,1000}`, "opening hours in the syntax of OpenStreetMap"},
		{"language", `[A-Za-z0-9-]{2,35}`, "language of the words: en, de, sl, hr, hu, fr or it; en when absent"},
	}
	return []Route{
		{Method: "GET", Path: "/v1/opening-hours", Who: SignedIn, Scope: auth.ScopeRead, Query: query, Summary: "Check opening hours and put them into words", Handle: handle(a.openingHours)},
	}
}

// HoursInWords is what opening hours say.
type HoursInWords struct {
	Words    string   `json:"words,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	At       int      `json:"at,omitempty" doc:"character that is wrong, from 1"`
	Problem  string   `json:"problem,omitempty" doc:"what is wrong there"`
}

func (a *API) openingHours(_ context.Context, c *Call, _ None) (HoursInWords, error) {
	s, err := hours.Parse(c.Query("text"))
	var syntax *hours.SyntaxError
	if errors.As(err, &syntax) {
		return HoursInWords{At: syntax.At, Problem: syntax.Problem}, nil
	}
	if err != nil {
		return HoursInWords{}, err
	}
	return HoursInWords{Words: s.Words(c.Query("language")), Warnings: s.Warnings()}, nil
}
