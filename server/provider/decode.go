package provider

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pannier-maps/pannier/server/problem"
)

const (
	maxDepth    = 32 // of arrays and objects in each other
	maxProblems = 20 // told of one request
)

var (
	timeType        = reflect.TypeFor[time.Time]()
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// decode reads JSON into a value, more strictly than encoding/json: names of
// members count by each letter, none may be unknown or there twice, null stands
// for nothing, strings are UTF-8, values have the type of their field, and
// nothing follows. It tells all fields that are wrong, up to maxProblems.
//
// The body is in memory, bounded by its route; decode takes a small multiple.
func decode(body []byte, into any) error {
	if !utf8.Valid(body) {
		return problem.Detail(problem.ErrBadRequest, "The body is not UTF-8.")
	}
	d := decoder{dec: json.NewDecoder(bytes.NewReader(body)), body: body}
	d.dec.UseNumber()
	err := d.value(reflect.TypeOf(into).Elem(), "", 0)
	if err == nil {
		if _, end := d.dec.Token(); end != io.EOF {
			err = errors.New("something follows the value")
		}
	}
	if err != nil && !errors.Is(err, errEnough) {
		return problem.Detail(problem.ErrBadRequest, fmt.Sprintf("The body is not JSON as it should be: byte %d: %v.", d.dec.InputOffset(), err))
	}
	if len(d.wrong) > 0 {
		return problem.Fields(d.wrong...)
	}
	if err := json.Unmarshal(body, into); err != nil {
		var typed *json.UnmarshalTypeError
		if errors.As(err, &typed) { // a number out of the range of its field
			return problem.Fields(problem.Field{Field: typed.Field, Problem: "cannot be " + typed.Value})
		}
		return problem.Detail(problem.ErrBadRequest, "The body is not JSON as it should be.")
	}
	return nil
}

var errEnough = errors.New("enough problems")

type decoder struct {
	dec   *json.Decoder
	body  []byte
	wrong []problem.Field
}

// say notes what is wrong with a field.
func (d *decoder) say(path, what string) error {
	if path == "" {
		path = "(body)"
	}
	d.wrong = append(d.wrong, problem.Field{Field: path, Problem: what})
	if len(d.wrong) >= maxProblems {
		return errEnough
	}
	return nil
}

// value checks the next value against a type; nil takes any.
func (d *decoder) value(t reflect.Type, path string, depth int) error {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t != nil && t.Kind() == reflect.Interface {
		t = nil
	}
	if t != nil && (reflect.PointerTo(t).Implements(unmarshaler) || reflect.PointerTo(t).Implements(textUnmarshaler)) {
		return d.custom(t, path, depth)
	}
	tok, err := d.dec.Token()
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	switch tok := tok.(type) {
	case json.Delim:
		if depth >= maxDepth {
			return fmt.Errorf("more than %d arrays and objects in each other", maxDepth)
		}
		if tok == '{' {
			return d.object(t, path, depth+1)
		}
		return d.array(t, path, depth+1)
	case nil:
		if t == nil {
			return nil
		}
		return d.say(path, "must not be null; leave it out instead")
	case string:
		if all := valuesOf(t); all != nil && !slices.Contains(all, tok) {
			return d.say(path, "must be one of: "+strings.Join(all, ", "))
		}
		return d.scalar(t, path, "text", reflect.String)
	case json.Number:
		return d.number(t, path, tok)
	case bool:
		return d.scalar(t, path, "true or false", reflect.Bool)
	}
	return fmt.Errorf("unexpected %v", tok)
}

// object checks the members of an object, whose brace was read.
func (d *decoder) object(t reflect.Type, path string, depth int) error {
	var fields map[string]reflect.Type
	var elem reflect.Type
	switch {
	case t == nil:
	case t.Kind() == reflect.Struct:
		fields = fieldsOf(t)
	case t.Kind() == reflect.Map:
		elem = t.Elem()
	default:
		if err := d.say(path, "must be "+kindName(t)); err != nil {
			return err
		}
		t = nil
	}
	seen := make(map[string]bool)
	for d.dec.More() {
		tok, err := d.dec.Token()
		if err != nil {
			return err
		}
		name := tok.(string)
		at := name
		if path != "" {
			at = path + "." + name
		}
		at = shorten(at)
		if seen[name] {
			if err := d.say(at, "is there twice"); err != nil {
				return err
			}
		}
		seen[name] = true
		is := elem
		if fields != nil {
			var known bool
			if is, known = fields[name]; !known {
				if err := d.say(at, "is not a field here"); err != nil {
					return err
				}
			}
		}
		if err := d.value(is, at, depth); err != nil {
			return err
		}
	}
	if fields != nil {
		for _, name := range requiredOf(t) {
			if !seen[name] {
				at := name
				if path != "" {
					at = path + "." + name
				}
				if err := d.say(at, "is missing"); err != nil {
					return err
				}
			}
		}
	}
	_, err := d.dec.Token()
	return err
}

func (d *decoder) array(t reflect.Type, path string, depth int) error {
	var elem reflect.Type
	switch {
	case t == nil:
	case t.Kind() == reflect.Slice || t.Kind() == reflect.Array:
		elem = t.Elem()
	default:
		if err := d.say(path, "must be "+kindName(t)); err != nil {
			return err
		}
	}
	for i := 0; d.dec.More(); i++ {
		if err := d.value(elem, path+"["+strconv.Itoa(i)+"]", depth); err != nil {
			return err
		}
	}
	_, err := d.dec.Token()
	return err
}

func (d *decoder) scalar(t reflect.Type, path, is string, kind reflect.Kind) error {
	if t == nil || t.Kind() == kind {
		return nil
	}
	return d.say(path, "must be "+kindName(t)+", not "+is)
}

func (d *decoder) number(t reflect.Type, path string, n json.Number) error {
	if t == nil {
		return nil
	}
	switch t.Kind() {
	case reflect.Float32, reflect.Float64:
		if _, err := n.Float64(); err != nil {
			return d.say(path, "is too large a number")
		}
		return nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if strings.ContainsAny(n.String(), ".eE") {
			return d.say(path, "must be a whole number")
		}
		return nil
	}
	return d.say(path, "must be "+kindName(t)+", not a number")
}

// custom checks a value that decodes itself, by letting it.
func (d *decoder) custom(t reflect.Type, path string, depth int) error {
	start := d.dec.InputOffset()
	if err := d.value(nil, path, depth); err != nil {
		return err
	}
	raw := bytes.TrimLeft(d.body[start:d.dec.InputOffset()], " \t\r\n:,")
	if bytes.Equal(raw, []byte("null")) {
		return d.say(path, "must not be null; leave it out instead")
	}
	if err := json.Unmarshal(raw, reflect.New(t).Interface()); err != nil {
		what := "is malformed"
		if t == timeType {
			what = "must be a time such as 2026-11-22T18:30:00Z"
		}
		return d.say(path, what)
	}
	return nil
}

// shorten keeps an answer from repeating megabytes of a request.
func shorten(path string) string {
	if len(path) <= 200 {
		return path
	}
	cut := 200
	for !utf8.RuneStart(path[cut]) {
		cut--
	}
	return path[:cut] + "…"
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	}
	return "a number"
}
