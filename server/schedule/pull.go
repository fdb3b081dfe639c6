package schedule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/outbound"
)

// pull asks a feed and notes what became of it.
func (s *Schedule) pull(ctx context.Context, f Feed) error {
	switch now, err := s.Feed(ctx, f.Region, f.ID); {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	case !now.Next.Equal(f.Next) || now.Paused: // asked, or changed, since it was looked at
		return nil
	}
	p, etag, modified := s.ask(ctx, f)
	if ctx.Err() != nil {
		return ctx.Err() // the server stops; the next one asks
	}
	told := f.Failures >= NoticeAfter
	now, err := change(ctx, s, "feed", f.Region, f.ID, func(now *Feed) error {
		now.Last = &p
		if p.Outcome != Faulty {
			now.Failures = 0
		} else {
			now.Failures++
		}
		if p.Outcome == Brought && now.URL == f.URL {
			now.ETag, now.Modified = etag, modified
		}
		if now.Next.Equal(f.Next) { // else somebody wants it sooner
			now.Next = p.At.Add(now.pause()).Truncate(time.Second)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case p.Outcome == Faulty && now.Failures == NoticeAfter:
		return s.note(ctx, f.Region, "", f.Organisation, "feed failed", fmt.Sprintf("%s, %d times: %s", f.label(), now.Failures, p.Problem))
	case p.Outcome != Faulty && told:
		return s.note(ctx, f.Region, "", f.Organisation, "feed recovered", f.label())
	}
	return nil
}

func (f Feed) label() string {
	if f.Name != "" {
		return f.Name
	}
	return f.Source
}

// pause is how long to wait until a feed is asked again, a little different each
// time so that feeds do not meet.
func (f Feed) pause() time.Duration {
	every := time.Duration(f.Every) * time.Minute
	if f.Failures > 0 && f.Failures < 20 {
		every = min(every, Shortest<<(f.Failures-1))
	}
	return every + rand.N(every/20)
}

// ask asks a feed's server and imports what it gives.
func (s *Schedule) ask(ctx context.Context, f Feed) (p Pull, etag, modified string) {
	p = Pull{At: s.Now().UTC().Truncate(time.Second), Outcome: Faulty}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		p.Problem = "the address is malformed"
		return p, "", ""
	}
	if f.ETag != "" {
		req.Header.Set("If-None-Match", f.ETag)
	}
	if f.Modified != "" {
		req.Header.Set("If-Modified-Since", f.Modified)
	}
	res, err := s.Client.Do(req, outbound.Bounds{Bytes: MaxFeed, Time: pullTime})
	if err != nil {
		p.Problem = err.Error()
		return p, "", ""
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusNotModified && (f.ETag != "" || f.Modified != ""):
		p.Outcome = Same
		return p, "", ""
	case res.StatusCode != http.StatusOK:
		p.Problem = "the server answered " + http.StatusText(res.StatusCode) + fmt.Sprintf(" (%d)", res.StatusCode)
		return p, "", ""
	}
	body := &counted{r: res.Body}
	p.Import, err = s.Importer.Import(ctx, f, fileName(res), body)
	p.Bytes = body.n
	var told *ImportError
	switch {
	case body.err != nil: // not the file's end, nor the import's fault
		p.Problem = fmt.Sprintf("the file did not come whole: %v", body.err)
	case errors.As(err, &told):
		p.Problem = told.Problem
	case err != nil:
		s.Log.Error("feed", "region", f.Region, "feed", f.ID, "err", err)
		p.Problem = "something went wrong in the server; its log has more"
	default:
		p.Outcome = Brought
	}
	return p, tag(res.Header.Get("ETag")), tag(res.Header.Get("Last-Modified"))
}

// tag returns what a server said of a file, if it is short.
func tag(s string) string {
	if len(s) > maxTag {
		return ""
	}
	return s
}

// fileName is the last part of the address, where it is a name.
func fileName(res *http.Response) string {
	name := path.Base(res.Request.URL.Path)
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\\' || r == '/' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	if name == "" || name == "." || len(name) > 100 {
		return "feed"
	}
	return name
}

// counted counts what is read, and keeps the error that is not the end.
type counted struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}
