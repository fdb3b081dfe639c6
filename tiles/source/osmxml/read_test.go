package osmxml

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
)

const sample = `<?xml version='1.0' encoding='UTF-8'?>
<!-- a comment with <tags> & more -->
<osm version="0.6" timestamp="2018-03-01T21:43:02Z">
	<bounds minlat="42.4276" minlon="1.412368" maxlat="42.65717" maxlon="1.787481"/>
	<node id="1" lat="42.5141716" lon="-1.5527261" version="2" timestamp="2014-04-16T13:38:15Z" user="a &gt; b"/>
	<node id='2' lat='0' lon='180.0' >
		<tag k="name" v='Caf&#xE9; "Sud" &amp; Cie > x'/>
		<tag v="cafe" k="amenity" />
		<tag k="name" v="second"/>
	</node>
	<node id="3" visible="false" version="4"/>
	<way id="-7" version="1">
		<nd ref="1"/><nd ref="2"/>
		<tag k="highway" v="path&#10;x"></tag>
	</way>
	<relation id="8"><member type="way" ref="-7" role="outer"/><member type="node" ref="1" role=""/><member type="relation" ref="9" role="sub"/></relation>
	<node id="4" lat="1" lon="2"/>
</osm>
`

// content is what a reader hands over.
type content struct {
	Header    osm.Header
	Nodes     []osm.Node
	Ways      []osm.Way
	Relations []osm.Relation
	order     string // of the calls
}

func (c *content) handler() osm.Handler {
	return osm.Handler{
		Header:    func(h osm.Header) error { c.Header = h; c.order += "h"; return nil },
		Nodes:     func(n []osm.Node) error { c.Nodes = append(c.Nodes, n...); c.order += "n"; return nil },
		Ways:      func(w []osm.Way) error { c.Ways = append(c.Ways, w...); c.order += "w"; return nil },
		Relations: func(r []osm.Relation) error { c.Relations = append(c.Relations, r...); c.order += "r"; return nil },
	}
}

func TestRead(t *testing.T) {
	want := content{
		Header: osm.Header{
			Bounds:    osm.Box{Min: cell.Point{LonE7: 14123680, LatE7: 424276000}, Max: cell.Point{LonE7: 17874810, LatE7: 426571700}},
			Timestamp: 1519940582,
		},
		Nodes: []osm.Node{
			{ID: 1, Point: cell.Point{LonE7: -15527261, LatE7: 425141716}, Meta: osm.Meta{Version: 2, Timestamp: 1397655495}},
			{ID: 2, Point: cell.Point{LonE7: 1800000000}, Tags: osm.Tags{{Key: "amenity", Value: "cafe"}, {Key: "name", Value: `Café "Sud" & Cie > x`}}},
			{ID: 4, Point: cell.Point{LonE7: 20000000, LatE7: 10000000}},
		},
		Ways: []osm.Way{{ID: -7, Nodes: []int64{1, 2}, Tags: osm.Tags{{Key: "highway", Value: "path\nx"}}, Meta: osm.Meta{Version: 1}}},
		Relations: []osm.Relation{{ID: 8, Members: []osm.Member{
			{Kind: osm.WayKind, Ref: -7, Role: "outer"}, {Kind: osm.NodeKind, Ref: 1}, {Kind: osm.RelationKind, Ref: 9, Role: "sub"},
		}}},
		order: "hnwrn",
	}
	var got content
	if err := Read(context.Background(), strings.NewReader(sample), got.handler()); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	for n := range len(sample) - len("</osm>\n") {
		if err := Read(context.Background(), strings.NewReader(sample[:n]), osm.Handler{}); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut at byte %d: error %v, want ErrCorrupt", n, err)
		}
	}
}

