package jobs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/badger"
	"github.com/pannier-maps/pannier/server/store/local"
	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/table"
)

const region = "mura"

var (
	farm    = editing.Actor{ID: "user/farm", Organisation: "farm", Provider: "Farm by the Mura", Trusted: true}
	museum  = editing.Actor{ID: "user/museum", Organisation: "museum"}
	editor  = editing.Actor{ID: "user/editor", Organisation: "farm", Editor: true}
	licence = Settings{Licence: "CC-BY-4.0", Language: "sl"}
	all     = Take{New: true, Changed: true, Edited: true, Vanished: true}
)

// site is a server's stores with its imports.
type site struct {
	*testing.T
	dir     string
	meta    store.MetaStore
	catalog *catalog.Catalog
	desk    *editing.Desk
	jobs    *Jobs
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{T: t, dir: t.TempDir()}
	s.open()
	if _, err := s.catalog.CreateRegion(t.Context(), catalog.Region{ID: region, Languages: []string{"sl"}}); err != nil {
		t.Fatal(err)
	}
	return s
}

// open opens the site, and closes it at the end of the test.
func (s *site) open() {
	s.Helper()
	ctx := context.Background()
	meta, err := badgerstore.Open(filepath.Join(s.dir, "meta"), badgerstore.Options{Log: slog.New(slog.DiscardHandler)}) // closed by tests too
	s.must(err)
	private, err := localstore.Open(filepath.Join(s.dir, "private"))
	s.must(err)
	s.meta = meta
	s.catalog, err = catalog.Open(ctx, meta, private)
	s.must(err)
	s.desk, err = editing.Open(ctx, s.catalog, meta)
	s.must(err)
	s.jobs, err = Open(ctx, Config{Meta: meta, Private: private, Catalog: s.catalog, Desk: s.desk, TempDir: s.dir})
	s.must(err)
	jobs := s.jobs
	s.Cleanup(func() { jobs.Close(); meta.Close(); private.Close() })
}

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// upload sends a file whole.
func (s *site) upload(a editing.Actor, name, content string) Upload {
	s.Helper()
	u, err := s.jobs.CreateUpload(s.Context(), a.ID, a.Organisation, name, int64(len(content)))
	s.must(err)
	u, err = s.jobs.Fill(s.Context(), u.ID, 0, nil, strings.NewReader(content))
	s.must(err)
	return u
}

// read uploads a file and waits until it is compared.
func (s *site) read(a editing.Actor, name, content string) Job {
	s.Helper()
	u := s.upload(a, name, content)
	job, err := s.jobs.Start(s.Context(), Order{Region: region, Upload: u.ID, Actor: a, Settings: licence})
	s.must(err)
	return s.wait(job)
}

func (s *site) wait(job Job) Job {
	s.Helper()
	job, err := s.jobs.Wait(s.Context(), region, job.Number)
	s.must(err)
	return job
}

// counts checks what a comparison found.
func (s *site) counts(job Job, want Counts) Job {
	s.Helper()
	if job.State != Ready || job.Counts != want {
		s.Fatalf("import %d is %s with %+v (%s), want %+v", job.Number, job.State, job.Counts, job.Problem, want)
	}
	return job
}

// apply takes what a job has and waits until it is applied.
func (s *site) apply(a editing.Actor, job Job, take Take, exclude ...string) Job {
	s.Helper()
	_, err := s.jobs.Choose(s.Context(), region, job.Number, take, exclude)
	s.must(err)
	_, err = s.jobs.Apply(s.Context(), a, region, job.Number, editing.Words{}, a.Trusted || a.Editor, false)
	s.must(err)
	return s.wait(job)
}

// features returns the records of a source, by id.
func (s *site) features(source string) map[string]string {
	s.Helper()
	found := map[string]string{}
	s.must(s.catalog.Refs(s.Context(), region, source, func(ref catalog.Ref, r catalog.Record) error {
		if r.Exists() {
			found[ref.ID] = string(r.Feature)
		}
		return nil
	}))
	return found
}

func places(rows ...string) string {
	return "id;name;lat;lon;phone\n" + strings.Join(rows, "\n") + "\n"
}

