package schedule

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/pannier-maps/pannier/server/jobs"
)

const (
	// Shortest and Longest are the bounds of a feed's interval.
	Shortest = 15 * time.Minute
	Longest  = 31 * 24 * time.Hour
	// NoticeAfter is after how many failures in a row the journal says so.
	NoticeAfter = 5
	// MaxFeed is the longest file of a feed, in bytes.
	MaxFeed = 64 << 20

	pullTime = 10 * time.Minute
	maxFeeds = 100 // of a region
	maxOwn   = 10  // of an organisation in a region
	maxName  = 100
	maxTag   = 300
)

// Feed is an address that a source is imported from every so often.
type Feed struct {
	ID           string        `json:"id"`
	Region       string        `json:"region"`
	Organisation string        `json:"organisation"` // who answers for the source
	Source       string        `json:"source"`
	Name         string        `json:"name,omitempty"`
	URL          string        `json:"url"`
	Every        int           `json:"every"` // minutes
	Whole        bool          `json:"whole"` // what the file no longer has shall go
	Settings     jobs.Settings `json:"settings"`
	Paused       bool          `json:"paused,omitempty"`
	By           string        `json:"by"`
	Created      time.Time     `json:"created"`

	ETag     string    `json:"etag,omitempty"` // of what was imported last
	Modified string    `json:"modified,omitempty"`
	Next     time.Time `json:"next"`
	Failures int       `json:"failures,omitempty"` // in a row
	Last     *Pull     `json:"last,omitempty"`
}

// Outcome is what became of asking a feed.
type Outcome string

// The outcomes.
const (
	Brought Outcome = "imported"
	Same    Outcome = "same" // the server says that nothing changed
	Faulty  Outcome = "failed"
)

// Values lists the outcomes.
func (Outcome) Values() []string { return []string{string(Brought), string(Same), string(Faulty)} }

// Pull is what became of asking a feed.
type Pull struct {
	At      time.Time `json:"at"`
	Outcome Outcome   `json:"outcome"`
	Bytes   int64     `json:"bytes,omitempty"`
	Problem string    `json:"problem,omitempty"`
	Import  uint64    `json:"import,omitempty" doc:"number of the import"`
}

// Importer brings files into sources.
type Importer interface {
	// Import brings a feed's file into its source and returns the number of the
	// import, if there is one, also with an error. An error of type *ImportError
	// may be shown to the feed's owner.
	Import(ctx context.Context, f Feed, name string, file io.Reader) (number uint64, err error)
}

// ImportError is why a file could not be imported, in words for its owner.
type ImportError struct{ Problem string }

func (e *ImportError) Error() string { return e.Problem }

// check returns what is wrong with what a caller says of a feed.
func (s *Schedule) check(f Feed) error {
	if _, err := s.Client.CheckURL(f.URL); err != nil {
		return &InvalidError{"url", err.Error()}
	}
	if every := time.Duration(f.Every) * time.Minute; every < Shortest || every > Longest {
		return &InvalidError{"every", fmt.Sprintf("must be %d to %d minutes", int(Shortest.Minutes()), int(Longest.Minutes()))}
	}
	return words("name", f.Name, maxName)
}

// AddFeed adds a feed, which is asked at once.
func (s *Schedule) AddFeed(ctx context.Context, f Feed) (Feed, error) {
	if err := s.check(f); err != nil {
		return Feed{}, err
	}
	now := s.Now().UTC().Truncate(time.Second)
	f = Feed{
		ID: newID(), Region: f.Region, Organisation: f.Organisation, Source: f.Source, Name: f.Name, URL: f.URL, Every: f.Every, Whole: f.Whole,
		Settings: f.Settings, Paused: f.Paused, By: f.By, Created: now, Next: now,
	}
	err := add(ctx, s, "feed", f.Region, f.ID, f, func(all []Feed) error {
		own := 0
		for _, other := range all {
			if other.Organisation == f.Organisation {
				own++
			}
			if other.Source == f.Source {
				return &InvalidError{"source", "has a feed already"}
			}
		}
		if len(all) >= maxFeeds || own >= maxOwn {
			return fmt.Errorf("%w: an organisation has at most %d feeds in a region, a region %d", ErrTooMany, maxOwn, maxFeeds)
		}
		return nil
	})
	return f, err
}

// Feeds lists a region's feeds by id.
func (s *Schedule) Feeds(ctx context.Context, region string) ([]Feed, error) {
	return list[Feed](ctx, s, "feed", region)
}

// Feed returns a feed.
func (s *Schedule) Feed(ctx context.Context, region, id string) (Feed, error) {
	return get[Feed](ctx, s, "feed", region, id)
}

// SetFeed changes a feed's address, name, interval and settings, and lets it go
// on or pauses it. Its source stays. It is asked anew, whatever its server said.
func (s *Schedule) SetFeed(ctx context.Context, region, id string, to Feed) (Feed, error) {
	if err := s.check(to); err != nil {
		return Feed{}, err
	}
	f, err := change(ctx, s, "feed", region, id, func(f *Feed) error {
		f.URL, f.Name, f.Every, f.Whole, f.Settings, f.Paused = to.URL, to.Name, to.Every, to.Whole, to.Settings, to.Paused
		f.ETag, f.Modified, f.Failures, f.Next = "", "", 0, s.Now().UTC()
		return nil
	})
	if err == nil {
		s.again()
	}
	return f, err
}

// PullNow asks a feed as soon as it can be.
func (s *Schedule) PullNow(ctx context.Context, region, id string) (Feed, error) {
	f, err := change(ctx, s, "feed", region, id, func(f *Feed) error {
		f.Next, f.Paused = s.Now().UTC(), false
		return nil
	})
	if err == nil {
		s.again()
	}
	return f, err
}

// RemoveFeed removes a feed; what it brought stays.
func (s *Schedule) RemoveFeed(ctx context.Context, region, id string) error {
	return s.remove(ctx, "feed", region, id)
}
