package provider

import (
	"context"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/jobs"
	"github.com/pannier-maps/pannier/server/problem"
	"github.com/pannier-maps/pannier/server/schedule"
)

func (a *API) feedRoutes() []Route {
	const all, one = "/v1/regions/{region}/feeds", "/v1/regions/{region}/feeds/{feed}"
	who := Provider | Editor
	return []Route{
		{Method: "GET", Path: all, Who: who, Scope: auth.ScopeRead, Summary: "List feeds: the region's for editors, else those of the caller's organisations", Handle: handle(a.listFeeds)},
		{Method: "POST", Path: all, Who: who, Scope: auth.ScopeImports, Status: 201, Summary: "Import an address into a source, now and every so often", Handle: handle(a.addFeed)},
		{Method: "GET", Path: one, Who: who, Scope: auth.ScopeRead, Summary: "Read a feed, and what it brought last", Handle: handle(a.readFeed)},
		{Method: "PUT", Path: one, Who: who, Scope: auth.ScopeImports, Summary: "Change a feed, which is asked anew then, or pause it", Handle: handle(a.setFeed)},
		{Method: "DELETE", Path: one, Who: who, Scope: auth.ScopeImports, Summary: "Remove a feed; what it brought stays", Handle: handle(a.removeFeed)},
		{Method: "POST", Path: one + "/pull", Who: who, Scope: auth.ScopeImports, Status: 202, Summary: "Ask a feed now", Handle: handle(a.pullFeed)},
	}
}

// FeedSettings is what is said of a feed.
type FeedSettings struct {
	URL    string `json:"url" doc:"https, in the public internet"`
	Name   string `json:"name,omitempty"`
	Every  int    `json:"every" doc:"minutes, 15 to 44640"`
	Whole  bool   `json:"whole,omitempty" doc:"what the file no longer has is deleted"`
	Paused bool   `json:"paused,omitempty"`
	jobs.Settings
}

// NewFeed is a feed to be.
type NewFeed struct {
	Organisation string `json:"organisation,omitempty" doc:"the caller's only one when absent"`
	Source       string `json:"source,omitempty" doc:"what the features belong to: the organisation when absent, or its id, a dot and a name"`
	FeedSettings
}

// Feed is an address that a source is imported from every so often.
type Feed struct {
	ID           string `json:"id"`
	Organisation string `json:"organisation"`
	Source       string `json:"source"`
	FeedSettings
	By       string         `json:"by"`
	Created  time.Time      `json:"created"`
	Next     time.Time      `json:"next" doc:"when it is asked next, unless it is paused"`
	Failures int            `json:"failures,omitempty" doc:"in a row"`
	Last     *schedule.Pull `json:"last,omitempty" doc:"what became of asking it last"`
}

func newFeed(f schedule.Feed) Feed {
	return Feed{f.ID, f.Organisation, f.Source, FeedSettings{f.URL, f.Name, f.Every, f.Whole, f.Paused, f.Settings}, f.By, f.Created, f.Next, f.Failures, f.Last}
}

func (in FeedSettings) feed() schedule.Feed {
	return schedule.Feed{URL: in.URL, Name: in.Name, Every: in.Every, Whole: in.Whole, Paused: in.Paused, Settings: in.Settings}
}

// Feeds is a list of them, by id.
type Feeds struct {
	Feeds []Feed `json:"feeds"`
}

// theirs reports whether the caller may see what belongs to an organisation in
// the region.
func (c *Call) theirs(organisation string) bool {
	if c.Caller.Edits(c.Region) {
		return true
	}
	for _, o := range c.Providers {
		if o.ID == organisation {
			return true
		}
	}
	return false
}

func (a *API) listFeeds(ctx context.Context, c *Call, _ None) (Feeds, error) {
	all, err := a.schedule.Feeds(ctx, c.Region)
	list := Feeds{[]Feed{}}
	for _, f := range all {
		if c.theirs(f.Organisation) {
			list.Feeds = append(list.Feeds, newFeed(f))
		}
	}
	return list, err
}

func (a *API) addFeed(ctx context.Context, c *Call, in NewFeed) (Feed, error) {
	who, err := a.importer(ctx, c, in.Organisation)
	if err != nil {
		return Feed{}, err
	}
	f := in.feed()
	if f.Source = in.Source; f.Source == "" {
		f.Source = who.Organisation
	}
	if editing.CheckSource(f.Source) != nil {
		return Feed{}, problem.Fields(problem.Field{Field: "source", Problem: "must be 1 to 64 of a-z, 0-9, dot, - and _"})
	}
	f.Region, f.Organisation, f.By = c.Region, who.Organisation, who.ID
	made, err := a.schedule.AddFeed(ctx, f)
	return newFeed(made), wrongField(err)
}

// theFeed returns the feed of the path, if it is one that the caller may see.
func (a *API) theFeed(ctx context.Context, c *Call) (schedule.Feed, error) {
	f, err := a.schedule.Feed(ctx, c.Region, c.Param("feed"))
	if err == nil && !c.theirs(f.Organisation) {
		err = schedule.ErrNotFound
	}
	return f, err
}

func (a *API) readFeed(ctx context.Context, c *Call, _ None) (Feed, error) {
	f, err := a.theFeed(ctx, c)
	return newFeed(f), err
}

func (a *API) setFeed(ctx context.Context, c *Call, in FeedSettings) (Feed, error) {
	f, err := a.theFeed(ctx, c)
	if err != nil {
		return Feed{}, err
	}
	f, err = a.schedule.SetFeed(ctx, c.Region, f.ID, in.feed())
	return newFeed(f), wrongField(err)
}

func (a *API) removeFeed(ctx context.Context, c *Call, _ None) (None, error) {
	f, err := a.theFeed(ctx, c)
	if err != nil {
		return None{}, err
	}
	return None{}, a.schedule.RemoveFeed(ctx, c.Region, f.ID)
}

func (a *API) pullFeed(ctx context.Context, c *Call, _ None) (Feed, error) {
	f, err := a.theFeed(ctx, c)
	if err != nil {
		return Feed{}, err
	}
	f, err = a.schedule.PullNow(ctx, c.Region, f.ID)
	return newFeed(f), err
}