var three = places("1;Gostilna;46,6;16,1;1", "2;Kamp;46,61;16,12;2", "3;Muzej;46,62;16,13;3")

// A file that comes again changes nothing; one that was changed, what was
// changed; ids stay, and undoing takes back all.
func TestImportAgain(t *testing.T) {
	s := newSite(t)
	job := s.counts(s.read(farm, "places.csv", three), Counts{New: 3})
	job = s.apply(farm, job, job.Take)
	if job.State != Applied || job.Written != 3 || job.Upload != "" {
		t.Fatalf("applied %+v", job)
	}
	first := s.features("farm")
	if len(first) != 3 || !strings.Contains(first["farm/2"], `"Kamp"`) {
		t.Fatalf("there are %v", first)
	}

	same := s.counts(s.read(farm, "places again.csv", three), Counts{Unchanged: 3})
	if same = s.apply(farm, same, all); same.State != Applied || same.Change != 0 {
		t.Errorf("nothing new: %+v", same)
	}
	if now := s.features("farm"); fmt.Sprint(now) != fmt.Sprint(first) {
		t.Errorf("importing it again changed\n%v to\n%v", first, now)
	}

	next := s.counts(s.read(farm, "places 2.csv", places("1;Gostilna;46,6;16,1;1", "2;Kamp;46,61;16,12;22", "4;Mlin;46,63;16,14;4")),
		Counts{New: 1, Changed: 1, Unchanged: 1, Vanished: 1})
	page, cursor, err := s.jobs.Page(t.Context(), region, next, Changed, "", 10)
	s.must(err)
	if len(page) != 1 || cursor != "" || page[0].ID != "farm/2" || page[0].Line != 3 || len(page[0].Fields) != 1 || page[0].Fields[0].Path != "contact.phone" || string(page[0].Fields[0].After) != `"22"` {
		t.Errorf("the preview says %+v %q", page, cursor)
	}
	if page, _, _ = s.jobs.Page(t.Context(), region, next, Vanished, "", 10); len(page) != 1 || page[0].ID != "farm/3" || page[0].Name != "Muzej" {
		t.Errorf("vanished: %+v", page)
	}
	next = s.apply(farm, next, all)
	now := s.features("farm")
	if _, there := now["farm/3"]; there || len(now) != 3 || now["farm/1"] != first["farm/1"] || next.Written != 3 {
		t.Errorf("after the second file: %v", now)
	}

	_, err = s.jobs.Undo(t.Context(), farm, region, next.Number, false)
	s.must(err)
	if next = s.wait(next); next.State != Undone {
		t.Fatalf("undone: %+v", next)
	}
	if now := s.features("farm"); fmt.Sprint(now) != fmt.Sprint(first) {
		t.Errorf("undoing made\n%v of\n%v", first, now)
	}
	// The file that was undone counts as not imported.
	s.counts(s.read(farm, "places 2.csv", places("1;Gostilna;46,6;16,1;1", "2;Kamp;46,61;16,12;22", "4;Mlin;46,63;16,14;4")),
		Counts{New: 1, Changed: 1, Unchanged: 1, Vanished: 1})
}

// What was edited by hand stays, unless the file has something new to say and
// somebody asks for it.
func TestEditedByHand(t *testing.T) {
	s := newSite(t)
	s.apply(farm, s.read(farm, "a.csv", three), Take{New: true})
	edit := func(id, phone string) {
		t.Helper()
		r, err := s.desk.Get(t.Context(), region, catalog.Ref{Source: "farm", ID: id})
		s.must(err)
		w, err := s.desk.Restore(t.Context(), region, catalog.Ref{Source: "farm", ID: id}, r.Rev, r.Hash())
		s.must(err)
		w.Feature.Contact.Phone = phone
		_, err = s.desk.Put(t.Context(), farm, region, w)
		s.must(err)
	}
	edit("farm/1", "11")
	edit("farm/2", "99")
	w, err := s.desk.Put(t.Context(), farm, region, editing.Write{Ref: catalog.Ref{Source: "farm", ID: "farm/3"}, Base: editing.Any})
	s.must(err)
	if w.Hash != "" {
		t.Fatal("not deleted")
	}
	s.apply(farm, s.counts(s.read(farm, "a.csv", three), Counts{Unchanged: 3}), all)
	job := s.counts(s.read(farm, "b.csv", places("1;Gostilna;46,6;16,1;1", "2;Kamp;46,61;16,12;22")), Counts{Unchanged: 1, Edited: 1})
	job = s.apply(farm, job, Take{New: true, Changed: true})
	if now := s.features("farm"); len(now) != 2 || !strings.Contains(now["farm/1"], `"11"`) || !strings.Contains(now["farm/2"], `"99"`) || job.Change != 0 {
		t.Errorf("what was edited by hand is now %v", now)
	}
	job = s.counts(s.read(farm, "b.csv", places("2;Kamp;46,61;16,12;22")), Counts{Edited: 1, Vanished: 1})
	s.apply(farm, job, Take{Edited: true})
	if now := s.features("farm"); !strings.Contains(now["farm/2"], `"22"`) {
		t.Errorf("taken over what was edited: %v", now)
	}
}

