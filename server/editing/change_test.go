package editing

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
	"github.com/pannier-maps/pannier/tiles/feature"
)

func farmRef(n int) catalog.Ref { return catalog.Ref{Source: "farm", ID: fmt.Sprint("farm/", n)} }

// proposed makes a change of the farm's and proposes it.
func proposed(t *testing.T, d *Desk, writes ...Write) Change {
	t.Helper()
	saved, err := d.Save(ctx, farm, "mura", 0, Words{Title: "Spring"}, writes, "", "")
	if err != nil {
		t.Fatal(err)
	}
	for i, err := range saved.Errs {
		if err != nil {
			t.Fatalf("write %d: %v", i, err)
		}
	}
	c, err := d.Propose(ctx, farm, "mura", saved.Change.Number, Words{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func accept(t *testing.T, d *Desk, number uint64) Change {
	t.Helper()
	c, err := d.Accept(ctx, editor, "mura", number, "", false)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// names returns the Slovene names of a region's features by id, "" when gone.
func names(t *testing.T, d *Desk) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := d.catalog.Features(ctx, "mura", func(g catalog.Given) error {
		all[g.Feature.ID] = g.Feature.Names["sl"]
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestChange(t *testing.T) {
	d := desk(t, t.TempDir())
	saved, err := d.Save(ctx, farm, "mura", 0, Words{Title: "Spring"}, []Write{{Ref: farmRef(1), Feature: place("Sir")}, {Ref: farmRef(2), Feature: &feature.Feature{}}}, "key", "body")
	if err != nil || saved.Change.Number != 1 || saved.Change.State != Draft || saved.Change.Proposals != 1 || saved.Errs[0] != nil || !errors.Is(saved.Errs[1], ErrInvalid) {
		t.Fatalf("saved %+v, %v", saved, err)
	}
	again, err := d.Save(ctx, farm, "mura", 0, Words{Title: "Spring"}, []Write{{Ref: farmRef(1), Feature: place("Sir")}}, "key", "body")
	if err != nil || again.Change.Number != 1 {
		t.Errorf("the same request again made %+v, %v", again, err)
	}
	// The same feature again takes the place of the first.
	saved, err = d.Save(ctx, farm, "mura", 1, Words{Note: "More"}, []Write{{Ref: farmRef(1), Feature: place("Kozji sir")}, {Ref: farmRef(3), Feature: place("Med")}}, "", "")
	if err != nil || saved.Change.Proposals != 2 || saved.Change.Title != "Spring" || saved.Change.Note != "More" {
		t.Fatalf("extended %+v, %v", saved, err)
	}
	for name, try := range map[string]func() error{
		"accepting a draft":        func() error { _, err := d.Accept(ctx, editor, "mura", 1, "", false); return err },
		"returning a draft":        func() error { _, err := d.Return(ctx, editor, "mura", 1, "why"); return err },
		"another's change":         func() error { _, err := d.Propose(ctx, museum, "mura", 1, Words{}); return err },
		"extending another's":      func() error { _, err := d.Save(ctx, museum, "mura", 1, Words{}, nil, "", ""); return err },
		"a change there is not":    func() error { _, err := d.Propose(ctx, farm, "mura", 9, Words{}); return err },
		"undoing what was not yet": func() error { _, err := d.Undo(ctx, farm, "mura", 1); return err },
	} {
		if err := try(); !errors.Is(err, ErrState) && !errors.Is(err, ErrForbidden) && !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.Propose(ctx, farm, "mura", 1, Words{}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Save(ctx, farm, "mura", 1, Words{}, nil, "", ""); !errors.Is(err, ErrState) {
		t.Errorf("extending what is proposed: %v", err)
	}
	if _, err := d.Accept(ctx, farm, "mura", 1, "", false); !errors.Is(err, ErrForbidden) {
		t.Errorf("a contributor accepts: %v", err)
	}
	if c, err := d.Return(ctx, editor, "mura", 1, "Add the opening hours"); err != nil || c.State != Returned || c.Reply != "Add the opening hours" || c.Reviewer != "user/eva" {
		t.Errorf("returned %+v, %v", c, err)
	}
	if _, err := d.Propose(ctx, farm, "mura", 1, Words{}); err != nil {
		t.Fatal(err)
	}
	if len(names(t, d)) != 0 {
		t.Error("a proposed change shows")
	}
	c := accept(t, d, 1)
	if c.State != Accepted || c.Applied != 2 || c.Skipped != 0 {
		t.Errorf("accepted %+v", c)
	}
	if got := names(t, d); len(got) != 2 || got["farm/1"] != "Kozji sir" {
		t.Errorf("features %v", got)
	}
	history, err := d.History(ctx, "mura", farmRef(1), 0, 9)
	if err != nil || len(history) != 1 || history[0].Change != 1 || history[0].By != "user/eva" || history[0].Organisation != "farm" {
		t.Errorf("history %+v, %v", history, err)
	}
	if pages, next, err := d.Changes(ctx, "mura", Accepted, "farm", 0, 10); err != nil || len(pages) != 1 || next != 0 {
		t.Errorf("accepted changes %+v, %d, %v", pages, next, err)
	}
	if pages, _, err := d.Changes(ctx, "mura", Draft, "", 0, 10); err != nil || len(pages) != 0 {
		t.Errorf("drafts %+v, %v", pages, err)
	}
	var actions []string
	lines, _ := d.Audit(ctx, "mura", 0, 100)
	for _, l := range lines {
		actions = append(actions, l.Action)
	}
	want := "change accepted, feature created, feature created, change applying, change proposed, change returned, change proposed, change draft"
	if got := strings.Join(actions, ", "); got != want {
		t.Errorf("journal %s, want %s", got, want)
	}
}

func TestConflicts(t *testing.T) {
	d := desk(t, t.TempDir())
	accept(t, d, proposed(t, d, Write{Ref: farmRef(1), Feature: place("ena")}, Write{Ref: farmRef(2), Feature: place("dve")}, Write{Ref: farmRef(3), Feature: place("tri")}).Number)
	base := func(n int) string {
		r, err := d.Get(ctx, "mura", farmRef(n))
		if err != nil {
			t.Fatal(err)
		}
		return r.Hash()
	}
	c := proposed(t, d,
		Write{Ref: farmRef(1), Base: base(1), Feature: place("ena+")},
		Write{Ref: farmRef(2), Base: base(2)},
		Write{Ref: farmRef(4), Feature: place("štiri")})
	if found, err := d.Conflicts(ctx, "mura", c.Number); found != nil || err != nil {
		t.Errorf("conflicts before: %v, %v", found, err)
	}
	if _, err := d.Put(ctx, editor, "mura", Write{Ref: farmRef(1), Base: base(1), Feature: place("popravljeno")}); err != nil {
		t.Fatal(err)
	}
	_, err := d.Accept(ctx, editor, "mura", c.Number, "", false)
	var found *ConflictsError
	if !errors.As(err, &found) || found.Total != 1 || found.Conflicts[0].Ref != farmRef(1) || found.Conflicts[0].Current.By != "user/eva" || len(found.Conflicts[0].Fields) == 0 {
		t.Fatalf("accept: %v", err)
	}
	if got := names(t, d); len(got) != 3 || got["farm/2"] != "dve" {
		t.Errorf("a change with conflicts was applied: %v", got)
	}
	if now, err := d.Change(ctx, "mura", c.Number); err != nil || now.State != Proposed || now.Reviewer != "" {
		t.Errorf("the change is %+v, %v", now, err)
	}
	all, err := d.Differences(ctx, "mura", c.Number, 0, 10)
	if err != nil || len(all) != 3 || all[0].Current == "" || all[1].Current != "" || all[0].Fields[0].Path != "names.sl" || string(all[0].Fields[0].Before) != `"ena"` {
		t.Errorf("differences %+v, %v", all, err)
	}
	c, err = d.Accept(ctx, editor, "mura", c.Number, "the rest", true)
	if err != nil || c.Applied != 2 || c.Skipped != 1 {
		t.Errorf("skipping: %+v, %v", c, err)
	}
	if got := names(t, d); len(got) != 3 || got["farm/1"] != "popravljeno" || got["farm/4"] != "štiri" {
		t.Errorf("features %v", got)
	}
}

// TestRebase settles a conflict: the author looks at what is there now, and
// proposes anew.
func TestRebase(t *testing.T) {
	d := desk(t, t.TempDir())
	c := proposed(t, d, Write{Ref: farmRef(1), Feature: place("ena")}, Write{Ref: farmRef(2), Feature: place("dve")})
	there, err := d.Put(ctx, editor, "mura", Write{Ref: farmRef(1), Feature: place("tuja")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Accept(ctx, editor, "mura", c.Number, "", false); !errors.Is(err, ErrConflict) {
		t.Fatal(err)
	}
	if _, err := d.Return(ctx, editor, "mura", c.Number, "Look again"); err != nil {
		t.Fatal(err)
	}
	// Farm 2 is written again as the author knows it: on what was proposed.
	all, err := d.Proposals(ctx, "mura", c.Number, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Save(ctx, farm, "mura", c.Number, Words{}, []Write{
		{Ref: farmRef(1), Base: there.Hash, Feature: place("ena in tuja")}, {Ref: farmRef(2), Base: all[1].Content.Hash(), Feature: place("dve+")},
	}, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Propose(ctx, farm, "mura", c.Number, Words{}); err != nil {
		t.Fatal(err)
	}
	accept(t, d, c.Number)
	if got := names(t, d); got["farm/1"] != "ena in tuja" || got["farm/2"] != "dve+" {
		t.Errorf("features %v", got)
	}
}

// TestUndo takes back a change that made, changed and deleted, too large for one
// transaction.
func TestUndo(t *testing.T) {
	d := desk(t, t.TempDir())
	const many = 2500
	number := uint64(0)
	for n := 0; n < many; n += MaxBatch {
		var writes []Write
		for i := n; i < min(n+MaxBatch, many); i++ {
			writes = append(writes, Write{Ref: farmRef(i), Feature: place(fmt.Sprint("mesto ", i))})
		}
		saved, err := d.Save(ctx, farm, "mura", number, Words{Title: "Import"}, writes, "", "")
		if err != nil {
			t.Fatal(err)
		}
		number = saved.Change.Number
	}
	if _, err := d.Propose(ctx, farm, "mura", number, Words{}); err != nil {
		t.Fatal(err)
	}
	if c := accept(t, d, number); c.Applied != many {
		t.Errorf("applied %+v", c)
	}
	before := names(t, d)
	r0, _ := d.Get(ctx, "mura", farmRef(0))
	r1, _ := d.Get(ctx, "mura", farmRef(1))
	second := proposed(t, d, Write{Ref: farmRef(0), Base: r0.Hash(), Feature: place("novo")}, Write{Ref: farmRef(1), Base: r1.Hash()}, Write{Ref: farmRef(many), Feature: place("še eno")})
	accept(t, d, second.Number)
	undo, err := d.Undo(ctx, farm, "mura", second.Number)
	if err != nil || undo.State != Proposed || undo.Undoes != second.Number || undo.Proposals != 3 {
		t.Fatalf("undo %+v, %v", undo, err)
	}
	accept(t, d, undo.Number)
	after := names(t, d)
	if len(after) != len(before) || after["farm/0"] != before["farm/0"] || after["farm/1"] != before["farm/1"] {
		t.Errorf("%d features after undoing, %d before; %q %q", len(after), len(before), after["farm/0"], after["farm/1"])
	}
	// All of the import goes, though some of it was changed and changed back.
	undo, err = d.Undo(ctx, farm, "mura", number)
	if err != nil || undo.Proposals != many {
		t.Fatalf("undo %+v, %v", undo, err)
	}
	accept(t, d, undo.Number)
	if left := names(t, d); len(left) != 0 {
		t.Errorf("%d features are left", len(left))
	}
}

// TestCarryThrough cuts an accepted change off at each of its transactions, and
// opens the desk again.
func TestCarryThrough(t *testing.T) {
	for cut := 1; ; cut++ {
		dir := t.TempDir()
		d := desk(t, dir)
		const many = 24 // of 40 kB: two transactions
		var writes []Write
		for i := range many {
			f := place(fmt.Sprint("mesto ", i))
			f.Descriptions = map[string]string{"sl": strings.Repeat("š", 20_000)}
			writes = append(writes, Write{Ref: farmRef(i), Feature: f})
		}
		saved, err := d.Save(ctx, farm, "mura", 0, Words{}, writes[:many/2], "", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Save(ctx, farm, "mura", saved.Change.Number, Words{}, writes[many/2:], "", ""); err != nil {
			t.Fatal(err)
		}
		c, err := d.Propose(ctx, farm, "mura", saved.Change.Number, Words{})
		if err != nil {
			t.Fatal(err)
		}
		broken := &brokenMeta{MetaStore: d.meta, left: cut}
		b, err := catalog.Open(ctx, broken, privateOf(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		_, err = (&Desk{catalog: b, meta: broken, now: d.now, indexes: map[string]*index{}}).Accept(ctx, editor, "mura", c.Number, "", false)
		if err == nil {
			if cut < 5 {
				t.Fatalf("accepting took %d transactions", cut)
			}
			return
		}
		if !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
		d, err = Open(ctx, d.catalog, d.meta)
		if err != nil {
			t.Fatal(err)
		}
		if c, err = d.Change(ctx, "mura", c.Number); err != nil || c.State != Accepted || c.Applied != many {
			t.Errorf("cut %d: change %+v, %v", cut, c, err)
		}
		if holder, err := d.catalog.Applying(ctx, "mura"); holder != 0 || err != nil {
			t.Errorf("cut %d: change %d still has the region, %v", cut, holder, err)
		}
		if got := names(t, d); len(got) != many {
			t.Errorf("cut %d: %d features", cut, len(got))
		}
	}
}

// TestCarryConflict cuts a change off before its conflicts were found.
func TestCarryConflict(t *testing.T) {
	dir := t.TempDir()
	d := desk(t, dir)
	c := proposed(t, d, Write{Ref: farmRef(1), Feature: place("ena")})
	if _, err := d.Put(ctx, editor, "mura", Write{Ref: farmRef(1), Feature: place("prej")}); err != nil {
		t.Fatal(err)
	}
	broken := &brokenMeta{MetaStore: d.meta, left: 1}
	b, err := catalog.Open(ctx, broken, privateOf(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	cut := &Desk{catalog: b, meta: broken, now: d.now, indexes: map[string]*index{}}
	if _, err := cut.Accept(ctx, editor, "mura", c.Number, "", false); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	if d, err = Open(ctx, d.catalog, d.meta); err != nil {
		t.Fatal(err)
	}
	if c, err = d.Change(ctx, "mura", c.Number); err != nil || c.State != Proposed || names(t, d)["farm/1"] != "prej" {
		t.Errorf("change %+v, %v; features %v", c, err, names(t, d))
	}
}

func TestWithdraw(t *testing.T) {
	d := desk(t, t.TempDir())
	c := proposed(t, d, Write{Ref: farmRef(1), Feature: place("ena")})
	if _, err := d.Withdraw(ctx, museum, "mura", c.Number); !errors.Is(err, ErrForbidden) {
		t.Errorf("another withdraws: %v", err)
	}
	if c, err := d.Withdraw(ctx, farm, "mura", c.Number); err != nil || c.State != Withdrawn {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := d.Accept(ctx, editor, "mura", c.Number, "", false); !errors.Is(err, ErrState) {
		t.Errorf("accepting it: %v", err)
	}
	err := d.meta.View(ctx, func(txn store.Txn) error {
		for state, want := range map[State]int{Proposed: 0, Withdrawn: 1} {
			if got, err := records.Names(txn, records.Key("changes", "mura", string(state), "")); err != nil || len(got) != want {
				t.Errorf("index of %s: %q, %v", state, got, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
