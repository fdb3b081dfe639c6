package compose

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/tiles/dem"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// climbVersion goes into the fingerprint of a shelf that a height model had a
// part in. Raise it when the same model gives routes other heights.
const climbVersion = 1

// relief gives routes their ascent and profile by the region's height model. A
// nil one, of a region without such a model, does nothing.
type relief struct {
	model   *dem.Model
	files   []string // named by their content
	credits []manifest.Licence
	beyond  int      // routes that reach beyond the model
	unsound []string // ids of routes whose recorded heights were left out
}

// openRelief opens a region's height model; nil when it has none.
func (c *Composer) openRelief(ctx context.Context, region string) (*relief, error) {
	all, err := c.Catalog.Heights(ctx, region)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	r := new(relief)
	var paths []string
	for _, h := range all {
		r.files = append(r.files, h.File)
		if h.Attribution != "" {
			r.credits = append(r.credits, manifest.Licence{ID: h.Licence, Attribution: h.Attribution})
		}
		paths = append(paths, filepath.Join(c.Folder, region, h.File))
	}
	r.model, err = dem.OpenModel(paths...)
	return r, err
}

func (r *relief) close() {
	if r != nil {
		r.model.Close() // it was only read
	}
}

// credit adds the surveys to a version's attribution.
func (r *relief) credit(f *featureCells) {
	if r == nil {
		return
	}
	for _, l := range r.credits {
		f.licence[l] = true
	}
}

// sign adds the model to a fingerprint.
func (r *relief) sign(fingerprint string) string {
	if r == nil {
		return fingerprint
	}
	data, err := json.Marshal([]any{fingerprint, climbVersion, r.files})
	if err != nil {
		panic(err) // plain data cannot fail
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// unknown returns how many routes reached beyond the model so far.
func (r *relief) unknown() int {
	if r == nil {
		return 0
	}
	return r.beyond
}

// remember adds routes that were found to reach beyond the model before, or to
// be contradicted by it.
func (r *relief) remember(beyond int, unsound ...string) {
	if r != nil {
		r.beyond += beyond
		r.unsound = append(r.unsound, unsound...)
	}
}

// climb returns a route with ascent, descent and profile, as far as it does not
// tell them itself, and without recorded heights that cannot be true. Any other
// feature stays as it is.
func (r *relief) climb(f *feature.Feature) (*feature.Feature, error) {
	if r == nil || f.Kind != feature.Route {
		return f, nil
	}
	c, ok, err := r.model.Climb(f.Geometry)
	if err != nil {
		return f, err
	}
	if !ok {
		r.beyond++
		return f, nil
	}
	climbed := *f
	if c.Unsound {
		r.unsound = append(r.unsound, f.ID)
		climbed.Geometry.Lines = slices.Clone(f.Geometry.Lines)
		for i := range climbed.Geometry.Lines {
			climbed.Geometry.Lines[i].Heights = nil
		}
	}
	var t feature.Tour
	if f.Tour != nil {
		t = *f.Tour
	}
	if t.Ascent == 0 && t.Descent == 0 && f.Details["ascent"] == "" && f.Details["descent"] == "" {
		t.Ascent, t.Descent = c.Ascent, c.Descent
	}
	if t.Profile == nil {
		t.Profile = c.Profile
	}
	if reflect.ValueOf(t).IsZero() {
		climbed.Tour = nil
	} else {
		climbed.Tour = &t
	}
	if climbed.Validate() != nil {
		return f, nil // a profile more than a record can hold
	}
	return &climbed, nil
}

// forget takes off a feature of the shelf what climb put there, so that it is
// measured again once it is amended.
func (r *relief) forget(f *feature.Feature) {
	if r == nil || f.Tour == nil {
		return
	}
	f.Tour.Ascent, f.Tour.Descent, f.Tour.Profile = 0, 0, nil
	if reflect.ValueOf(*f.Tour).IsZero() {
		f.Tour = nil
	}
}

// tell warns of routes that the model could not measure or that it contradicts.
func (r *relief) tell(f *featureCells) {
	if r == nil {
		return
	}
	if r.beyond > 0 {
		f.warn("%d routes reach beyond the region's height model and get no ascent and profile of it", r.beyond)
	}
	for _, id := range r.unsound {
		f.warn("the recorded heights of %s lie more than %d m from the height model and are left out", id, dem.SoundMetres)
	}
}
