package jobs

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/editing"
)

// Group is what an object of a file is, beside what is there.
type Group string

// The groups.
const (
	New       Group = "new"
	Changed   Group = "changed"
	Edited    Group = "edited"    // changed in the file, and by hand since the last import
	Unchanged Group = "unchanged" // as the last import gave it
	Vanished  Group = "vanished"  // the last import had it, the file has not
	Rejected  Group = "rejected"
)

// Values lists the groups.
func (Group) Values() []string {
	return []string{string(New), string(Changed), string(Edited), string(Unchanged), string(Vanished), string(Rejected)}
}

// Item is an object of a file, or one that vanished from it.
type Item struct {
	Line     int      `json:"line,omitempty"` // in the file, from 1
	ID       string   `json:"id,omitempty"`
	Name     string   `json:"name,omitempty"`
	Category string   `json:"category,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	// Of one that was rejected.
	Where  string `json:"where,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Base is the hash of what was there, "" of nothing.
	Base string `json:"base,omitempty"`
	// Feature is the record to write.
	Feature json.RawMessage `json:"feature,omitempty"`
	// Fields are what differs from what is there now; Page fills them in.
	Fields []editing.Field `json:"fields,omitempty"`
}

// maxChunk is how many items a chunk holds: as many as one editing.Desk.Save takes.
const maxChunk = editing.MaxBatch

func itemsName(region string, job Job, g Group, chunk int) string {
	return fmt.Sprintf("jobs/%s.%d.%d.%s.%d", region, job.Number, job.Generation, g, chunk)
}

// sorter writes items into chunks, by group.
type sorter struct {
	j      *Jobs
	region string
	job    *Job
	open   map[Group]*chunk
}

// chunk is the items of a group that are not written yet.
type chunk struct {
	lines bytes.Buffer
	items int
	size  int // of a transaction
}

func (s *sorter) add(ctx context.Context, g Group, item Item) error {
	*s.job.Counts.of(g)++
	line, err := json.Marshal(item)
	if err != nil {
		return err
	}
	size := catalog.Content{Feature: item.Feature[:min(len(item.Feature), 64<<10)]}.Size()
	c := s.open[g]
	if c != nil && (c.items == maxChunk || c.size+size > catalog.MaxEditBytes) {
		if err := s.flush(ctx, g); err != nil {
			return err
		}
		c = nil
	}
	if c == nil {
		c = new(chunk)
		s.open[g] = c
	}
	c.lines.Write(append(line, '\n'))
	c.items++
	c.size += size
	return nil
}

func (s *sorter) flush(ctx context.Context, g Group) error {
	c := s.open[g]
	if c == nil {
		return nil
	}
	delete(s.open, g)
	name := itemsName(s.region, *s.job, g, s.job.Chunks[g])
	s.job.Chunks[g]++
	return s.j.private.Replace(ctx, name, c.lines.Bytes())
}

func (s *sorter) end(ctx context.Context) error {
	for _, g := range Group("").Values() {
		if err := s.flush(ctx, Group(g)); err != nil {
			return err
		}
	}
	return nil
}

// of returns the count of a group.
func (c *Counts) of(g Group) *int {
	return map[Group]*int{New: &c.New, Changed: &c.Changed, Edited: &c.Edited, Unchanged: &c.Unchanged, Vanished: &c.Vanished, Rejected: &c.Rejected}[g]
}

// items calls fn with each item of a chunk.
func (j *Jobs) items(ctx context.Context, region string, job Job, g Group, n int, fn func(Item) error) error {
	o, err := j.private.Open(ctx, itemsName(region, job, g, n))
	if err != nil {
		return err
	}
	defer o.Close()
	in := bufio.NewReaderSize(o, 64<<10)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var item Item
		if err := json.Unmarshal(line, &item); err != nil {
			return fmt.Errorf("item of import %d: %w", job.Number, err)
		}
		if err := fn(item); err != nil {
			return err
		}
	}
}

// errEnough ends a walk through items.
var errEnough = errors.New("enough")

// Page returns items of a group from a cursor on ("": the first), at most so
// many, and the cursor of the following page, "" at the end. Those that change
// something tell what.
func (j *Jobs) Page(ctx context.Context, region string, job Job, g Group, cursor string, limit int) (page []Item, next string, err error) {
	chunk, from, err := readCursor(cursor)
	if err != nil || chunk >= job.Chunks[g] {
		return nil, "", err
	}
	n := 0
	err = j.items(ctx, region, job, g, chunk, func(item Item) error {
		if n++; n <= from {
			return nil
		}
		if len(page) == limit {
			next = fmt.Sprintf("%d.%d", chunk, n-1)
			return errEnough
		}
		page = append(page, item)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("%w: what import %d found is no longer kept", ErrNotFound, job.Number)
	}
	if err != nil && err != errEnough {
		return nil, "", err
	}
	if err == nil && chunk+1 < job.Chunks[g] {
		next = fmt.Sprintf("%d.0", chunk+1)
	}
	for i := range page {
		if err := j.compareNow(ctx, region, job, g, &page[i]); err != nil {
			return nil, "", err
		}
	}
	return page, next, nil
}

// compareNow tells what an item changes of what is there now.
func (j *Jobs) compareNow(ctx context.Context, region string, job Job, g Group, item *Item) error {
	if g != Changed && g != Edited {
		return nil
	}
	now, err := j.catalog.Get(ctx, region, catalog.Ref{Source: job.Source, ID: item.ID})
	if err != nil {
		return err
	}
	raw, err := j.catalog.Read(ctx, now.Content)
	item.Fields = editing.Diff(raw, item.Feature)
	return err
}

func readCursor(s string) (chunk, from int, err error) {
	if s == "" {
		return 0, 0, nil
	}
	a, b, ok := strings.Cut(s, ".")
	chunk, errA := strconv.Atoi(a)
	from, errB := strconv.Atoi(b)
	if !ok || errA != nil || errB != nil || chunk < 0 || from < 0 {
		return 0, 0, fmt.Errorf("%w: %.40q is no cursor that a page gave", ErrInvalid, s)
	}
	return chunk, from, nil
}

// forget removes what a reading found.
func (j *Jobs) forget(ctx context.Context, region string, job Job) error {
	for g, n := range job.Chunks {
		for i := range n {
			if err := j.private.Delete(ctx, itemsName(region, job, g, i)); err != nil {
				return err
			}
		}
	}
	return nil
}