// Features that were made by hand do not vanish, and what is excluded stays out.
func TestChoose(t *testing.T) {
	s := newSite(t)
	s.apply(farm, s.read(farm, "a.csv", three), Take{New: true}, "farm/2")
	if now := s.features("farm"); len(now) != 2 || now["farm/2"] != "" {
		t.Fatalf("with one excluded: %v", now)
	}
	w, err := s.desk.Restore(t.Context(), region, catalog.Ref{Source: "farm", ID: "farm/1"}, 1, "")
	s.must(err)
	w.Ref, w.Feature.ID = catalog.Ref{Source: "farm", ID: "farm/own"}, ""
	_, err = s.desk.Put(t.Context(), farm, region, w)
	s.must(err)
	s.counts(s.read(farm, "a.csv", places("2;Kamp;46,61;16,12;2")), Counts{New: 1, Vanished: 2})
}

// An organisation that is not trusted proposes; the import follows the review.
func TestProposed(t *testing.T) {
	s := newSite(t)
	job := s.read(museum, "a.csv", three)
	if _, err := s.jobs.Apply(t.Context(), museum, region, job.Number, editing.Words{}, true, false); !errors.Is(err, editing.ErrForbidden) {
		t.Errorf("accept at once: %v", err)
	}
	job = s.apply(museum, job, job.Take)
	if job.State != Proposed || len(s.features("museum")) != 0 {
		t.Fatalf("proposed: %+v", job)
	}
	_, err := s.desk.Accept(t.Context(), editor, region, job.Change, "", false)
	s.must(err)
	if job, err = s.jobs.Get(t.Context(), region, job.Number); err != nil || job.State != Applied || job.Written != 3 {
		t.Errorf("after the review: %+v, %v", job, err)
	}
	_, err = s.jobs.Undo(t.Context(), museum, region, job.Number, false)
	s.must(err)
	if job = s.wait(job); job.State != Applied || job.Undo == 0 || len(s.features("museum")) != 3 {
		t.Fatalf("undoing is proposed: %+v", job)
	}
	_, err = s.desk.Accept(t.Context(), editor, region, job.Undo, "", false)
	s.must(err)
	if job, err = s.jobs.Get(t.Context(), region, job.Number); err != nil || job.State != Undone || len(s.features("museum")) != 0 {
		t.Errorf("undone: %+v, %v", job, err)
	}
	// One that waits for review is withdrawn.
	job = s.apply(museum, s.read(museum, "a.csv", three), Take{New: true})
	_, err = s.jobs.Undo(t.Context(), museum, region, job.Number, false)
	s.must(err)
	if job = s.wait(job); job.State != Undone {
		t.Errorf("withdrawn: %+v", job)
	}
}

