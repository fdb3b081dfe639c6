package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source"
	"github.com/pannier-maps/pannier/tiles/source/records"
	"github.com/pannier-maps/pannier/tiles/source/table"
)

// Limits of what is shown of a table, and of what is chosen.
const (
	sampleRows  = 10
	sampleChars = 80
	MaxExcluded = 10_000 // ids
)

// Columns is what is known of a table: how it is read, its first rows and what
// its columns hold.
type Columns struct {
	About   string        `json:"about"`
	Sample  [][]string    `json:"sample"`
	Mapping table.Mapping `json:"mapping"`
}

// check says what is wrong with settings. Categories are the region's, which
// server/editing knows; the objects are checked.
func (s Settings) check() error {
	switch {
	case strings.TrimSpace(s.Licence) == "":
		return fmt.Errorf("%w: licence: missing; say under which licence riders may have the data, such as CC-BY-4.0", ErrInvalid)
	case s.Language != "" && !feature.ValidLanguage(s.Language):
		return fmt.Errorf("%w: language: %.40q is not a language tag such as de or sl", ErrInvalid, s.Language)
	}
	for name, text := range map[string]string{"licence": s.Licence, "attribution": s.Attribution, "category": s.Category} {
		if feature.Clean(text, MaxName) != text {
			return fmt.Errorf("%w: %s: at most %d characters on one line", ErrInvalid, name, MaxName)
		}
	}
	return nil
}

// source makes sure that an order's source is its organisation's. A new one is
// named for the organisation, or begins with its name and a dot, as no
// organisation's name has one.
func (j *Jobs) source(ctx context.Context, o Order) error {
	if err := editing.CheckSource(o.Source); err != nil {
		return err
	}
	all, err := j.catalog.Sources(ctx, o.Region)
	if err != nil {
		return err
	}
	own := o.Actor.Organisation
	i := slices.IndexFunc(all, func(s catalog.Source) bool { return s.Name == o.Source })
	switch {
	case own == "":
		return fmt.Errorf("%w: organisation: missing", ErrInvalid)
	case i >= 0 && (all[i].Organisation == own || all[i].Organisation == "" && o.Source == own):
		return nil
	case i >= 0:
		return fmt.Errorf("%w: %s", catalog.ErrOwner, o.Source)
	case o.Source != own && !strings.HasPrefix(o.Source, own+"."):
		return fmt.Errorf("%w: source: a new one is called %[2]s, or begins with %[2]s and a dot", ErrInvalid, own)
	}
	return j.catalog.Claim(ctx, o.Region, catalog.Source{Name: o.Source, Organisation: own, Imported: j.at()})
}

func columnsName(region string, number uint64, generation int) string {
	return fmt.Sprintf("jobs/%s.%d.%d.columns", region, number, generation)
}

// Columns returns what is known of a job's table.
func (j *Jobs) Columns(ctx context.Context, region string, job Job) (c Columns, err error) {
	for g := job.Generation; g >= max(job.Generation-1, 1); g-- { // one that failed early wrote none
		err = j.recall(ctx, columnsName(region, job.Number, g), &c)
		if !errors.Is(err, fs.ErrNotExist) {
			return c, err
		}
	}
	return c, fmt.Errorf("%w: import %d has no columns", ErrNotFound, job.Number)
}

// look finds out what a table's columns hold: what somebody said, else a guess.
func (j *Jobs) look(ctx context.Context, region string, job Job, path string, opts records.Options) (Columns, error) {
	if job.Mapped {
		c, err := j.Columns(ctx, region, job)
		if err != nil {
			return c, err
		}
		return c, j.save(ctx, columnsName(region, job.Number, job.Generation), c)
	}
	f, kind, err := source.Open(path)
	if err != nil {
		return Columns{}, err
	}
	defer f.Close()
	p, err := source.Preview(f, kind, opts)
	if err != nil {
		return Columns{}, err
	}
	c := Columns{About: p.About, Mapping: p.Mapping}
	for _, row := range p.Sample[:min(len(p.Sample), sampleRows)] {
		row = slices.Clone(row[:min(len(row), len(p.Mapping.Columns))])
		for i, cell := range row {
			row[i] = feature.Clean(strings.ToValidUTF8(cell, "�"), sampleChars)
		}
		c.Sample = append(c.Sample, row)
	}
	return c, j.save(ctx, columnsName(region, job.Number, job.Generation), c)
}

