package provider

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/problem"
	"github.com/pannier-maps/pannier/tiles/feature"
)

const (
	featurePath = "/v1/regions/{region}/features/{source}/{feature}"
	featureBody = feature.MaxBytes + 64<<10
	batchBody   = 8 << 20
	defaultPage = 100
)

var (
	fromParam  = Param{"from", `[0-9]{1,18}`, "number that the page begins with, as the page before told"}
	limitParam = Param{"limit", `[1-9][0-9]{0,2}|1000`, "entries of the page, 100 when absent"}
)

func (a *API) featureRoutes() []Route {
	list := []Param{
		{"bbox", `-?[0-9.]{1,12}(?:,-?[0-9.]{1,12}){3}`, "west,south,east,north in degrees"},
		{"text", `[^\x00-\x1f]{1,100}`, "in a name or the id, whatever the marks"},
		{"category", `[a-z_]{1,40}(?:\.[a-z0-9_]{1,40})?`, "category, or group with all below it"},
		{"language", `[A-Za-z0-9-]{2,35}`, "those with a name or description in this language"},
		{"without", `[A-Za-z0-9-]{2,35}`, "those without name and description in this language"},
		{"kind", `poi|route|notice`, "kind of feature"},
		{"source", `[a-z0-9._-]{1,64}`, "source"},
		{"organisation", `[a-z0-9-]{1,64}`, "organisation that the source belongs to"},
		{"since", `[0-9TZ:.+-]{20,35}`, "those written then or later, RFC 3339"},
		{"state", `gone`, "gone: what was deleted, in place of what is there"},
		{"cursor", `[A-Za-z0-9_-]{1,400}`, "where the page begins, as the page before told"},
		limitParam,
	}
	return []Route{
		{Method: "GET", Path: "/v1/regions/{region}/features", Who: Provider | Editor, Scope: auth.ScopeRead, Query: list, Summary: "List a region's features by source and id", Handle: handle(a.listFeatures)},
		{Method: "POST", Path: "/v1/regions/{region}/features", Who: Provider | Editor, Scope: auth.ScopeFeatures, Body: featureBody, Status: 201, Summary: "Create a feature at once; for trusted organisations and editors", Handle: handle(a.createFeature)},
		{Method: "POST", Path: "/v1/regions/{region}/batch", Who: Provider | Editor, Scope: auth.ScopeFeatures, Body: batchBody, Summary: "Write up to 400 features at once; for trusted organisations and editors", Handle: handle(a.writeBatch)},
		{Method: "GET", Path: featurePath, Who: Provider | Editor, Scope: auth.ScopeRead, Summary: "Read a feature", Handle: handle(a.readFeature)},
		{Method: "PUT", Path: featurePath, Who: Provider | Editor, Scope: auth.ScopeFeatures, Body: featureBody, Summary: "Write a feature at once, with If-Match, or If-None-Match: * to create it", Handle: handle(a.putFeature)},
		{Method: "DELETE", Path: featurePath, Who: Provider | Editor, Scope: auth.ScopeFeatures, Summary: "Delete a feature at once, with If-Match", Handle: handle(a.deleteFeature)},
	}
}

// StoredFeature is a record with its feature.
type StoredFeature struct {
	Source       string          `json:"source"`
	ID           string          `json:"id"`
	Hash         string          `json:"hash,omitempty" doc:"SHA-256 of the canonical JSON; the ETag. Absent of what is gone"`
	Revision     uint32          `json:"revision"`
	At           time.Time       `json:"at"`
	By           string          `json:"by,omitempty"`
	Organisation string          `json:"organisation,omitempty"`
	Change       uint64          `json:"change,omitempty"`
	Amends       bool            `json:"amends,omitempty" doc:"it changes an object of another collection"`
	Feature      json.RawMessage `json:"feature,omitempty" doc:"a Feature"`
}

func stored(ref catalog.Ref, r catalog.Record, raw []byte) StoredFeature {
	return StoredFeature{ref.Source, ref.ID, r.Hash(), r.Rev, r.At, r.By, r.Organisation, r.Change, editing.Amends(ref), raw}
}

