package offline

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pannier-maps/pannier/sync/blob"
	"github.com/pannier-maps/pannier/sync/cover"
	"github.com/pannier-maps/pannier/sync/head"
	"github.com/pannier-maps/pannier/sync/manifest"
	"github.com/pannier-maps/pannier/sync/pull"
)

// Names in the state table.
const (
	stateHead      = "head"
	stateManifest  = "manifest"
	stateServer    = "server"
	stateRoots     = "roots"
	stateSelection = "selection" // absent: everything
	stateChanges   = "changes"   // what the last update brought
)

// State returns the installed version, fs.ErrNotExist when there is none.
func (r *Region) State(ctx context.Context) (pull.State, error) {
	tx, err := r.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return pull.State{}, fmt.Errorf("read state: %w", explain(err))
	}
	defer tx.Rollback()
	return loadState(ctx, tx)
}

func loadState(ctx context.Context, db queryer) (s pull.State, err error) {
	if s.HeadNote, err = readState(ctx, db, stateHead); err != nil {
		return pull.State{}, err
	}
	if s.Manifest, err = readState(ctx, db, stateManifest); err != nil {
		return pull.State{}, err
	}
	server, err := readState(ctx, db, stateServer)
	if err != nil {
		return pull.State{}, err
	}
	s.Origin.Server = string(server)
	notes, err := readState(ctx, db, stateRoots)
	if err != nil {
		return pull.State{}, err
	}
	if s.Origin.Roots, err = unpackRoots(notes); err != nil {
		return pull.State{}, err
	}
	s.Selection, err = loadSelection(ctx, db)
	return s, err
}

// loadSelection returns which part of the region is held.
func loadSelection(ctx context.Context, db queryer) (cover.Selection, error) {
	data, err := readState(ctx, db, stateSelection)
	if errors.Is(err, fs.ErrNotExist) {
		return cover.Selection{}, nil
	}
	if err != nil {
		return cover.Selection{}, err
	}
	s, err := cover.Parse(data)
	if err != nil {
		return s, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return s, nil
}

// packRoots writes signed notes, which are text, as JSON.
func packRoots(notes [][]byte) ([]byte, error) {
	texts := make([]string, len(notes))
	for i, note := range notes {
		texts[i] = string(note)
	}
	return json.Marshal(texts)
}

func unpackRoots(data []byte) (notes [][]byte, err error) {
	var texts []string
	if err := json.Unmarshal(data, &texts); err != nil {
		return nil, fmt.Errorf("%w: roots: %w", ErrDamaged, err)
	}
	for _, text := range texts {
		notes = append(notes, []byte(text))
	}
	return notes, nil
}

func readState(ctx context.Context, db queryer, name string) (value []byte, err error) {
	err = db.QueryRowContext(ctx, `SELECT value FROM state WHERE name = ?`, name).Scan(&value)
	if err != nil {
		return nil, absent(err, "installed version")
	}
	return value, nil
}

func storeState(ctx context.Context, db queryer, s pull.State) error {
	roots, err := packRoots(s.Origin.Roots)
	if err != nil {
		return err
	}
	for _, row := range []struct {
		name  string
		value []byte
	}{
		{stateHead, s.HeadNote},
		{stateManifest, s.Manifest},
		{stateServer, []byte(s.Origin.Server)},
		{stateRoots, roots},
	} {
		if row.value == nil {
			row.value = []byte{}
		}
		if _, err := db.ExecContext(ctx, `INSERT OR REPLACE INTO state VALUES (?, ?)`, row.name, row.value); err != nil {
			return err
		}
	}
	return storeSelection(ctx, db, s.Selection)
}

func storeSelection(ctx context.Context, db queryer, s cover.Selection) error {
	if s.IsAll() {
		_, err := db.ExecContext(ctx, `DELETE FROM state WHERE name = ?`, stateSelection)
		return err
	}
	data, err := s.Encode()
	if err != nil {
		return err
	}
	// A program that knows format 1 only would take a part for damage.
	if _, err := db.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version=%d`, formatVersion)); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `INSERT OR REPLACE INTO state VALUES (?, ?)`, stateSelection, data)
	return err
}

// Manifest returns the installed manifest, fs.ErrNotExist when there is none. It
// lists the whole version, of which the device may hold a part (Held).
func (r *Region) Manifest(ctx context.Context) (*manifest.Manifest, error) {
	return loadManifest(ctx, r.read)
}

func loadManifest(ctx context.Context, db queryer) (*manifest.Manifest, error) {
	data, err := readState(ctx, db, stateManifest)
	if err != nil {
		return nil, err
	}
	m, err := manifest.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return m, nil
}

// Held returns the installed manifest with only the cells that are held.
func (r *Region) Held(ctx context.Context) (*manifest.Manifest, error) {
	tx, err := r.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("read state: %w", explain(err))
	}
	defer tx.Rollback()
	return loadHeld(ctx, tx)
}

func loadHeld(ctx context.Context, db queryer) (*manifest.Manifest, error) {
	m, err := loadManifest(ctx, db)
	if err != nil {
		return nil, err
	}
	s, err := loadSelection(ctx, db)
	return s.Cover().Of(m), err
}

// Head returns the installed head, fs.ErrNotExist when there is none. Its
// signature was checked before it was stored.
func (r *Region) Head(ctx context.Context) (*head.Head, error) {
	note, err := readState(ctx, r.read, stateHead)
	if err != nil {
		return nil, err
	}
	h, err := head.Peek(note)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return h, nil
}

// Refresh replaces roots and head by newer ones; the head must name the installed
// manifest.
func (r *Region) Refresh(ctx context.Context, roots [][]byte, headNote []byte) error {
	if r.write == nil {
		return ErrReadOnly
	}
	h, err := head.Peek(headNote)
	if err != nil {
		return fmt.Errorf("refresh head: %w", err)
	}
	tx, err := r.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("refresh head: %w", explain(err))
	}
	defer tx.Rollback()
	s, err := loadState(ctx, tx)
	if err != nil {
		return fmt.Errorf("refresh head: %w", err)
	}
	if blob.Sum(s.Manifest) != h.Manifest {
		return fmt.Errorf("refresh head: version %d has another content than the installed one", h.Version)
	}
	s.Origin.Roots, s.HeadNote = roots, headNote
	if err := storeState(ctx, tx, s); err != nil {
		return fmt.Errorf("refresh head: %w", explain(err))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("refresh head: %w", explain(err))
	}
	return nil
}
