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

// survey is a region's height model. It gives routes their ascent and profile, and
// reliefCells draws it. A nil one, of a region without, does nothing.
type survey struct {
	model   *dem.Model
	files   []string // named by their content
	credits []manifest.Licence
	beyond  int      // routes that reach beyond the model
	unsound []string // ids of routes whose recorded heights were left out
}

// openSurvey opens a region's height model; nil when it has none.
func (c *Composer) openSurvey(ctx context.Context, region string) (*survey, error) {
	all, err := c.Catalog.Heights(ctx, region)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	s := new(survey)
	var paths []string
	for _, h := range all {
		s.files = append(s.files, h.File)
		if h.Attribution != "" {
			s.credits = append(s.credits, manifest.Licence{ID: h.Licence, Attribution: h.Attribution})
		}
		paths = append(paths, filepath.Join(c.Folder, region, h.File))
	}
	if s.model, err = dem.OpenModel(paths...); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *survey) close() error {
	if s == nil {
		return nil
	}
	return s.model.Close()
}

// credit adds the surveys to a version's attribution.
func (s *survey) credit(f *featureCells) {
	if s == nil {
		return
	}
	for _, l := range s.credits {
		f.licence[l] = true
	}
}

// sign adds the model to a fingerprint.
func (s *survey) sign(fingerprint string) string {
	if s == nil {
		return fingerprint
	}
	data, err := json.Marshal([]any{fingerprint, climbVersion, s.files})
	if err != nil {
		panic(err) // plain data cannot fail
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// unknown returns how many routes reached beyond the model so far.
func (s *survey) unknown() int {
	if s == nil {
		return 0
	}
	return s.beyond
}

// remember adds routes that were found to reach beyond the model before, or to
// be contradicted by it.
func (s *survey) remember(beyond int, unsound ...string) {
	if s != nil {
		s.beyond += beyond
		s.unsound = append(s.unsound, unsound...)
	}
}

// climb returns a route with ascent, descent and profile, as far as it does not
// tell them itself, and without recorded heights that cannot be true. Any other
// feature stays as it is.
func (s *survey) climb(f *feature.Feature) (*feature.Feature, error) {
	if s == nil || f.Kind != feature.Route {
		return f, nil
	}
	c, ok, err := s.model.Climb(f.Geometry)
	if err != nil {
		return f, err
	}
	if !ok {
		s.beyond++
		return f, nil
	}
	climbed := *f
	if c.Unsound {
		s.unsound = append(s.unsound, f.ID)
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
func (s *survey) forget(f *feature.Feature) {
	if s == nil || f.Tour == nil {
		return
	}
	f.Tour.Ascent, f.Tour.Descent, f.Tour.Profile = 0, 0, nil
	if reflect.ValueOf(*f.Tour).IsZero() {
		f.Tour = nil
	}
}

// tell warns of routes that the model could not measure or that it contradicts.
func (s *survey) tell(f *featureCells) {
	if s == nil {
		return
	}
	if s.beyond > 0 {
		f.warn("%d routes reach beyond the region's height model and get no ascent and profile of it", s.beyond)
	}
	for _, id := range s.unsound {
		f.warn("the recorded heights of %s lie more than %d m from the height model and are left out", id, dem.SoundMetres)
	}
}