// FeatureList is a page of records.
type FeatureList struct {
	Features []StoredFeature `json:"features"`
	Next     string          `json:"next,omitempty" doc:"cursor of the following page; absent at the end"`
}

func (a *API) listFeatures(ctx context.Context, c *Call, _ None) (FeatureList, error) {
	f := editing.Filter{
		Text: c.Query("text"), Category: c.Query("category"), Language: c.Query("language"), Without: c.Query("without"),
		Kind: feature.Kind(c.Query("kind")), Source: c.Query("source"), Organisation: c.Query("organisation"), Gone: c.Query("state") == "gone",
	}
	var err error
	if f.Box, err = box(c.Query("bbox")); err != nil {
		return FeatureList{}, err
	}
	if since := c.Query("since"); since != "" {
		if f.Since, err = time.Parse(time.RFC3339, since); err != nil {
			return FeatureList{}, problem.Fields(problem.Field{Field: "since", Problem: "must be a time such as 2026-05-31T12:00:00Z"})
		}
	}
	page, err := a.desk.List(ctx, c.Region, f, c.Query("cursor"), limit(c))
	list := FeatureList{Features: []StoredFeature{}, Next: page.Next}
	for _, e := range page.Entries {
		list.Features = append(list.Features, stored(e.Ref, e.Record, e.Raw))
	}
	return list, err
}

func limit(c *Call) int {
	if n, err := strconv.Atoi(c.Query("limit")); err == nil {
		return n
	}
	return defaultPage
}

