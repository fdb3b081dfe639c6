package source_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/tiles/cell"
	"github.com/pannier-maps/pannier/tiles/osm"
)

// parseOPL reads a line of OPL (https://osmcode.org/opl-file-format/), which is
// osmium's simplest output.
func parseOPL(t *testing.T, line string) (key string, element any) {
	t.Helper()
	fields := strings.Split(line, " ")
	key = fields[0]
	id := number(t, key[1:])
	var meta osm.Meta
	var tags osm.Tags
	var nodes = []int64{}
	var members = []osm.Member{}
	var point cell.Point
	for _, f := range fields[1:] {
		kind, value := f[0], f[1:]
		if value == "" {
			continue
		}
		switch kind {
		case 'v':
			meta.Version = int32(number(t, value))
		case 't':
			at, err := time.Parse(time.RFC3339, value)
			if err != nil {
				t.Fatal(err)
			}
			meta.Timestamp = at.Unix()
		case 'T':
			for _, tag := range strings.Split(value, ",") {
				k, v, _ := strings.Cut(tag, "=")
				tags = append(tags, osm.Tag{Key: plain(t, k), Value: plain(t, v)})
			}
		case 'x':
			point.LonE7 = int32(e7(t, value))
		case 'y':
			point.LatE7 = int32(e7(t, value))
		case 'N':
			for _, ref := range strings.Split(value, ",") {
				nodes = append(nodes, number(t, strings.TrimPrefix(ref, "n")))
			}
		case 'M':
			for _, member := range strings.Split(value, ",") {
				ref, role, _ := strings.Cut(member, "@")
				members = append(members, osm.Member{
					Kind: osm.MemberKind(strings.Index("nwr", ref[:1])), Ref: number(t, ref[1:]), Role: plain(t, role),
				})
			}
		}
	}
	tags = osm.SortTags(tags)
	switch key[0] {
	case 'n':
		return key, osm.Node{ID: id, Point: point, Tags: tags, Meta: meta}
	case 'w':
		return key, osm.Way{ID: id, Nodes: nodes, Tags: tags, Meta: meta}
	}
	return key, osm.Relation{ID: id, Members: members, Tags: tags, Meta: meta}
}

func number(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// e7 reads at most seven decimals.
func e7(t *testing.T, s string) int64 {
	t.Helper()
	whole, fraction, _ := strings.Cut(s, ".")
	return number(t, whole+(fraction + "0000000")[:7])
}

// plain resolves the escapes, such as %20% for a space.
func plain(t *testing.T, s string) string {
	t.Helper()
	var b strings.Builder
	for {
		text, rest, found := strings.Cut(s, "%")
		b.WriteString(text)
		if !found {
			return b.String()
		}
		code, rest, _ := strings.Cut(rest, "%")
		r, err := strconv.ParseUint(code, 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteRune(rune(r))
		s = rest
	}
}
