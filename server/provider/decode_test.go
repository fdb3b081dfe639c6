package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pannier-maps/pannier/server/auth"
	"github.com/pannier-maps/pannier/server/problem"
)

// record has a field of each sort.
type record struct {
	Name  string            `json:"name"`
	Names map[string]string `json:"names,omitempty"`
	Count int               `json:"count,omitempty"`
	Small uint8             `json:"small,omitempty"`
	Ratio float64           `json:"ratio,omitempty"`
	Good  *bool             `json:"good,omitempty"`
	Role  auth.Role         `json:"role,omitempty"`
	At    *time.Time        `json:"at,omitempty"`
	Parts []part            `json:"parts,omitempty"`
	Any   json.RawMessage   `json:"any,omitempty"`
	part
}

type part struct {
	Title string `json:"title,omitempty"`
}

// says tells what is wrong with a body: field: problem, or what kind of error.
func says(err error) string {
	r := newRecorder()
	problem.Write(r, r.request, discard, err)
	var doc problem.Document
	if err := json.Unmarshal(r.Body.Bytes(), &doc); err != nil {
		return err.Error()
	}
	if len(doc.Errors) == 0 {
		return fmt.Sprint(doc.Status)
	}
	var all []string
	for _, f := range doc.Errors {
		all = append(all, f.Field+": "+f.Problem)
	}
	return strings.Join(all, "; ")
}

func TestDecode(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, c := range []struct{ name, body, want string }{
		{"good", `{"name":"a","names":{"de":"b"},"count":-1,"small":255,"ratio":1e3,"good":false,"role":"editor","at":"2026-11-22T12:00:00Z","parts":[{"title":"c"}],"any":{"x":[null]},"title":"d"}`, ""},
		{"space", " { \"name\" : \"a\" } \n", ""},
		{"unknown field", `{"name":"a","admin":true}`, "admin: is not a field here"},
		{"unknown field inside", `{"name":"a","parts":[{},{"x":1}]}`, "parts[1].x: is not a field here"},
		{"another case", `{"Name":"a"}`, "Name: is not a field here; name: is missing"},
		{"Go's name", `{"name":"a","part":{"title":"x"}}`, "part: is not a field here"},
		{"duplicate key", `{"name":"a","name":"b"}`, "name: is there twice"},
		{"duplicate key, escaped", `{"name":"a","n\u0061me":"b"}`, "name: is there twice"},
		{"duplicate key inside", `{"name":"a","names":{"de":"x","de":"y"}}`, "names.de: is there twice"},
		{"duplicate key in what is not looked at", `{"name":"a","any":{"x":{"y":1,"y":2}}}`, "any.x.y: is there twice"},
		{"missing", `{}`, "name: is missing"},
		{"null", `{"name":null}`, "name: must not be null; leave it out instead"},
		{"null inside", `{"name":"a","names":{"de":null}}`, "names.de: must not be null; leave it out instead"},
		{"null time", `{"name":"a","at":null}`, "at: must not be null; leave it out instead"},
		{"number for text", `{"name":1}`, "name: must be text, not a number"},
		{"text for number", `{"name":"a","count":"1"}`, "count: must be a number, not text"},
		{"list for object", `{"name":"a","names":[]}`, "names: must be an object"},
		{"object for list", `{"name":"a","parts":{"0":{}}}`, "parts: must be an array"},
		{"object for text", `{"name":{"x":1}}`, "name: must be text"},
		{"broken number", `{"name":"a","count":1.5}`, "count: must be a whole number"},
		{"huge number", `{"name":"a","ratio":1e999}`, "ratio: is too large a number"},
		{"too large", `{"name":"a","small":256}`, "small: cannot be number 256"},
		{"no such role", `{"name":"a","role":"owner"}`, "role: must be one of: contributor, editor, manager, administrator"},
		{"no time", `{"name":"a","at":"tomorrow"}`, "at: must be a time such as 2026-11-22T18:30:00Z"},
		{"all at once", `{"x":1,"count":"a"}`, "x: is not a field here; count: must be a number, not text; name: is missing"},
		{"list", `[]`, "(body): must be an object"},
		{"text", `"a"`, "(body): must be an object, not text"},
		{"null alone", `null`, "(body): must not be null; leave it out instead"},
		{"nothing", ``, "400"},
		{"cut", `{"name":"a"`, "400"},
		{"two values", `{"name":"a"}{"name":"b"}`, "400"},
		{"no JSON", `name=a`, "400"},
		{"comment", `{"name":"a" /* b */}`, "400"},
		{"trailing comma", `{"name":"a",}`, "400"},
		{"no UTF-8", "{\"name\":\"\xff\"}", "400"},
		{"deepest", `{"name":"a","any":` + deep(maxDepth-1) + `}`, ""},
		{"one deeper", `{"name":"a","any":` + deep(maxDepth) + `}`, "400"},
		{"very deep", `{"name":"a","any":` + deep(100_000) + `}`, "400"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r record
			err := decode([]byte(c.body), &r)
			if err == nil {
				if c.want != "" {
					t.Errorf("taken as %+v, want %s", r, c.want)
				}
				return
			}
			if got := says(err); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestDecodeTellsLittle checks that a bad body is not answered with megabytes.
func TestDecodeTellsLittle(t *testing.T) {
	var bad strings.Builder
	bad.WriteString("{")
	for i := range 10_000 {
		fmt.Fprintf(&bad, "%q:1,", strings.Repeat("č", 1000)+fmt.Sprint(i))
	}
	bad.WriteString(`"name":"a"}`)
	if got := says(decode([]byte(bad.String()), &record{})); len(got) > 10_000 || strings.Count(got, "is not a field") != maxProblems {
		t.Errorf("the answer has %d bytes: %s", len(got), got)
	}
}

// FuzzDecode checks that decode takes nothing that encoding/json refuses, and
// that what it takes means the same when written and read again.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"name":"a","names":{"de":"b"},"parts":[{"title":"c"}],"any":[1,{"x":null}]}`))
	f.Add([]byte(`{"name":"a","name":"b"}`))
	f.Add([]byte(`{"name":"a","at":"2026-11-22T12:00:00Z","role":"editor"}`))
	f.Add([]byte(`[[[[{"a":`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var got record
		if err := decode(body, &got); err != nil {
			if !errors.Is(err, problem.ErrBadRequest) && !errors.Is(err, problem.ErrInvalid) {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		strict := json.NewDecoder(bytes.NewReader(body))
		strict.DisallowUnknownFields()
		var want record
		if err := strict.Decode(&want); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q is read as %+v, encoding/json says %+v, %v", body, got, want, err)
		}
	})
}