// One import at a time has a source; what is changed meanwhile makes an import be
// compared anew.
func TestAtOnce(t *testing.T) {
	s := newSite(t)
	first := s.read(farm, "a.csv", three)
	u := s.upload(farm, "b.csv", three)
	_, err := s.jobs.Start(t.Context(), Order{Region: region, Upload: u.ID, Actor: farm, Settings: licence})
	var busy *BusyError
	if !errors.As(err, &busy) || busy.Number != first.Number {
		t.Fatalf("a second import: %v", err)
	}
	other, err := s.jobs.Start(t.Context(), Order{Region: region, Source: "farm.other", Upload: u.ID, Actor: farm, Settings: licence})
	s.must(err)
	s.counts(s.wait(other), Counts{New: 3})

	w, err := s.desk.Put(t.Context(), farm, region, editing.Write{Ref: catalog.Ref{Source: "farm", ID: "farm/2"}, Feature: parsed(t, s, first, 1)})
	s.must(err)
	if !w.Created {
		t.Fatal("not created")
	}
	first = s.apply(farm, first, first.Take)
	s.counts(first, Counts{New: 2, Edited: 1})
	if !strings.Contains(first.Problem, "farm/2") || len(s.features("farm")) != 1 {
		t.Errorf("a conflict says %q", first.Problem)
	}
	if first = s.apply(farm, first, first.Take); first.State != Applied || first.Written != 2 {
		t.Errorf("applied after that: %+v", first)
	}
	if _, err := s.jobs.Cancel(t.Context(), region, other.Number); err != nil {
		t.Error(err)
	}
	if _, err := s.jobs.Cancel(t.Context(), region, first.Number); !errors.Is(err, ErrState) {
		t.Errorf("cancel what is applied: %v", err)
	}
	if _, err := s.jobs.Upload(t.Context(), u.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("the file of a cancelled import: %v", err)
	}
}

// Columns are guessed; somebody may say otherwise, also after it failed.
func TestColumns(t *testing.T) {
	s := newSite(t)
	job := s.read(farm, "a.csv", "what;north;east\nGostilna;46.6;16.1\nKamp;46.61;16.12\n")
	if job.State != Failed || !job.Columns || !strings.Contains(job.Problem, `"north"`) {
		t.Fatalf("unknown columns: %+v", job)
	}
	c, err := s.jobs.Columns(t.Context(), region, job)
	s.must(err)
	if len(c.Sample) != 3 || c.Sample[1][0] != "Gostilna" || len(c.Mapping.Columns) != 3 {
		t.Errorf("the columns are %+v", c)
	}
	m := c.Mapping
	m.Columns[0].Field, m.Columns[1].Field = table.Name, table.Latitude
	if _, err := s.jobs.Reread(t.Context(), region, job.Number, nil, &m); !errors.Is(err, ErrInvalid) {
		t.Errorf("without a longitude: %v", err)
	}
	m.Columns[2].Field = table.Longitude
	_, err = s.jobs.Reread(t.Context(), region, job.Number, nil, &m)
	s.must(err)
	job = s.counts(s.wait(job), Counts{New: 2})
	named := licence
	named.Category = "food.restaurant"
	_, err = s.jobs.Reread(t.Context(), region, job.Number, &named, nil)
	s.must(err)
	job = s.counts(s.wait(job), Counts{New: 2})
	if page, _, _ := s.jobs.Page(t.Context(), region, job, New, "", 1); len(page) != 1 || page[0].Category != "food.restaurant" || page[0].Name != "Gostilna" {
		t.Errorf("with other settings: %+v", page)
	}
}

func parsed(t *testing.T, s *site, job Job, n int) (f *feature.Feature) {
	t.Helper()
	page, _, err := s.jobs.Page(t.Context(), region, job, New, "", 10)
	s.must(err)
	f, err = feature.Parse(page[n].Feature)
	s.must(err)
	f.Contact.Phone = "by hand"
	return f
}

func TestRejected(t *testing.T) {
	s := newSite(t)
	job := s.counts(s.read(farm, "a.csv", places("1;Gostilna;46,6;16,1;1", "2;Kamp;;16,12;2", "3;Muzej;146;16,13;3")), Counts{New: 1, Rejected: 2})
	page, _, err := s.jobs.Page(t.Context(), region, job, Rejected, "", 10)
	s.must(err)
	if len(page) != 2 || page[0].Line != 3 || !strings.Contains(page[0].Reason, "latitude is missing") {
		t.Errorf("rejected: %+v", page)
	}
	for name, content := range map[string]string{
		"letter.txt": "Dear Sir or Madam", "picture.png": "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR", "cut.gpx": "<gpx version=\"1.1\">\n<wpt lat=\"42.5\"",
		"map.osm": `<osm version="0.6"></osm>`, "cut.gz": "\x1f\x8b\x08\x00",
	} {
		u := s.upload(museum, name, content)
		job, err := s.jobs.Start(t.Context(), Order{Region: region, Upload: u.ID, Actor: museum, Settings: licence})
		s.must(err)
		if job = s.wait(job); job.State != Failed || !strings.Contains(job.Problem, name) || strings.Contains(job.Problem, s.dir) {
			t.Errorf("%s: %s %q", name, job.State, job.Problem)
		}
	}
}

