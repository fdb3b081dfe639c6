package provider

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/jobs"
	"github.com/pannier-maps/pannier/server/problem"
)

// Uploads follow the core of tus 1.0 (https://tus.io/protocols/resumable-upload)
// with its checksum extension, so its clients can send a file once it is created:
// HEAD tells Upload-Offset, PATCH goes on from there.
const (
	partKind  = "application/offset+octet-stream"
	fileKind  = "application/octet-stream"
	tusHeader = "Tus-Resumable"
)

func (a *API) uploadRoutes() []Route {
	const all, one = "/v1/regions/{region}/uploads", "/v1/regions/{region}/uploads/{upload}"
	who := Provider | Editor
	query := []Param{
		{"name", `[^\x00-\x1f]{1,200}`, "the file's name"},
		{"organisation", `[a-z0-9-]{1,64}`, "whose file it is; the caller's only organisation when absent"},
	}
	return []Route{
		{Method: "POST", Path: all, Who: who, Scope: auth.ScopeImports, Status: 201, Summary: "Announce a file of at most 200 MiB, to be sent by PATCH", Handle: handle(a.createUpload)},
		{Method: "POST", Path: all + "/file", Who: who, Scope: auth.ScopeImports, Query: query, Body: jobs.MaxFile, Status: 201, Summary: "Send a whole file at once", Handle: raw[None, UploadedFile](fileKind, a.uploadFile)},
		{Method: "GET", Path: one, Who: who, Scope: auth.ScopeImports, Summary: "Tell how much of a file has arrived; also by HEAD, in Upload-Offset", Handle: handle(a.readUpload)},
		{Method: "PATCH", Path: one, Who: who, Scope: auth.ScopeImports, Body: jobs.MaxFile, Status: 204, Summary: "Send a file from Upload-Offset on, all or at least 64 KiB of it; Upload-Checksum may be sha256 and the checksum in base64", Handle: raw[None, None](partKind, a.fillUpload)},
		{Method: "DELETE", Path: one, Who: who, Scope: auth.ScopeImports, Summary: "Remove a file that no import uses", Handle: handle(a.removeUpload)},
	}
}

// UploadedFile is a file that is being sent, or was.
type UploadedFile struct {
	ID           string    `json:"id"`
	Organisation string    `json:"organisation"`
	Name         string    `json:"name"`
	Size         int64     `json:"size"`
	Offset       int64     `json:"offset" doc:"bytes that have arrived"`
	Expires      time.Time `json:"expires" doc:"when it goes, unless an import uses it"`
	Import       uint64    `json:"import,omitempty" doc:"number of the import that uses it"`
}

// uploaded returns an upload and puts it into the headers.
func (c *Call) uploaded(u jobs.Upload) UploadedFile {
	h := c.Header()
	h.Set(tusHeader, "1.0.0")
	h.Set("Upload-Offset", strconv.FormatInt(u.Offset, 10))
	h.Set("Upload-Length", strconv.FormatInt(u.Size, 10))
	h.Set("Upload-Expires", u.Expires.Format(http.TimeFormat))
	return UploadedFile{u.ID, u.Organisation, u.Name, u.Size, u.Offset, u.Expires, u.Job}
}

// importer is the caller as one who imports for an organisation: "" is the
// caller's only one; editors import for any that works in the region.
func (a *API) importer(ctx context.Context, c *Call, organisation string) (editing.Actor, error) {
	who := a.actor(c, organisation)
	switch {
	case who.Organisation != "":
		return who, nil
	case organisation == "":
		return who, problem.Fields(problem.Field{Field: "organisation", Problem: "missing: say for which one"})
	case !who.Editor:
		return who, auth.ErrForbidden
	}
	works, err := a.accounts.WorkingIn(ctx, c.Region, []string{organisation})
	if err == nil && len(works) == 0 {
		err = problem.Fields(problem.Field{Field: "organisation", Problem: "does not work in this region"})
	}
	if err != nil {
		return who, err
	}
	who.Organisation, who.Provider = works[0].ID, works[0].Name
	return who, nil
}

// upload returns the upload of the path, if it is one that the caller may see.
func (a *API) upload(ctx context.Context, c *Call) (jobs.Upload, error) {
	u, err := a.jobs.Upload(ctx, c.Param("upload"))
	if err != nil {
		return u, err
	}
	if _, err := a.importer(ctx, c, u.Organisation); err != nil {
		return u, jobs.ErrNotFound
	}
	return u, nil
}