// Reread has a file read again, with other settings (nil: the same) and, of a
// table, what its columns hold (nil: as before).
func (j *Jobs) Reread(ctx context.Context, region string, number uint64, s *Settings, m *table.Mapping) (Job, error) {
	if s != nil {
		if err := s.check(); err != nil {
			return Job{}, err
		}
	}
	j.asking.Lock()
	defer j.asking.Unlock()
	job, err := j.Job(ctx, region, number)
	if err == nil {
		err = job.rereadable()
	}
	if err != nil {
		return job, err
	}
	if m != nil {
		c, err := j.Columns(ctx, region, job)
		if err != nil {
			return job, err
		}
		if err := checkMapping(*m, len(c.Mapping.Columns)); err != nil {
			return job, err
		}
		c.Mapping = *m
		if err := j.save(ctx, columnsName(region, number, job.Generation+1), c); err != nil {
			return job, err
		}
	}
	job, err = j.change(ctx, region, number, func(_ store.Txn, job *Job) error {
		if err := job.rereadable(); err != nil { // cancelled meanwhile
			return err
		}
		if s != nil {
			job.Settings = *s
		}
		job.Mapped = job.Mapped || m != nil
		job.State, job.Problem = Waiting, ""
		return nil
	})
	if err == nil {
		j.begin(region, number)
	}
	return job, err
}

// rereadable returns ErrState unless the job's file can be read again.
func (job Job) rereadable() error {
	if job.State != Ready && job.State != Failed || job.Upload == "" {
		return fmt.Errorf("%w: it is %s", ErrState, job.State)
	}
	return nil
}

// checkMapping says what is wrong with what somebody says of columns.
func checkMapping(m table.Mapping, columns int) error {
	if len(m.Columns) > columns {
		return fmt.Errorf("%w: columns: %d of them, the table has %d", ErrInvalid, len(m.Columns), columns)
	}
	for i, c := range m.Columns {
		switch {
		case !slices.Contains(table.Fields(), c.Field):
			return fmt.Errorf("%w: columns[%d].field: %.40q is none", ErrInvalid, i, c.Field)
		case c.Language != "" && !feature.ValidLanguage(c.Language):
			return fmt.Errorf("%w: columns[%d].language: %.40q is not a language tag such as de or sl", ErrInvalid, i, c.Language)
		case len(c.Key) > feature.MaxDetailBytes:
			return fmt.Errorf("%w: columns[%d].key: at most %d bytes", ErrInvalid, i, feature.MaxDetailBytes)
		}
	}
	if !m.Located() {
		return fmt.Errorf("%w: columns: none give positions: latitude and longitude, position, or wkt", ErrInvalid)
	}
	return nil
}

// Choose says which groups of a job are taken, and which objects are not.
func (j *Jobs) Choose(ctx context.Context, region string, number uint64, take Take, exclude []string) (Job, error) {
	if len(exclude) > MaxExcluded {
		return Job{}, fmt.Errorf("%w: exclude: %d ids, at most %d", ErrInvalid, len(exclude), MaxExcluded)
	}
	for i, id := range exclude {
		if id == "" || len(id) > feature.MaxIDBytes {
			return Job{}, fmt.Errorf("%w: exclude[%d]: is no id", ErrInvalid, i)
		}
	}
	j.asking.Lock()
	defer j.asking.Unlock()
	job, err := j.Job(ctx, region, number)
	if err == nil {
		err = job.ready()
	}
	if err != nil {
		return Job{}, err
	}
	if err := j.save(ctx, excludedName(region, number), exclude); err != nil {
		return Job{}, err
	}
	return j.change(ctx, region, number, func(_ store.Txn, job *Job) error {
		if err := job.ready(); err != nil { // cancelled meanwhile
			return err
		}
		job.Take, job.Excluded = take, len(exclude)
		return nil
	})
}

// ready returns ErrState unless the job waits to be applied.
func (job Job) ready() error {
	if job.State != Ready {
		return fmt.Errorf("%w: it is %s", ErrState, job.State)
	}
	return nil
}

func excludedName(region string, number uint64) string {
	return fmt.Sprintf("jobs/%s.%d.excluded", region, number)
}

// Excluded returns the ids that are not taken.
func (j *Jobs) Excluded(ctx context.Context, region string, job Job) (ids []string, err error) {
	if job.Excluded == 0 {
		return nil, nil
	}
	err = j.recall(ctx, excludedName(region, job.Number), &ids)
	return ids, err
}

// save keeps a value in the private store.
func (j *Jobs) save(ctx context.Context, name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return j.private.Replace(ctx, name, data)
}

// recall reads what save kept.
func (j *Jobs) recall(ctx context.Context, name string, into any) error {
	o, err := j.private.Open(ctx, name)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(o)
	if err = errors.Join(err, o.Close()); err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}