func TestPages(t *testing.T) {
	s := newSite(t)
	var rows []string
	for i := range 1000 {
		rows = append(rows, fmt.Sprintf("%d;Place %d;46,%04d;16,1;1", i, i, i))
	}
	job := s.counts(s.read(farm, "a.csv", places(rows...)), Counts{New: 1000})
	seen, pages := 0, 0
	for cursor, more := "", true; more; more = cursor != "" {
		page, next, err := s.jobs.Page(t.Context(), region, job, New, cursor, 150)
		s.must(err)
		for _, item := range page {
			if item.ID != fmt.Sprintf("farm/%d", seen) || item.Line != seen+2 {
				t.Fatalf("item %d is %s", seen, item.ID)
			}
			seen++
		}
		cursor = next
		pages++
	}
	if seen != 1000 || pages < 7 {
		t.Errorf("%d items on %d pages", seen, pages)
	}
	for _, bad := range []string{"x", "1", "-1.0", "0.-1", "1.x"} {
		if _, _, err := s.jobs.Page(t.Context(), region, job, New, bad, 10); !errors.Is(err, ErrInvalid) {
			t.Errorf("cursor %q: %v", bad, err)
		}
	}
	if job = s.apply(farm, job, job.Take); job.Written != 1000 {
		t.Errorf("written %+v", job)
	}
}

func TestFeed(t *testing.T) {
	s := newSite(t)
	o := Order{Region: region, Actor: farm, Settings: licence}
	job, err := s.jobs.Import(t.Context(), o, "feed.csv", all, strings.NewReader(three))
	if err != nil || job.State != Applied || job.Written != 3 {
		t.Fatalf("feed: %+v, %v", job, err)
	}
	job, err = s.jobs.Import(t.Context(), o, "feed.csv", all, strings.NewReader(places("1;Gostilna;46,6;16,1;1")))
	if err != nil || job.Counts != (Counts{Unchanged: 1, Vanished: 2}) || len(s.features("farm")) != 1 {
		t.Errorf("again: %+v, %v", job, err)
	}
	if job, err = s.jobs.Import(t.Context(), o, "feed.csv", all, bytes.NewReader([]byte("no table"))); err != nil || job.State != Failed {
		t.Errorf("a bad file: %+v, %v", job, err)
	}
	list, next, err := s.jobs.List(t.Context(), region, []string{"farm"}, 0, 2)
	if err != nil || len(list) != 2 || list[0].Number != 3 || next != 1 {
		t.Errorf("list: %+v, %d, %v", list, next, err)
	}
	if list, _, _ = s.jobs.List(t.Context(), region, []string{"museum"}, 0, 10); len(list) != 0 {
		t.Errorf("another's list: %+v", list)
	}
}

func TestSources(t *testing.T) {
	s := newSite(t)
	u := s.upload(farm, "a.csv", three)
	for source, want := range map[string]error{"museum": ErrInvalid, "farmer": ErrInvalid, "osm": editing.ErrInvalid, "Farm": editing.ErrInvalid} {
		_, err := s.jobs.Start(t.Context(), Order{Region: region, Source: source, Upload: u.ID, Actor: farm, Settings: licence})
		if !errors.Is(err, want) {
			t.Errorf("source %s: %v", source, err)
		}
	}
	if _, err := s.jobs.Start(t.Context(), Order{Region: region, Upload: u.ID, Actor: museum, Settings: licence}); !errors.Is(err, ErrNotFound) {
		t.Errorf("another's file: %v", err)
	}
	if _, err := s.jobs.Start(t.Context(), Order{Region: region, Upload: u.ID, Actor: farm}); !errors.Is(err, ErrInvalid) {
		t.Errorf("without a licence: %v", err)
	}
}
