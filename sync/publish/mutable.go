package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/pannier-maps/pannier/sync/layout"
	"github.com/pannier-maps/pannier/sync/site"
)

// writeMutable brings the region's changing objects up to the ledger, the
// roots before the region's head, and that before the lists that mention it. It goes on until it finds
// nothing to write: of several that write at once, the last to do so sees what
// the ledger says by then, so that no older state stays.
func (p *Publisher) writeMutable(ctx context.Context, region string) error {
	for wrote := true; wrote; {
		versions, err := p.Ledger.Versions(ctx, region)
		if err != nil {
			return fmt.Errorf("read ledger: %w", err)
		}
		if len(versions) == 0 {
			return nil
		}
		if _, err := p.writeRoots(ctx); err != nil {
			return err
		}
		first, err := p.replace(ctx, layout.Head(region), versions[current(versions)].Head)
		if err != nil {
			return err
		}
		second, err := p.replaceJSON(ctx, layout.History(region), history(region, versions))
		if err != nil {
			return err
		}
		wrote = first || second
	}
	return p.writeRegions(ctx)
}

// history is what the ledger's versions look like to clients: none leads from
// or to a version that is not kept.
func history(region string, versions []Version) site.History {
	h := site.History{Region: region}
	for _, v := range versions {
		h.Versions = append(h.Versions, site.Version{
			Number: v.Number, Manifest: v.Manifest, Raw: v.Raw, Created: v.Created, Message: v.Message, Cells: v.Cells, Bytes: v.Bytes,
		})
		for _, d := range v.Deltas {
			if d.Number >= versions[0].Number {
				h.Deltas = append(h.Deltas, site.Delta{From: d.Number, To: v.Number, Bytes: d.Bytes})
			}
		}
	}
	return h
}

// writeRegions writes the list of the site's published regions, again when it
// has changed meanwhile.
func (p *Publisher) writeRegions(ctx context.Context) error {
	for {
		list, err := p.regions(ctx)
		if err != nil {
			return err
		}
		if wrote, err := p.replaceJSON(ctx, layout.Regions, list); !wrote || err != nil {
			return err
		}
	}
}

// regions makes the list. A region whose manifest cannot be read keeps the line
// that it has.
func (p *Publisher) regions(ctx context.Context) (list site.Regions, err error) {
	regions, err := p.Ledger.Regions(ctx)
	if err != nil {
		return list, fmt.Errorf("read ledger: %w", err)
	}
	chain, err := p.chain(ctx)
	if err != nil {
		return list, err
	}
	list.Regions = []site.Region{}
	for _, r := range regions {
		versions, err := p.Ledger.Versions(ctx, r.ID)
		if err != nil {
			return list, fmt.Errorf("read ledger: %w", err)
		}
		if len(versions) == 0 {
			continue
		}
		last := versions[current(versions)]
		m, err := ReadManifest(ctx, p.Objects, r.ID, last.Manifest, last.Raw)
		if err != nil {
			was, ok := p.listed(ctx, r.ID)
			if !ok {
				return list, err
			}
			list.Regions = append(list.Regions, was)
			continue
		}
		list.Regions = append(list.Regions, site.Region{
			ID: r.ID, Name: m.Meta.Name, Languages: m.Meta.Languages, Bounds: m.Meta.Bounds,
			Version: last.Number, Created: last.Created, Bytes: last.Bytes,
			Site: chain.Newest().Site, Root: chain.Fingerprint(), Licences: m.Meta.Licences,
		})
	}
	return list, nil
}

// listed returns a region's line of the list as it is.
func (p *Publisher) listed(ctx context.Context, region string) (site.Region, bool) {
	data, err := p.Objects.Get(ctx, layout.Regions)
	if err != nil {
		return site.Region{}, false
	}
	list, err := site.ParseRegions(data)
	if err != nil {
		return site.Region{}, false
	}
	r, ok := list.Find(region)
	return r, ok
}

// Repair brings every changing object of the site up to the ledger. Run it when
// a server starts: it closes the gap that a crash in the middle of a publish
// leaves. Damage in one region, such as a manifest that is corrupt or gone, does
// not keep it from the others; the error tells all. It is ErrAhead if the site
// holds a newer head than the ledger knows, which only a restored or foreign
// ledger can cause: publishing then would contradict what riders have.
func (p *Publisher) Repair(ctx context.Context) error {
	regions, err := p.Ledger.Regions(ctx)
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	if err := p.repairRoots(ctx); err != nil {
		return fmt.Errorf("repair roots: %w", err)
	}
	var errs []error
	for _, r := range regions {
		if err := p.repair(ctx, r); err != nil {
			errs = append(errs, fmt.Errorf("repair %s: %w", r.ID, err))
		}
	}
	if len(errs) == 0 {
		errs = append(errs, p.writeRegions(ctx)) // there may be none that writes it
	}
	return errors.Join(errs...)
}

func (p *Publisher) repair(ctx context.Context, r Region) error {
	versions, err := p.Ledger.Versions(ctx, r.ID)
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	note, err := p.Objects.Get(ctx, layout.Head(r.ID))
	if err == nil {
		chain, err := p.chain(ctx)
		if err != nil || chain == nil {
			return err
		}
		h, err := chain.OpenHead(note, r.ID)
		if err == nil && h.Version > newest(versions) {
			return fmt.Errorf("%w: %s is at version %d, the ledger ends at %d: was an old copy of the data folder restored?",
				ErrAhead, layout.Head(r.ID), h.Version, newest(versions))
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return p.writeMutable(ctx, r.ID)
}

// Differing lists the changing objects of the site that are not what the ledger
// says: those that Repair would write.
func (p *Publisher) Differing(ctx context.Context) ([]string, error) {
	d := &differing{p.Objects, make(map[string][]byte)}
	err := (&Publisher{Objects: d, Ledger: p.Ledger}).Repair(ctx)
	return slices.Sorted(maps.Keys(d.written)), err
}

// differing keeps for itself what would be replaced.
type differing struct {
	Objects
	written map[string][]byte
}

func (d *differing) Get(ctx context.Context, name string) ([]byte, error) {
	if data, ok := d.written[name]; ok {
		return data, nil
	}
	return d.Objects.Get(ctx, name)
}

func (d *differing) Replace(_ context.Context, name string, data []byte) error {
	d.written[name] = data
	return nil
}

func (p *Publisher) replaceJSON(ctx context.Context, name string, value any) (wrote bool, err error) {
	data, err := json.Marshal(value)
	if err != nil {
		return false, fmt.Errorf("write %s: %w", name, err)
	}
	return p.replace(ctx, name, append(data, '\n'))
}

// replace writes an object unless it holds these bytes already.
func (p *Publisher) replace(ctx context.Context, name string, data []byte) (wrote bool, err error) {
	if there, err := p.Objects.Get(ctx, name); err == nil && bytes.Equal(there, data) {
		return false, nil
	}
	if err := p.Objects.Replace(ctx, name, data); err != nil {
		return false, fmt.Errorf("write %s: %w", name, err)
	}
	return true, nil
}
