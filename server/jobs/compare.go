package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/tiles/feature"
	filerecords "github.com/pannier-maps/pannier/tiles/source/records"
)

// comparer sorts a file's objects by what is there.
type comparer struct {
	sorter
	check    func(editing.Write) (catalog.Ref, []byte, error)
	imported map[uint64]bool // changes that imports made, and that were not undone
}

// compare sorts the objects of a file into groups and writes them down. It uses
// the file up.
func (j *Jobs) compare(ctx context.Context, region string, job *Job, file *filerecords.File, r *run) error {
	check, err := j.desk.Checker(ctx, job.Actor, region)
	if err != nil {
		return refuse(err)
	}
	c := &comparer{sorter: sorter{j: j, region: region, job: job, open: map[Group]*chunk{}}, check: check}
	if c.imported, err = j.imports(ctx, region); err != nil {
		return err
	}
	for _, rejected := range file.Rejected {
		item := Item{Line: rejected.Line, Where: rejected.Where, Reason: rejected.Reason}
		if err := c.add(ctx, Rejected, item); err != nil {
			return err
		}
	}
	job.Notes = file.Notes
	if file.Omitted > 0 {
		job.Counts.Rejected += file.Omitted
		job.Notes = append(job.Notes, fmt.Sprintf("%d further objects were rejected and are not listed", file.Omitted))
	}
	total := len(file.Items)
	seen := make(map[string]struct{}, total)
	for done := 0; done < total; done += maxChunk {
		r.report("compare", int64(done), int64(total))
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.batch(ctx, file.Items[done:min(done+maxChunk, total)], seen); err != nil {
			return err
		}
	}
	if err := c.vanished(ctx, seen); err != nil {
		return err
	}
	return c.end(ctx)
}

// imports returns the changes of a region that imports made and that stand.
func (j *Jobs) imports(ctx context.Context, region string) (map[uint64]bool, error) {
	all := map[uint64]bool{}
	err := j.meta.View(ctx, func(txn store.Txn) error {
		names, err := records.Names(txn, records.Key("imported", region, ""))
		for _, name := range names {
			var change uint64
			if _, err := fmt.Sscanf(name, "%016x", &change); err == nil {
				all[change] = true
			}
		}
		return err
	})
	return all, err
}

// batch sorts some objects, and lets go of them.
func (c *comparer) batch(ctx context.Context, items []filerecords.Item, seen map[string]struct{}) error {
	refs := make([]catalog.Ref, len(items))
	raws := make([][]byte, len(items))
	faults := make([]error, len(items))
	for i := range items {
		refs[i], raws[i], faults[i] = c.check(editing.Write{Ref: catalog.Ref{Source: c.job.Source}, Feature: &items[i].Feature})
		seen[refs[i].ID] = struct{}{}
	}
	now := make([]catalog.Record, len(items))
	err := c.j.meta.View(ctx, func(txn store.Txn) (err error) {
		for i, ref := range refs {
			if faults[i] == nil {
				if now[i], err = c.j.catalog.RecordIn(txn, c.region, ref); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range items {
		f := &items[i].Feature
		item := Item{Line: items[i].Line, ID: refs[i].ID, Name: f.Name(c.job.Settings.Language), Category: f.Category, Warnings: items[i].Warnings}
		g := Rejected
		if faults[i] != nil {
			item.Where, item.Reason = item.ID, reason(faults[i])
		} else {
			if g, err = c.group(ctx, refs[i], now[i], blob.Sum(raws[i]).String()); err != nil {
				return err
			}
			item.Base = now[i].Hash()
			if g != Unchanged {
				item.Feature = raws[i]
			}
		}
		if err := c.add(ctx, g, item); err != nil {
			return err
		}
		items[i].Feature = feature.Feature{}
	}
	return nil
}

// group tells what an object of a hash is beside a record.
func (c *comparer) group(ctx context.Context, ref catalog.Ref, now catalog.Record, hash string) (Group, error) {
	if now.Hash() == hash {
		return Unchanged, nil
	}
	last, found, err := c.last(ctx, ref, now)
	switch {
	case err != nil:
		return "", err
	case found && last == hash:
		return Unchanged, nil // but for what was edited by hand, or deleted
	case !now.Exists() && (!found || last == ""):
		return New, nil
	case found && now.Hash() == last:
		return Changed, nil
	}
	return Edited, nil
}

// last returns the hash of what the last import gave, "" when it deleted it; false
// when no import had it.
func (c *comparer) last(ctx context.Context, ref catalog.Ref, now catalog.Record) (hash string, found bool, err error) {
	if !now.Exists() && now.Rev == 0 {
		return "", false, nil
	}
	if now.Rev == 0 || c.byImport(now.Stamp) {
		return now.Hash(), true, nil
	}
	versions, err := c.j.catalog.History(ctx, c.region, ref, 0, maxHistory)
	for _, v := range versions {
		if c.byImport(v.Stamp) {
			return v.After, true, nil
		}
	}
	return "", false, err
}

// maxHistory is how far back the last import is looked for.
const maxHistory = 100

// byImport reports whether an import wrote something: a job, or the operator's
// command.
func (c *comparer) byImport(s catalog.Stamp) bool {
	return c.imported[s.Change] || s.By == catalog.Operator && s.Change == 0
}

// vanished finds what the last import had and the file has not.
func (c *comparer) vanished(ctx context.Context, seen map[string]struct{}) error {
	type candidate struct {
		id     string
		record catalog.Record
	}
	var batch []candidate
	flush := func() error {
		for _, one := range batch {
			last, found, err := c.last(ctx, catalog.Ref{Source: c.job.Source, ID: one.id}, one.record)
			if err != nil {
				return err
			}
			if !found || last == "" {
				continue
			}
			raw, err := c.j.catalog.Read(ctx, one.record.Content)
			if err != nil {
				return err
			}
			var f feature.Feature
			if err := json.Unmarshal(raw, &f); err != nil {
				return fmt.Errorf("feature %s: %w", one.id, err)
			}
			item := Item{ID: one.id, Name: f.Name(c.job.Settings.Language), Category: f.Category, Base: one.record.Hash()}
			if err := c.add(ctx, Vanished, item); err != nil {
				return err
			}
		}
		batch = batch[:0]
		return nil
	}
	err := c.j.catalog.Refs(ctx, c.region, c.job.Source, func(ref catalog.Ref, r catalog.Record) error {
		if _, there := seen[ref.ID]; !there && r.Exists() {
			batch = append(batch, candidate{ref.ID, r})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// refuse turns what server/editing does not let an actor do into words for them.
func refuse(err error) error {
	if errors.Is(err, editing.ErrForbidden) || errors.Is(err, editing.ErrInvalid) || errors.Is(err, editing.ErrTooMany) {
		return refused("%w", err)
	}
	return err
}

// reason says why an object cannot be taken.
func reason(err error) string {
	var invalid *editing.InvalidError
	if !errors.As(err, &invalid) {
		return err.Error()
	}
	var all []string
	for _, p := range invalid.Problems {
		all = append(all, p.Error())
	}
	return feature.Clean(strings.Join(all, "; "), feature.MaxValueChars)
}
