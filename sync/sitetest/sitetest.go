// Package sitetest holds a site, a ledger and a device in memory, for tests of
// the rooms beside it. The objects are served over HTTP as any static server
// would serve them. All parts are safe for concurrent use.
package sitetest

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/publish"
	"github.com/pannier-maps/pannier/sync/pull"
	"github.com/pannier-maps/pannier/tiles/cell"
)

// Objects is a site in memory.
type Objects struct {
	mu    sync.Mutex
	files map[string][]byte
}

// NewObjects returns an empty site.
func NewObjects() *Objects { return &Objects{files: make(map[string][]byte)} }

// Put implements publish.Objects.
func (o *Objects) Put(_ context.Context, name string, data []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if there, ok := o.files[name]; ok && !bytes.Equal(there, data) {
		return fmt.Errorf("%s: %w with other bytes", name, fs.ErrExist)
	}
	o.files[name] = bytes.Clone(data)
	return nil
}

// Replace implements publish.Objects.
func (o *Objects) Replace(_ context.Context, name string, data []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.files[name] = bytes.Clone(data)
	return nil
}

// Get implements publish.Objects.
func (o *Objects) Get(_ context.Context, name string) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	data, ok := o.files[name]
	if !ok {
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	return bytes.Clone(data), nil
}

// Delete removes an object.
func (o *Objects) Delete(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.files, name)
}

// Names lists the objects in rising order.
func (o *Objects) Names() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Sorted(maps.Keys(o.files))
}

// ServeHTTP answers as a static web server does, with ranges and tags.
func (o *Objects) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, err := o.Get(r.Context(), strings.TrimPrefix(r.URL.Path, "/"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", `"`+blob.Sum(data).Short()+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// Content turns cells into content to publish, with the least facts.
func Content(cells map[cell.Key][]byte) publish.Content {
	reader := 1
	for key := range cells {
		reader = max(reader, manifest.MinReader(key.Layer))
	}
	return publish.Content{
		Meta: manifest.Meta{Region: "test", Name: "Test", MinReader: reader, TileFormat: "mvt"},
		Cells: func(ctx context.Context, emit func(key cell.Key, raw []byte) error) error {
			for key, raw := range cells {
				if err := emit(key, raw); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// Device holds one region in memory. It implements pull.Installed.
type Device struct {
	mu    sync.Mutex
	state *pull.State
	cells map[cell.Key][]byte
}

// State implements pull.Installed.
func (d *Device) State(context.Context) (pull.State, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state == nil {
		return pull.State{}, fs.ErrNotExist
	}
	return *d.state, nil
}

// Cell implements pull.Installed.
func (d *Device) Cell(_ context.Context, key cell.Key) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	raw, ok := d.cells[key]
	if !ok {
		return nil, fmt.Errorf("cell %s: %w", key, fs.ErrNotExist)
	}
	return bytes.Clone(raw), nil
}

// Apply implements pull.Installed.
func (d *Device) Apply(_ context.Context, next pull.Version) error {
	d.mu.Lock()
	cells := maps.Clone(d.cells)
	d.mu.Unlock()
	if cells == nil {
		cells = make(map[cell.Key][]byte)
	}
	for c, err := range next.Changed {
		if err != nil {
			return err
		}
		if e, ok := next.Decoded.Find(c.Key); !ok || e.Hash != blob.Sum(c.Raw) {
			return fmt.Errorf("cell %s does not fit the manifest", c.Key)
		}
		cells[c.Key] = c.Raw
	}
	for _, key := range next.Removed {
		delete(cells, key)
	}
	if held := next.Selection.Cover().Of(next.Decoded); len(cells) != len(held.Entries) {
		return fmt.Errorf("%d cells, the manifest lists %d", len(cells), len(held.Entries))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state, d.cells = &next.State, cells
	return nil
}

// Refresh implements pull.Installed.
func (d *Device) Refresh(_ context.Context, roots [][]byte, note []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state.Origin.Roots, d.state.HeadNote = roots, note
	return nil
}

// Clone returns a device that holds the same.
func (d *Device) Clone() *Device {
	d.mu.Lock()
	defer d.mu.Unlock()
	state := *d.state
	return &Device{state: &state, cells: maps.Clone(d.cells)}
}

// Damage changes a byte of an installed cell.
func (d *Device) Damage(key cell.Key) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cells[key] = bytes.Clone(d.cells[key])
	d.cells[key][0] ^= 1
}

// Cells returns a copy of what is installed.
func (d *Device) Cells() map[cell.Key][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.cells)
}
