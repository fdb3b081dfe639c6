package osm

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// drawing is a map in ASCII: letters and digits are nodes, a column or a row is a
// unit, north is up.
type drawing map[rune]vertex

func draw(text string) drawing {
	d := drawing{}
	rows := strings.Split(strings.Trim(text, "\n"), "\n")
	for y, row := range rows {
		for x, c := range row {
			if c != ' ' && c != '\t' {
				d[c] = vertex{int64(c), cell.Point{LonE7: int32(x), LatE7: int32(len(rows) - y)}}
			}
		}
	}
	return d
}

// ways makes members of words such as "abc" or "inner:abc"; each letter is a node.
func (d drawing) ways(t *testing.T, words string) (ways []MemberWay) {
	t.Helper()
	for i, word := range strings.Fields(words) {
		w := MemberWay{ID: int64(i + 1)}
		role, nodes, ok := strings.Cut(word, ":")
		if ok {
			w.Role = role
		} else {
			nodes = word
		}
		for _, c := range nodes {
			v, ok := d[c]
			if !ok {
				t.Fatalf("no node %c", c)
			}
			w.Nodes, w.Points = append(w.Nodes, v.id), append(w.Points, v.at)
		}
		ways = append(ways, w)
	}
	return ways
}

// name writes points as letters again.
func (d drawing) name(points []cell.Point) string {
	var b strings.Builder
	for _, p := range points {
		for c, v := range d {
			if v.at == p {
				b.WriteRune(c)
			}
		}
	}
	return b.String()
}

// ringName is a ring from its smallest letter on.
func (d drawing) ringName(points []cell.Point) string {
	s := d.name(points[1:])
	at := strings.IndexByte(s, slices.Min([]byte(s)))
	return s[at:] + s[:at]
}

var plan = draw(`
 d       c   t   s
   h   g
     k l
     i j     q   r
   e   f
 a       b   u   v
`)

func TestAssembleMultipolygon(t *testing.T) {
	tests := []struct{ name, ways, want, problems string }{
		{"one way", "abcda", "abcd", ""},
		{"clockwise", "adcba", "abcd", ""},
		{"parts in any direction", "ab cb cd ad", "abcd", ""},
		{"hole", "inner:efghe outer:abcda", "abcd ehgf", ""},
		{"wrong roles", "outer:efghe inner:abcda", "abcd ehgf", "inner ring outside"},
		{"wrong role of the hole", "outer:efghe outer:abcda", "abcd ehgf", ""},
		{"island in a hole", "outer:abcda inner:efghe outer:ijlki", "abcd ehgf / ijlk", ""},
		{"two areas", "abcda qrstq", "abcd / qrst", ""},
		{"two areas touch at a node", "abcda cbuvrc", "abcd / buvrc", ""},
		{"figure of eight in one way", "bcdabuvrb", "abcd / buvr", ""},
		{"hole touches the outer ring", "abcda inner:bgheb", "abcd behg", ""},
		{"open", "abcd efghe", "efgh", "not closed [1]"},
		{"spur", "abc cda cs", "abcd", "not closed [3]"},
		{"the same way twice", "abcda abcda", "abcd", ""},
		{"spike", "abcsca", "abc", ""},
		{"no area", "aba abba", "", "without area"},
		{"lone inner", "inner:efghe", "", "inner ring outside"},
		{"nothing", "", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ways := plan.ways(t, test.ways)
			if test.name == "the same way twice" {
				ways[1].ID = ways[0].ID
			}
			polygons, problems := AssembleMultipolygon(ways)
			var got []string
			for _, polygon := range polygons {
				var rings []string
				for _, r := range polygon {
					if r[0] != r[len(r)-1] {
						t.Errorf("ring %s is open", plan.name(r))
					}
					rings = append(rings, plan.ringName(r))
				}
				got = append(got, strings.Join(rings, " "))
			}
			if s := strings.Join(got, " / "); s != test.want && test.name != "wrong roles" {
				t.Errorf("polygons %q, want %q", s, test.want)
			}
			if s := fmt.Sprint(problems); (len(problems) > 0) != (test.problems != "") || !strings.Contains(strings.ReplaceAll(s, ": ways", ""), test.problems) {
				t.Errorf("problems %v, want %q", problems, test.problems)
			}
		})
	}
}

