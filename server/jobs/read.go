package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source"
	"github.com/pannier-maps/pannier/tiles/source/records"
)

// read reads a job's file and compares it with the region.
func (j *Jobs) read(ctx context.Context, region string, job Job, r *run) error {
	last := job
	job, err := j.change(ctx, region, job.Number, func(_ store.Txn, job *Job) error {
		if job.State == Waiting {
			job.State = Reading
			job.Generation++
		}
		if job.State != Reading {
			return ErrState
		}
		return nil
	})
	if errors.Is(err, ErrState) {
		return nil // cancelled
	}
	if err != nil {
		return err
	}
	job.Counts, job.Chunks, job.Notes, job.Problem = Counts{}, map[Group]int{}, nil, ""
	path, err := j.fetch(ctx, job, r)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	file, release, err := j.parse(ctx, region, &job, path, r)
	if err != nil {
		return errors.Join(err, j.know(ctx, region, job))
	}
	defer release()
	if err := j.compare(ctx, region, &job, file, r); err != nil {
		return err
	}
	_, err = j.change(ctx, region, job.Number, func(_ store.Txn, now *Job) error {
		if now.State != Reading || now.Generation != job.Generation {
			return ErrState
		}
		now.State, now.Kind, now.Columns = Ready, job.Kind, job.Columns
		now.Counts, now.Chunks, now.Notes = job.Counts, job.Chunks, job.Notes
		return nil
	})
	if errors.Is(err, ErrState) {
		return nil
	}
	if err == nil && last.Generation != job.Generation {
		err = j.forget(ctx, region, last)
	}
	return err
}

// know notes down what is known of a file that cannot be read.
func (j *Jobs) know(ctx context.Context, region string, job Job) error {
	_, err := j.change(ctx, region, job.Number, func(_ store.Txn, now *Job) error {
		now.Kind, now.Columns = job.Kind, job.Columns
		return nil
	})
	return err
}

// fetch puts a job's file together, in a temporary one.
func (j *Jobs) fetch(ctx context.Context, job Job, r *run) (path string, err error) {
	u, err := j.Upload(ctx, job.Upload)
	if err != nil {
		return "", err
	}
	in, err := j.open(ctx, u)
	if err != nil {
		return "", err
	}
	defer in.Close()
	out, err := os.CreateTemp(j.temp, "pannier-import-*")
	if err != nil {
		return "", err
	}
	r.report("read", 0, u.Size)
	n, err := io.Copy(out, in)
	if err == nil && n != u.Size {
		err = fmt.Errorf("upload %s: %d bytes, want %d", u.ID, n, u.Size)
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return "", errors.Join(err, os.Remove(out.Name()))
	}
	return out.Name(), nil
}

// parse reads the objects of a file. The caller releases the memory that they
// take.
func (j *Jobs) parse(ctx context.Context, region string, job *Job, path string, r *run) (file *records.File, release func(), err error) {
	release = func() {}
	defer func() {
		if problem := recover(); problem != nil { // some decoders are not ours
			j.log.Error("a reader panicked", "kind", job.Kind, "import", job.Number, "problem", problem)
			release()
			file, err = nil, refused("this %s file cannot be read", job.Kind)
		}
		if err != nil {
			release()
			release = func() {}
		}
	}()
	explain := func(err error) error { return j.explain(ctx, job, path, err) }
	kind, err := source.Detect(path)
	if err != nil {
		return nil, release, explain(err)
	}
	job.Kind = kind
	switch {
	case kind == source.Shapefile:
		return nil, release, refused("%s: places and routes of a shapefile are read as GeoJSON (ogr2ogr -t_srs EPSG:4326 places.geojson %[1]s)", job.File)
	case kind.Archive():
		return nil, release, refused("%s: this is a ready map (%s), which only the site's operator brings in; a provider's file holds places and routes of their own", job.File, kind)
	case !kind.Features():
		return nil, release, refused("%s: this is data of OpenStreetMap (%s), which the map has from there; a provider's file holds places and routes of their own", job.File, kind)
	}
	weight, err := j.weight(path)
	if err != nil {
		return nil, release, err
	}
	if err := j.memory.Acquire(ctx, weight); err != nil {
		return nil, release, err
	}
	release = func() { j.memory.Release(weight) }
	opts, err := j.options(ctx, region, *job)
	if err != nil {
		return nil, release, err
	}
	var columns Columns
	if kind.Table() {
		job.Columns = true
		if columns, err = j.look(ctx, region, *job, path, opts); err != nil {
			return nil, release, explain(err)
		}
	}
	f, _, err := source.Open(path)
	if err != nil {
		return nil, release, explain(err)
	}
	defer f.Close()
	in := &counted{ctx: ctx, f: f, r: r, total: job.Bytes}
	if kind.Table() {
		file, err = source.ReadTable(in, kind, columns.Mapping, opts)
	} else {
		file, err = source.Read(in, kind, opts)
	}
	if err == nil {
		err = f.End()
	}
	if err != nil {
		return nil, release, explain(err)
	}
	return file, release, nil
}

// weight is how much of the budget a file takes: all of it when it is packed, as
// nobody knows to what it unpacks.
func (j *Jobs) weight(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	head := make([]byte, 2)
	if _, err := io.ReadFull(f, head); err != nil {
		return 0, err
	}
	switch string(head) {
	case "\x1f\x8b", "BZ", "PK":
		return j.budget, nil
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return min(j.budget, info.Size()+1<<20), nil
}

// counted reports how far a file is read, and stops when the job is cancelled.
type counted struct {
	ctx   context.Context
	f     *source.File
	r     *run
	total int64
}

func (c *counted) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.f.Read(p)
	done, _ := c.f.Progress()
	c.r.report("read", done, c.total)
	return n, err
}

// explain says what is wrong with a file, naming it as its provider does.
func (j *Jobs) explain(ctx context.Context, job *Job, path string, err error) error {
	var file *os.PathError
	if ctx.Err() != nil || errors.As(err, &file) || errors.Is(err, store.ErrFull) {
		return err // ours
	}
	text := strings.ReplaceAll(err.Error(), path, job.File)
	if !strings.Contains(text, job.File) {
		text = job.File + ": " + text
	}
	return refused("%s", text)
}

// options returns what a reader is told.
func (j *Jobs) options(ctx context.Context, region string, job Job) (records.Options, error) {
	r, err := j.catalog.Region(ctx, region)
	if err != nil {
		return records.Options{}, err
	}
	sources, err := j.catalog.Sources(ctx, region)
	if err != nil {
		return records.Options{}, err
	}
	provider := job.Actor.Provider
	if provider == "" {
		provider = job.Actor.Organisation
	}
	opts := records.Options{
		Source: job.Source, Provider: provider, Licence: job.Settings.Licence, Attribution: job.Settings.Attribution,
		Category: job.Settings.Category, Language: job.Settings.Language,
	}
	if opts.Attribution == "" {
		opts.Attribution = provider
	}
	for _, s := range sources {
		opts.Collections = append(opts.Collections, s.Name)
	}
	var boundary feature.Geometry
	if len(r.Boundary) > 0 && json.Unmarshal(r.Boundary, &boundary) == nil && !boundary.IsZero() {
		opts.SouthWest, opts.NorthEast = boundary.Bounds()
	}
	return opts, nil
}