func TestReadChanges(t *testing.T) {
	const text = `<osmChange version="0.6">
<modify><node id="1" lat="1" lon="2" version="3"/></modify>
<delete><node id="2" version="4"/><way id="3" version="2"><nd ref="1"/></way></delete>
<create><relation id="5"/></create>
</osmChange>`
	var got []osm.Change
	err := ReadChanges(context.Background(), strings.NewReader(text), func(c osm.Change) error {
		got = append(got, c)
		return nil
	})
	want := []osm.Change{
		{Action: osm.ModifyAction, Node: &osm.Node{ID: 1, Point: cell.Point{LonE7: 20000000, LatE7: 10000000}, Meta: osm.Meta{Version: 3}}},
		{Action: osm.DeleteAction, Node: &osm.Node{ID: 2, Meta: osm.Meta{Version: 4}}},
		{Action: osm.DeleteAction, Way: &osm.Way{ID: 3, Nodes: []int64{1}, Meta: osm.Meta{Version: 2}}},
		{Action: osm.CreateAction, Relation: &osm.Relation{ID: 5}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
	stop := errors.New("stop")
	if err := ReadChanges(context.Background(), strings.NewReader(text), func(osm.Change) error { return stop }); err != stop {
		t.Errorf("error %v, want the caller's own", err)
	}
}

func TestErrors(t *testing.T) {
	many := strings.Repeat("x", maxTag)
	tests := []struct{ name, text, want string }{
		{"empty", "", "no tag"},
		{"other root", "<gpx/>", "starts with <gpx>"},
		{"bad id", "<osm>\n<node id='x'/></osm>", "line 2: "},
		{"no place", "<osm>\n\n<node id='1'/></osm>", "line 3: "},
		{"place", "<osm><node id='1' lat='91' lon='0'/></osm>", "bad place"},
		{"time", "<osm><node id='1' lat='1' lon='0' timestamp='now'/></osm>", "bad time"},
		{"crossed tags", "<osm><way id='1'></osm></way>", "closes nothing"},
		{"quotes", "<osm version=1/>", "without quotes"},
		{"entity", "<osm><node id='1' lat='1' lon='1'><tag k='&x;' v=''/></node></osm>", "unknown entity"},
		{"doctype", "<!DOCTYPE osm [<!ENTITY x 'y'>]><osm/>", "not start a comment"},
		{"encoding", "<?xml version='1.0' encoding='UTF-16'?><osm/>", "want UTF-8"},
		{"long tag", "<osm a='" + many + "'/>", "more than"},
		{"deep", "<osm>" + strings.Repeat("<a>", maxDepth), "in each other"},
		{"nd in a node", "<osm><node id='1' lat='1' lon='1'><nd ref='1'/></node></osm>", "misplaced"},
		{"member type", "<osm><relation id='1'><member type='x' ref='1'/></relation></osm>", "member of type"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var c content
			err := Read(context.Background(), strings.NewReader(test.text), c.handler())
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want ErrCorrupt with %q", err, test.want)
			}
		})
	}
	err := ReadChanges(context.Background(), strings.NewReader("<osmChange><node id='1' lat='1' lon='1'/></osmChange>"), func(osm.Change) error { return nil })
	if !errors.Is(err, ErrCorrupt) {
		t.Errorf("change without an action: error %v", err)
	}
	broken := errors.New("broken disk")
	err = Read(context.Background(), io.MultiReader(strings.NewReader("<osm>"), failingReader{broken}), osm.Handler{})
	if !errors.Is(err, broken) || errors.Is(err, ErrCorrupt) {
		t.Errorf("error %v, want the reader's own", err)
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

func TestParseE7(t *testing.T) {
	tests := []struct {
		text string
		want int64
		ok   bool
	}{
		{"0", 0, true}, {"-0", 0, true}, {"1", 1e7, true}, {"1.", 1e7, true}, {".5", 5e6, true},
		{"47.1234567", 471234567, true}, {"-122.3320708", -1223320708, true}, {"+1.1", 11000000, true},
		{"0.00000005", 1, true}, {"0.00000004999", 0, true}, {"-0.00000005", -1, true},
		{"1.99999999999999999999999", 20000000, true}, {"179.99999999", 1800000000, true},
		{"1e-05", 100, true}, {"-5.5E-7", -6, true}, {"1.5e1", 150000000, true}, {"0e999", 0, true},
		{"1e99", 0, false}, {"", 0, false}, {".", 0, false}, {"-", 0, false}, {"1.2.3", 0, false},
		{"1,5", 0, false}, {"1e", 0, false}, {"1e+", 0, false}, {"1e1234", 0, false}, {"NaN", 0, false}, {"0x1", 0, false},
	}
	for _, test := range tests {
		if got, ok := parseE7([]byte(test.text)); ok != test.ok || ok && got != test.want {
			t.Errorf("parseE7(%q) = %d, %v, want %d, %v", test.text, got, ok, test.want, test.ok)
		}
	}
	for v := int64(-1800000000); v <= 1800000000; v += 7654321 {
		sign, w := "", v
		if v < 0 {
			sign, w = "-", -v
		}
		text := fmt.Sprintf("%s%d.%07d", sign, w/1e7, w%1e7)
		if got, ok := parseE7([]byte(text)); !ok || got != v {
			t.Fatalf("parseE7(%q) = %d", text, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	seeds := []string{sample, "<osmChange><modify><node id='1' lat='1e-3' lon='2'/></modify></osmChange>", "<osm a='&#x1F600;'/>"}
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var c content
		err1 := Read(context.Background(), strings.NewReader(text), c.handler())
		err2 := ReadChanges(context.Background(), strings.NewReader(text), func(osm.Change) error { return nil })
		for _, err := range []error{err1, err2} {
			if err != nil && !errors.Is(err, ErrCorrupt) {
				t.Errorf("error %v is of no class", err)
			}
		}
	})
}
