package catalog

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/tiles/feature"
)

// Source is where features of a region come from: a file or a feed.
type Source struct {
	Name     string    `json:"name"` // a-z, 0-9, -, . and _
	File     string    `json:"file"` // as the operator named it
	Kind     string    `json:"kind"` // "geojson", "gpx"
	Imported time.Time `json:"imported"`
	// Organisation answers for it; "" is the one of the same name as the source.
	Organisation string `json:"organisation,omitempty"`
}

// Given is a feature as a source gave it. One that only has some members amends
// another of the same id.
type Given struct {
	Source  string
	At      time.Time // when it was given, or changed last
	Feature *feature.Feature
}

// pending is an import under way: its features lie in a private blob, so that a
// crash in the middle of writing them is repaired by writing them again.
type pending struct {
	Source Source `json:"source"`
	Blob   string `json:"blob"`
}

// Imported counts what an import did.
type Imported struct{ New, Changed, Unchanged int }

// ImportFeatures adds features of a source to a region, and replaces those that
// have the same ids. All of them are added or, on an error, none: once the
// import is noted down, a crash does not stop it.
func (c *Catalog) ImportFeatures(ctx context.Context, region string, s Source, features []feature.Feature) (Imported, error) {
	if _, err := c.Region(ctx, region); err != nil {
		return Imported{}, err
	}
	s.Imported = c.now().UTC().Truncate(time.Second)
	var lines bytes.Buffer
	for i := range features {
		raw, err := features[i].Canonical()
		if err != nil {
			return Imported{}, fmt.Errorf("feature %q: %w", features[i].ID, err)
		}
		lines.Write(append(raw, '\n'))
	}
	p := pending{Source: s, Blob: "imports/" + blob.Sum(lines.Bytes()).String()}
	if err := c.private.Put(ctx, p.Blob, lines.Bytes()); err != nil {
		return Imported{}, fmt.Errorf("import into %s: %w", region, err)
	}
	note := key("import", region, s.Name)
	if err := c.meta.Update(ctx, func(txn store.Txn) error { return set(txn, note, p) }); err != nil {
		return Imported{}, fmt.Errorf("import into %s: %w", region, err)
	}
	return c.finish(context.WithoutCancel(ctx), region, p)
}

// resume finishes imports that were noted down but not carried through.
func (c *Catalog) resume(ctx context.Context) error {
	type left struct {
		region string
		pending
	}
	var all []left
	err := c.meta.View(ctx, func(txn store.Txn) error {
		all = nil
		for kv, err := range txn.Scan(key("import", "")) {
			if err != nil {
				return err
			}
			l := left{region: strings.Split(string(kv.Key), "/")[1]}
			if err := json.Unmarshal(kv.Value, &l.pending); err != nil {
				return fmt.Errorf("record %s: %w", kv.Key, err)
			}
			all = append(all, l)
		}
		return nil
	})
	for _, l := range all {
		if err == nil {
			_, err = c.finish(ctx, l.region, l.pending)
		}
	}
	return err
}

// finish writes the features of a noted import and strikes out the note.
func (c *Catalog) finish(ctx context.Context, region string, p pending) (done Imported, err error) {
	lines, err := c.private.Open(ctx, p.Blob)
	if err != nil {
		return done, fmt.Errorf("import %s: %w", p.Source.Name, err)
	}
	defer lines.Close()
	in := bufio.NewReaderSize(lines, 1<<20)
	for {
		batch, size := [][]byte(nil), 0
		for len(batch) < MaxEdits && size < maxImportBytes-inlineRecord {
			line, err := in.ReadBytes('\n')
			if err == io.EOF {
				break
			}
			if err != nil {
				return done, fmt.Errorf("import %s: %w", p.Source.Name, err)
			}
			batch = append(batch, bytes.TrimSuffix(line, []byte("\n")))
			size += min(len(line), inlineRecord) + overhead
		}
		if len(batch) == 0 {
			break
		}
		counts, err := c.writeBatch(ctx, region, p.Source.Name, batch)
		if err != nil {
			return done, fmt.Errorf("import %s: %w", p.Source.Name, err)
		}
		done = Imported{done.New + counts.New, done.Changed + counts.Changed, done.Unchanged + counts.Unchanged}
	}
	err = c.meta.Update(ctx, func(txn store.Txn) error {
		if err := set(txn, key("source", region, p.Source.Name), p.Source); err != nil {
			return err
		}
		return txn.Delete(key("import", region, p.Source.Name))
	})
	if err != nil {
		return done, err
	}
	return done, c.private.Delete(ctx, p.Blob)
}

// Operator is who writes what a command imports.
const Operator = "operator"

// maxImportBytes leaves room for the old content of features from before there
// was a history, which goes into it.
const maxImportBytes = MaxEditBytes * 2 / 3

// writeBatch writes some features in one transaction.
func (c *Catalog) writeBatch(ctx context.Context, region, source string, batch [][]byte) (done Imported, err error) {
	refs, contents, size := make([]Ref, len(batch)), make([]Content, len(batch)), 0
	for i, raw := range batch {
		var id struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(raw, &id); err != nil {
			return done, err
		}
		refs[i] = Ref{source, id.ID}
		if contents[i], err = c.Keep(ctx, raw); err != nil {
			return done, err
		}
		size += contents[i].Size()
	}
	stamp := Stamp{At: c.now(), By: Operator}
	err = c.Edit(ctx, region, stamp, size, func(j *Journal) error {
		done = Imported{}
		for i := range refs {
			old, err := j.Get(refs[i])
			switch {
			case err != nil:
				return err
			case !old.Exists():
				done.New++
			case old.Same(contents[i]):
				done.Unchanged++
				continue
			default:
				done.Changed++
			}
			if _, err := j.Put(refs[i], contents[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return done, err
}

// Features calls fn with each feature that a region's sources gave, by source,
// then by id.
func (c *Catalog) Features(ctx context.Context, region string, fn func(Given) error) error {
	return c.meta.View(ctx, func(txn store.Txn) error {
		for kv, err := range txn.Scan(key("feature", region, "")) {
			if err != nil {
				return err
			}
			var r Record
			if err := json.Unmarshal(kv.Value, &r); err != nil {
				return fmt.Errorf("record %s: %w", kv.Key, err)
			}
			if !r.Exists() {
				continue
			}
			raw, err := c.Read(ctx, r.Content)
			if err != nil {
				return fmt.Errorf("record %s: %w", kv.Key, err)
			}
			f, err := feature.Parse(raw)
			if err != nil {
				return fmt.Errorf("record %s: %w", kv.Key, err)
			}
			if err := fn(Given{Source: strings.Split(string(kv.Key), "/")[2], At: r.At, Feature: f}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Sources lists where a region's features come from.
func (c *Catalog) Sources(ctx context.Context, region string) (all []Source, err error) {
	err = c.meta.View(ctx, func(txn store.Txn) error {
		all, err = list[Source](txn, key("source", region, ""))
		return err
	})
	return all, err
}