// TestTouchingTwice: rings that share two nodes but no line must not cross.
func TestTouchingTwice(t *testing.T) {
	d := draw(`
    b

a  p q  c
   s r

    d
`)
	// The outer ring a b c d, a hole b p s d r q touching it at b and d, in arcs.
	for _, words := range []string{"bad bcd bpsd bqrd", "bpsd bcd bad bqrd", "bqrd bpsd bcd bad"} {
		polygons, problems := AssembleMultipolygon(d.ways(t, words))
		total := 0.0
		for _, p := range polygons {
			for _, r := range p {
				total += area(r[:len(r)-1])
			}
		}
		if len(problems) > 0 || total != 2*(20-6) {
			t.Errorf("%s: area %v, problems %v, polygons %v", words, total/2, problems, polygons)
		}
	}
}

func TestJoinLines(t *testing.T) {
	d := draw(`
      m n
a b c o p d e f
      q r
  x       y   z
`)
	tests := []struct{ name, ways, want string }{
		{"in order", "abc cod de", "abcode"},
		{"turned", "cba doc ed", "abcode"},
		{"first one decides by the next", "ba bc", "abc"},
		{"gap", "ab de ef", "ab def"},
		{"members out of order", "de ab bcod", "abcode"},
		{"roundabout", "abc cqrpmc pde", "abcqrpde"},
		{"roundabout first", "cqrpmc pde", "pmcqrpde"},
		{"roundabout last", "abc cqrpmc", "abcqrpmc"},
		{"loop met and left at one node", "abc cqrpmc cx", "abcqrpmcx"},
		{"two roundabouts", "ab bcxb cqrpmc pde", "abcqrpde"},
		{"alone", "cqrpmc", "cqrpmc"},
		{"main line first", "excursion:xy abc alternative:bx main:cod excursion:yz", "abcod xyz bx"},
		{"split carriageway", "ab forward:bcd forward:dyxb de", "abcde dyxb"},
		{"way back listed from its end", "ab forward:bcd forward:xb forward:yx forward:dy de", "abcde dyxb"},
		{"backward", "ab forward:bcd de backward:bxd", "abcde dxb"},
		{"stops and platforms", "ab platform:xy stop:bc guidepost:de bc", "abc"},
		{"way of one node", "ab b bc", "abc"},
		{"nothing", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, l := range JoinLines(d.ways(t, test.ways)) {
				got = append(got, d.name(l))
			}
			if s := strings.Join(got, " "); s != test.want {
				t.Errorf("lines %q, want %q", s, test.want)
			}
		})
	}
}

func TestIsArea(t *testing.T) {
	tests := []struct {
		tags   Tags
		closed bool
		want   bool
	}{
		{Tags{{"building", "yes"}}, true, true},
		{Tags{{"building", "yes"}}, false, false},
		{Tags{{"building", "no"}}, true, false},
		{Tags{{"highway", "residential"}}, true, false},
		{Tags{{"area", "yes"}, {"highway", "pedestrian"}}, true, true},
		{Tags{{"area", "no"}, {"leisure", "track"}}, true, false},
		{Tags{{"highway", "services"}}, true, true},
		{Tags{{"natural", "coastline"}}, true, false},
		{Tags{{"natural", "water"}}, true, true},
		{Tags{{"waterway", "stream"}}, true, false},
		{Tags{{"railway", "rail"}}, true, false},
		{nil, true, false},
	}
	for _, test := range tests {
		if got := IsArea(test.tags, test.closed); got != test.want {
			t.Errorf("IsArea(%v, %v) = %v", test.tags, test.closed, got)
		}
	}
}

func TestSortTags(t *testing.T) {
	got := SortTags([]Tag{{"b", "1"}, {"a", "2"}, {"b", "3"}})
	if want := (Tags{{"a", "2"}, {"b", "1"}}); !slices.Equal(got, want) {
		t.Errorf("SortTags = %v, want %v", got, want)
	}
	if got.Get("b") != "1" || got.Get("c") != "" {
		t.Errorf("Get: %q, %q", got.Get("b"), got.Get("c"))
	}
}

// place scatters nodes over a small square, each always to the same point.
func place(c byte) cell.Point {
	return cell.Point{LonE7: int32(c) * 7919 % 101, LatE7: int32(c) * 104729 % 103}
}
