package records

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/feature"
)

var opts = Options{Source: "mura", Provider: "Mura", Licence: "CC0-1.0"}

// spot is a feature at a position.
func spot(name string, lon, lat float64) feature.Feature {
	var l feature.Line
	l.Add(lon, lat, 0, false)
	return feature.Feature{Names: Name("sl", name), Geometry: feature.Geometry{Shape: feature.Point, Lines: []feature.Line{l}}}
}

func ids(f *File) (ids []string) {
	for _, item := range f.Items {
		ids = append(ids, item.Feature.ID)
	}
	return ids
}

func TestIDs(t *testing.T) {
	collect := func(items ...feature.Feature) *File {
		c := NewCollector(opts)
		for i, f := range items {
			if err := c.Add(Item{Line: i + 1, Feature: f}, "", ""); err != nil {
				t.Fatal(err)
			}
		}
		return c.File()
	}
	mill := spot("Mlin", 16.10001, 46.50001)
	first := ids(collect(mill))[0]
	moved := spot("Mlin", 16.10004, 46.49996) // some metres
	moved.Descriptions = Description("sl", "Nov opis")
	if got := ids(collect(moved))[0]; got != first {
		t.Errorf("moved by metres and described: %s, was %s", got, first)
	}
	for name, other := range map[string]feature.Feature{"name": spot("Mlinček", 16.1, 46.5), "place": spot("Mlin", 16.11, 46.5)} {
		if got := ids(collect(other))[0]; got == first {
			t.Errorf("another %s has the same id", name)
		}
	}
	if got := ids(collect(mill, moved, spot("Mlin", 16.2, 46.5))); len(got) != 3 || got[1] != first+"-2" {
		t.Errorf("twins: %v", got)
	}
	file := collect(mill, mill)
	if len(file.Items) != 1 || fmt.Sprint(file.Items[0].Warnings) != "[it is in the file again, in line 2; the first is kept]" {
		t.Errorf("the same twice: %+v", file)
	}
	if a, b := ids(collect(spot("", 16.1, 46.5))), ids(collect(spot("", 16.10001, 46.5))); a[0] == b[0] {
		t.Error("nameless places at different positions have one id")
	}
}

func TestSourceIDs(t *testing.T) {
	c := NewCollector(opts)
	long := strings.Repeat("x", 300)
	for i, id := range []string{"7", "mura/8", long, "a\x00b", "7"} {
		if err := c.Add(Item{Line: i + 1, Feature: spot("A", 16.1, 46.5)}, "row", id); err != nil {
			t.Fatal(err)
		}
	}
	file := c.File()
	got := ids(file)
	if len(got) != 4 || got[0] != "mura/7" || got[1] != "mura/8" || len(got[2]) != len("mura/")+16 || len(got[3]) != len("mura/")+16 {
		t.Errorf("ids %v", got)
	}
	if len(file.Rejected) != 1 || file.Rejected[0].String() != `line 5, row: id: "mura/7" comes twice` {
		t.Errorf("rejected %v", file.Rejected)
	}
	if file.Items[2].Feature.Provenance.SourceID != long {
		t.Error("a long id of the source is lost")
	}
}

