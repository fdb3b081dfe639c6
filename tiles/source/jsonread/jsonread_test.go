package jsonread

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/feature"
)

func each(text string) (string, error) {
	var got []string
	err := New([]byte(text)).Each([]string{"Items"}, func(line int, raw json.RawMessage) error {
		got = append(got, fmt.Sprintf("%d %s", line, strings.Join(strings.Fields(string(raw)), "")))
		return nil
	})
	return strings.Join(got, "; "), err
}

func TestEach(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"", ""},
		{"\ufeff{\"a\":1}", `1 {"a":1}`},
		{"\n {\"a\":\n{}} {\"b\":2}", `2 {"a":{}}; 3 {"b":2}`},
		{"[1,\n{\"a\":[2]}\n,[3]]", `1 1; 2 {"a":[2]}; 3 [3]`},
		{"{\"n\":[1],\"Items\" : [\n{\"a\":1},\n\n{}],\"m\":{\"Items\":[]}}", `2 {"a":1}; 4 {}`},
		{`{"Items":{"a":1}}`, `1 {"Items":{"a":1}}`},
		{"\x1e{\"a\":1}\n\x1e{\"a\":2}", `1 {"a":1}; 2 {"a":2}`},
		{`7`, `1 7`},
	} {
		got, err := each(test.in)
		if err != nil || got != test.want {
			t.Errorf("%q: %s, %v, want %s", test.in, got, err, test.want)
		}
	}
	for in, want := range map[string]string{
		"{\"Items\":[\n{oops}]}": "line 2, byte 13: not JSON: invalid character 'o'",
		"[1,\n":                  "line 2, byte 4: not JSON: unexpected end",
		"[1]\n]":                 "line 2, byte 5: not JSON: invalid character ']'",
	} {
		if _, err := each(in); !errors.Is(err, feature.ErrInvalid) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", in, err, want)
		}
	}
}

func TestObject(t *testing.T) {
	var into struct{ A struct{ B string } }
	for in, want := range map[string]string{
		`{"a":{"b":"x"}}`: "", `[]`: "must be an object, not a JSON array", `{"a":{"b":1}}`: "A.B: must not be a JSON number",
		`{"a":"` + strings.Repeat("x", MaxObject) + `"}`: "it has more than 4 MiB",
	} {
		if got := Object(json.RawMessage(in), &into); !strings.EqualFold(got, want) {
			t.Errorf("%.40s: %q, want %q", in, got, want)
		}
	}
}

func FuzzEach(f *testing.F) {
	f.Add("{\"Items\":[\n{\"a\":1},\n{}]}")
	f.Add("[1,[2]]\n{\"a\":")
	f.Fuzz(func(t *testing.T, text string) {
		err := New([]byte(text)).Each([]string{"Items"}, func(line int, raw json.RawMessage) error {
			if !json.Valid(raw) || line < 1 || line > 1+strings.Count(text, "\n") {
				t.Errorf("line %d: %q", line, raw)
			}
			return nil
		})
		if err != nil && !errors.Is(err, feature.ErrInvalid) {
			t.Fatalf("error of an unknown kind: %v", err)
		}
	})
}