// NewUpload is a file to be.
type NewUpload struct {
	Name         string `json:"name"`
	Size         int64  `json:"size" doc:"in bytes"`
	Organisation string `json:"organisation,omitempty" doc:"whose file it is; the caller's only one when absent"`
}

func (a *API) createUpload(ctx context.Context, c *Call, in NewUpload) (UploadedFile, error) {
	u, err := a.newUpload(ctx, c, in)
	if err != nil {
		return UploadedFile{}, err
	}
	return c.uploaded(u), nil
}

func (a *API) newUpload(ctx context.Context, c *Call, in NewUpload) (jobs.Upload, error) {
	who, err := a.importer(ctx, c, in.Organisation)
	if err != nil {
		return jobs.Upload{}, err
	}
	u, err := a.jobs.CreateUpload(ctx, who.ID, who.Organisation, in.Name, in.Size)
	if err != nil {
		return u, toldImport(err)
	}
	c.Header().Set("Location", "/v1/regions/"+c.Region+"/uploads/"+u.ID)
	return u, nil
}

func (a *API) readUpload(ctx context.Context, c *Call, _ None) (UploadedFile, error) {
	u, err := a.upload(ctx, c)
	if err != nil {
		return UploadedFile{}, err
	}
	return c.uploaded(u), nil
}

func (a *API) removeUpload(ctx context.Context, c *Call, _ None) (None, error) {
	u, err := a.upload(ctx, c)
	if err != nil {
		return None{}, err
	}
	return None{}, toldImport(a.jobs.RemoveUpload(ctx, u.ID))
}

func (a *API) uploadFile(w http.ResponseWriter, r *http.Request, c *Call) error {
	ctx := r.Context()
	if r.Header.Get("Content-Type") != fileKind {
		return problem.Detail(problem.ErrMediaType, "Send "+fileKind+", and say so in Content-Type.")
	}
	if r.ContentLength < 0 {
		return problem.Detail(problem.ErrBadRequest, "Say in Content-Length how long the file is.")
	}
	name := c.Query("name")
	u, err := a.newUpload(ctx, c, NewUpload{Name: name, Size: r.ContentLength, Organisation: c.Query("organisation")})
	if err != nil {
		return err
	}
	filled, err := a.jobs.Fill(ctx, u.ID, 0, nil, r.Body)
	if err == nil && !filled.Whole() {
		err = problem.Detail(problem.ErrBadRequest, "The file did not arrive whole.")
	}
	if err != nil {
		return errors.Join(toldImport(err), a.jobs.RemoveUpload(context.WithoutCancel(ctx), u.ID))
	}
	a.write(w, r, Route{Status: http.StatusCreated, Handle: Handler{Out: typeFor[UploadedFile]()}}, c.uploaded(filled))
	return nil
}

func (a *API) fillUpload(w http.ResponseWriter, r *http.Request, c *Call) error {
	ctx := r.Context()
	u, err := a.upload(ctx, c)
	if err != nil {
		return err
	}
	if r.Header.Get("Content-Type") != partKind {
		return problem.Detail(problem.ErrMediaType, "Send "+partKind+", and say so in Content-Type.")
	}
	offset, err := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64)
	if err != nil || offset < 0 {
		return problem.Detail(problem.ErrBadRequest, "Say in Upload-Offset where the bytes go on.")
	}
	sum, err := checksum(r.Header.Get("Upload-Checksum"))
	if err != nil {
		return err
	}
	u, err = a.jobs.Fill(ctx, u.ID, offset, sum, r.Body)
	if u.ID != "" {
		c.uploaded(u)
	}
	if err != nil {
		return toldImport(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// checksum reads Upload-Checksum; nil when there is none.
func checksum(header string) ([]byte, error) {
	if header == "" {
		return nil, nil
	}
	algorithm, text, _ := strings.Cut(header, " ")
	sum, err := base64.StdEncoding.DecodeString(text)
	if algorithm != "sha256" || err != nil || len(sum) != sha256.Size {
		return nil, problem.Detail(problem.ErrBadRequest, "Upload-Checksum is sha256, a space, and the checksum in base64.")
	}
	return sum, nil
}