func from(c *Call) uint64 {
	n, err := strconv.ParseUint(c.Query("from"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// box reads west,south,east,north.
func box(text string) (*editing.Box, error) {
	if text == "" {
		return nil, nil
	}
	var v [4]float64
	for i, part := range strings.Split(text, ",") {
		n, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return nil, problem.Fields(problem.Field{Field: "bbox", Problem: fmt.Sprintf("%q is no number", part)})
		}
		v[i] = n
	}
	min, wrong := feature.PointAt(v[0], v[1])
	max, wrong2 := feature.PointAt(v[2], v[3])
	if wrong+wrong2 != "" {
		return nil, problem.Fields(problem.Field{Field: "bbox", Problem: wrong + wrong2})
	}
	return &editing.Box{Min: min, Max: max}, nil
}

// actor is the caller as one who writes a source, or for an organisation; "" is
// the caller's only one.
func (a *API) actor(c *Call, organisation string) editing.Actor {
	who := editing.Actor{ID: c.Caller.ID(), Editor: c.Caller.Edits(c.Region)}
	i := slices.IndexFunc(c.Providers, func(o auth.Organisation) bool { return o.ID == organisation })
	if organisation == "" && len(c.Providers) == 1 {
		i = 0
	}
	if i < 0 {
		return who
	}
	o := c.Providers[i]
	place, _ := o.In(c.Region)
	who.Organisation, who.Provider, who.Trusted = o.ID, o.Name, place.Trusted
	return who
}

// actorOf is the caller as one who writes a source.
func (a *API) actorOf(ctx context.Context, c *Call, source string) (editing.Actor, error) {
	if source == "" {
		return a.actor(c, ""), nil
	}
	owner, err := a.desk.Owner(ctx, c.Region, source)
	return a.actor(c, owner), err
}

func (c *Call) ref() catalog.Ref {
	return catalog.Ref{Source: c.Param("source"), ID: c.Param("feature")}
}

func (a *API) readFeature(ctx context.Context, c *Call, _ None) (StoredFeature, error) {
	r, err := a.desk.Get(ctx, c.Region, c.ref())
	if err != nil {
		return StoredFeature{}, err
	}
	raw, err := a.desk.Read(ctx, r.Content)
	c.Header().Set("ETag", `"`+r.Hash()+`"`)
	return stored(c.ref(), r, raw), err
}

// WrittenFeature is what became of a write.
type WrittenFeature struct {
	Source   string          `json:"source"`
	ID       string          `json:"id"`
	Hash     string          `json:"hash,omitempty" doc:"of the content now; absent when it is gone"`
	Revision uint32          `json:"revision,omitempty"`
	Created  bool            `json:"created,omitempty"`
	Same     bool            `json:"same,omitempty" doc:"there was nothing to change"`
	Status   int             `json:"status,omitempty" doc:"of a batch: 200, 201, or that of an error"`
	Detail   string          `json:"detail,omitempty" doc:"of an error"`
	Errors   []problem.Field `json:"errors,omitempty" doc:"what is wrong with the feature's members"`
}

func wrote(w editing.Written) WrittenFeature {
	return WrittenFeature{Source: w.Source, ID: w.ID, Hash: w.Hash, Revision: w.Rev, Created: w.Created, Same: w.Same}
}

// NewFeature is a feature to be.
type NewFeature struct {
	Source  string          `json:"source,omitempty" doc:"the caller's only organisation when absent"`
	Feature feature.Feature `json:"feature" doc:"id, collection and provider are set by the server where they are absent"`
}

func (a *API) createFeature(ctx context.Context, c *Call, in NewFeature) (WrittenFeature, error) {
	who, err := a.actorOf(ctx, c, in.Source)
	if err != nil {
		return WrittenFeature{}, err
	}
	return a.one(ctx, c, who, editing.Write{Ref: catalog.Ref{Source: in.Source}, Feature: &in.Feature})
}

// one writes one feature, under an idempotency key if the request has one.
func (a *API) one(ctx context.Context, c *Call, who editing.Actor, w editing.Write) (WrittenFeature, error) {
	key, err := c.key()
	if err != nil {
		return WrittenFeature{}, err
	}
	done, err := a.desk.Write(ctx, who, c.Region, editing.Batch{Writes: []editing.Write{w}, Key: key, Request: c.asks(w)})
	if err == nil {
		err = done[0].Err
	}
	if err != nil {
		return WrittenFeature{}, a.told(err)
	}
	if done[0].Hash != "" {
		c.Header().Set("ETag", `"`+done[0].Hash+`"`)
	}
	return wrote(done[0]), nil
}

// key returns the request's idempotency key.
func (c *Call) key() (string, error) {
	key := c.Request("Idempotency-Key")
	if len(key) > 200 {
		return "", problem.Detail(problem.ErrBadRequest, "Idempotency-Key has at most 200 bytes.")
	}
	return key, nil
}

// asks names what a request asks for, under an idempotency key: of whom, and what.
func (c *Call) asks(v any) string {
	raw, err := json.Marshal([]any{c.r.Method, c.r.URL.Path, v})
	if err != nil {
		panic(err) // it came as JSON
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// base returns the hash that a request was made on, from If-Match or
// If-None-Match.
func (c *Call) base() (string, error) {
	match, none := c.Request("If-Match"), c.Request("If-None-Match")
	switch {
	case none == "*" && match == "":
		return "", nil
	case none != "" || match == "":
		return "", problem.Detail(problem.ErrPrecondition, "Say what the change was made on: If-Match with the ETag, or If-None-Match: * for a new feature.")
	case match == "*":
		return editing.Any, nil
	}
	hash := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(match, "W/"), `"`), `"`)
	if len(hash) != sha256.Size*2 {
		return "", problem.Detail(problem.ErrBadRequest, "If-Match must be the ETag of the feature.")
	}
	return hash, nil
}

func (a *API) putFeature(ctx context.Context, c *Call, in feature.Feature) (WrittenFeature, error) {
	return a.write1(ctx, c, &in)
}

func (a *API) deleteFeature(ctx context.Context, c *Call, _ None) (WrittenFeature, error) {
	return a.write1(ctx, c, nil)
}

// write1 writes the feature of the path.
func (a *API) write1(ctx context.Context, c *Call, f *feature.Feature) (WrittenFeature, error) {
	base, err := c.base()
	if err != nil {
		return WrittenFeature{}, err
	}
	who, err := a.actorOf(ctx, c, c.Param("source"))
	if err != nil {
		return WrittenFeature{}, err
	}
	return a.one(ctx, c, who, editing.Write{Ref: c.ref(), Base: base, Feature: f})
}