func TestComplete(t *testing.T) {
	line := feature.Feature{Geometry: Course([]feature.Line{{Points: spot("", 1, 1).Geometry.Lines[0].Points}, {Points: append(spot("", 1, 1).Geometry.Lines[0].Points, spot("", 2, 2).Geometry.Lines[0].Points...)}})}
	trip := spot("A", 1, 1)
	trip.Category = "route.bicycle"
	event := spot("A", 1, 1)
	event.Category = "notice.event"
	for _, test := range []struct {
		f              feature.Feature
		category, want string
	}{
		{spot("A", 1, 1), "", "poi other.place"},
		{spot("A", 1, 1), "food.cafe", "poi food.cafe"},
		{spot("A", 1, 1), "route.bicycle", "poi other.place"},
		{line, "", "route route.other"},
		{trip, "", "poi route.bicycle"},
		{line, "route.bicycle", "route route.bicycle"},
		{line, "food.cafe", "route route.other"},
		{event, "food.cafe", "notice notice.event"},
	} {
		o := opts
		o.Category = test.category
		c := NewCollector(o)
		if err := c.Add(Item{Feature: test.f}, "", ""); err != nil || len(c.File().Items) != 1 {
			t.Fatal(c.File(), err)
		}
		f := c.File().Items[0].Feature
		if got := fmt.Sprint(f.Kind, " ", f.Category); got != test.want {
			t.Errorf("%q: %s, want %s", test.category, got, test.want)
		}
	}
}

func TestRejected(t *testing.T) {
	c := NewCollector(opts)
	bad := spot("A", 1, 1)
	bad.Contact = &feature.Contact{Email: "x"}
	for range MaxRejected + 5 {
		if err := c.Add(Item{Line: 3, Feature: bad}, "feature 1", ""); err != nil {
			t.Fatal(err)
		}
	}
	f := c.File()
	if len(f.Rejected) != MaxRejected || f.Omitted != 5 || f.Rejected[0].String() != "line 3, feature 1: contact.email: has no @" {
		t.Errorf("%d rejected, %d omitted, %v", len(f.Rejected), f.Omitted, f.Rejected[0])
	}
	if _, err := NewCollector(opts).Found("thing"); !errors.Is(err, ErrEmpty) {
		t.Errorf("nothing: %v", err)
	}
}

func TestLimit(t *testing.T) {
	for size, good := range map[int]bool{9: true, 10: true, 11: false} {
		raw, err := ReadAll(strings.NewReader(strings.Repeat("x", size)), 10)
		if (err == nil) != good || good && len(raw) != size || !good && !errors.Is(err, feature.ErrInvalid) {
			t.Errorf("%d bytes of 10: %d, %v", size, len(raw), err)
		}
	}
	broken := errors.New("broken")
	if _, err := ReadAll(io.MultiReader(strings.NewReader("x"), failing{broken}), 10); !errors.Is(err, broken) || errors.Is(err, feature.ErrInvalid) {
		t.Errorf("a broken disk: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestPlainText(t *testing.T) {
	for in, want := range map[string]string{
		"plain < text & more": "plain < text & more", "<p>One<br/>two</p><p>Three</p>": "One\ntwo\nThree",
		"<script>alert(1)</script>A&nbsp;&amp;&nbsp;B<!-- c -->": "A & B", "a\n\n\n\nb <b>c</b>": "a\n\nb c", "3 < 4 <i>or</i> 5 > 4": "3 < 4 or 5 > 4",
		"<style>p{}": "",
	} {
		if got := PlainText(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestLicence(t *testing.T) {
	for in, want := range map[string]string{
		"By-NC-ND 4.0": "CC-BY-NC-ND-4.0", "CC BY-SA 3.0": "CC-BY-SA-3.0", "https://creativecommons.org/licenses/by/4.0/": "CC-BY-4.0",
		"CC0": "CC0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/": "CC0-1.0", "CC-BY": "CC-BY-4.0",
		"Licence Ouverte 2.0": "etalab-2.0", "ODbL": "ODbL-1.0", "": "", "All rights reserved": "All rights reserved",
	} {
		if got := Licence(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestDetail(t *testing.T) {
	var f feature.Feature
	Detail(&f, " Število sob ", "12")
	Detail(&f, "fee", "<b>no</b>")
	Detail(&f, "fee", "yes")
	Detail(&f, "***", "x")
	Detail(&f, "empty", " ")
	if want := map[string]string{"stevilo_sob": "12", "fee": "no"}; !reflect.DeepEqual(f.Details, want) {
		t.Errorf("details %v, want %v", f.Details, want)
	}
}
