package provider

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/media"
	"github.com/pannier-maps/pannier/server/problem"
)

func (a *API) mediaRoutes() []Route {
	const all, one = "/v1/organisations/{organisation}/media", "/v1/organisations/{organisation}/media/{media}"
	list := []Param{
		{"cursor", `[0-9a-f/]{81}`, "where the page begins, as the page before told"},
		limitParam,
	}
	jpeg := func(fn func(w http.ResponseWriter, r *http.Request, c *Call) error) Handler {
		h := raw[None, None]("", fn)
		h.Gives = media.Type
		return h
	}
	return []Route{
		{Method: "POST", Path: all, Who: Contributor, Scope: auth.ScopeMedia, Body: media.MaxBytes, Status: 201, Summary: "Upload a photo as the body: JPEG, PNG, WebP or AVIF, at most 20 MiB and 50 million pixels; Upload-Checksum may be sha256 and the checksum in base64. Then tell its credit and licence", Handle: upload("image/*", a.addPhoto)},
		{Method: "GET", Path: all, Who: Contributor | Keeper, Scope: auth.ScopeRead, Query: list, Summary: "List an organisation's photos, the newest first", Handle: handle(a.listPhotos)},
		{Method: "GET", Path: one, Who: Contributor | Keeper, Scope: auth.ScopeRead, Summary: "Read what is known of a photo", Handle: handle(a.readPhoto)},
		{Method: "PUT", Path: one, Who: Contributor, Scope: auth.ScopeMedia, Summary: "Say whom to name for a photo, under which licence it may be shown, and what it shows", Handle: handle(a.describePhoto)},
		{Method: "DELETE", Path: one, Who: Contributor | Keeper, Scope: auth.ScopeMedia, Summary: "Delete a photo; features that show it go on without it from the next publish on", Handle: handle(a.deletePhoto)},
		{Method: "GET", Path: one + "/{size}", Who: Contributor | Keeper, Scope: auth.ScopeRead, Status: 200, Summary: "Get a photo in one of its sizes", Handle: jpeg(a.photo)},
		{Method: "GET", Path: "/v1/regions/{region}/media/{media}/{size}", Who: Editor, Scope: auth.ScopeRead, Status: 200, Summary: "Get a photo of an organisation that works in the region, to review what it belongs to", Handle: jpeg(a.regionPhoto)},
	}
}

// upload makes a Handler whose body is a file.
func upload[Out any](kind string, fn func(ctx context.Context, c *Call, body io.Reader) (Out, error)) Handler {
	return Handler{Out: typeFor[Out](), Kind: kind, serve: func(ctx context.Context, c *Call, _ *API, row Route) (any, error) {
		if c.r.ContentLength > row.limit() {
			c.w.Header().Set("Connection", "close")
			return nil, problem.ErrTooLarge
		}
		if c.r.Header.Get("Content-Encoding") != "" {
			return nil, problem.Detail(problem.ErrMediaType, "Send the body without Content-Encoding.")
		}
		return fn(ctx, c, http.MaxBytesReader(c.w, c.r.Body, row.limit()))
	}}
}

// toldMedia gives an error of server/media its words for the caller.
func toldMedia(err error) error {
	var refusal *media.Refusal
	var invalid *media.InvalidError
	switch {
	case errors.As(err, &refusal):
		return problem.Detail(err, refusal.Why)
	case errors.As(err, &invalid):
		var wrong []problem.Field
		for _, p := range invalid.Problems {
			wrong = append(wrong, problem.Field{Field: p.Field, Problem: p.Problem})
		}
		return problem.Fields(wrong...)
	}
	return err
}

func (a *API) addPhoto(ctx context.Context, c *Call, body io.Reader) (media.Added, error) {
	sum, err := checksum(c.Request("Upload-Checksum"))
	if err != nil {
		return media.Added{}, err
	}
	added, err := a.host.Media.Add(ctx, c.Organisation.ID, c.Caller.ID(), body, hex.EncodeToString(sum))
	if err != nil {
		return media.Added{}, toldMedia(err)
	}
	c.Header().Set("Location", "/v1/organisations/"+c.Organisation.ID+"/media/"+added.Hash)
	return added, nil
}

// Photos is a page of an organisation's photos.
type Photos struct {
	Media []media.Photo `json:"media"`
	Next  string        `json:"next,omitempty" doc:"cursor of the following page; absent at the end"`
}

func (a *API) listPhotos(ctx context.Context, c *Call, _ None) (Photos, error) {
	page, next, err := a.host.Media.List(ctx, c.Organisation.ID, c.Query("cursor"), limit(c))
	if page == nil {
		page = []media.Photo{}
	}
	return Photos{page, next}, err
}

func (a *API) readPhoto(ctx context.Context, c *Call, _ None) (media.Photo, error) {
	return a.host.Media.Get(ctx, c.Organisation.ID, c.Param("media"))
}

func (a *API) describePhoto(ctx context.Context, c *Call, in media.Words) (media.Photo, error) {
	m, err := a.host.Media.Describe(ctx, c.Organisation.ID, c.Param("media"), c.Caller.ID(), in)
	return m, toldMedia(err)
}

func (a *API) deletePhoto(ctx context.Context, c *Call, _ None) (None, error) {
	return None{}, a.host.Media.Delete(ctx, c.Organisation.ID, c.Param("media"), c.Caller.ID())
}

func (a *API) photo(w http.ResponseWriter, r *http.Request, c *Call) error {
	if _, err := a.host.Media.Get(r.Context(), c.Organisation.ID, c.Param("media")); err != nil {
		return err
	}
	return a.sendPhoto(w, r, c)
}

func (a *API) regionPhoto(w http.ResponseWriter, r *http.Request, c *Call) error {
	owners, err := a.host.Media.Owners(r.Context(), c.Param("media"))
	if err != nil {
		return err
	}
	here, err := a.accounts.WorkingIn(r.Context(), c.Region, owners)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(here, func(o auth.Organisation) bool { return slices.Contains(owners, o.ID) }) {
		return media.ErrNotFound
	}
	return a.sendPhoto(w, r, c)
}

// sendPhoto sends the size of a photo that the path names. It never changes, so
// who fetched it may keep it; it is a JPEG that was made here, and is told to be
// nothing else.
func (a *API) sendPhoto(w http.ResponseWriter, r *http.Request, c *Call) error {
	side, err := strconv.Atoi(c.Param("size"))
	if err != nil {
		return media.ErrNotFound
	}
	file, err := a.host.Media.Open(r.Context(), c.Param("media"), side)
	if err != nil {
		return err
	}
	defer file.Close()
	h, name := w.Header(), c.Param("media")+"-"+c.Param("size")
	h.Set("Content-Type", media.Type)
	h.Set("Content-Disposition", `attachment; filename="`+name+`.jpg"`)
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	h.Set("ETag", `"`+name+`"`)
	http.ServeContent(w, r, "", file.ModTime(), file)
	return nil
}
