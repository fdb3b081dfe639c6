// Package jsonread walks through JSON from outside, one object of a list at a
// time, and tells lines.
//
// A Reader is for one goroutine. Errors are *records.Error.
package jsonread

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pannier-maps/pannier/tiles/source/records"
)

// MaxObject is the largest object of a list that Decode takes, in bytes: as Go's
// values it takes some 25 times the memory.
const MaxObject = 4 << 20

// Reader reads a text of one or more JSON values.
type Reader struct {
	*json.Decoder
	raw     []byte
	start   int64 // of the value in hand
	line    int   // at byte counted
	counted int64
}

// New returns a reader of a text. A byte order mark is skipped, and the signs
// that RFC 8142 puts before each text.
func New(raw []byte) *Reader {
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if bytes.IndexByte(raw, 0x1e) >= 0 {
		raw = bytes.ReplaceAll(raw, []byte{0x1e}, []byte{' '})
	}
	return &Reader{Decoder: json.NewDecoder(bytes.NewReader(raw)), raw: raw, line: 1}
}

// Start notes that the value that comes next is in hand.
func (r *Reader) Start() { r.start = r.InputOffset() }

// Line returns the line of what comes next.
func (r *Reader) Line() int {
	if at := r.next(); at > r.counted {
		r.line += bytes.Count(r.raw[r.counted:at], []byte{'\n'})
		r.counted = at
	}
	return r.line
}

// next returns the byte at which the next value begins.
func (r *Reader) next() int64 {
	at := r.InputOffset()
	for at < int64(len(r.raw)) && bytes.IndexByte([]byte(" \t\r\n,:"), r.raw[at]) >= 0 {
		at++
	}
	return at
}

// Explain says where the JSON is broken. The decoder counts only some bytes, so
// the value in hand is scanned again.
func (r *Reader) Explain(err error) error {
	var whole json.RawMessage
	var broken *json.SyntaxError
	if again := json.Unmarshal(r.raw[r.start:], &whole); errors.As(again, &broken) {
		end := min(r.start+broken.Offset, int64(len(r.raw)))
		line := 1 + bytes.Count(r.raw[:end], []byte{'\n'})
		return &records.Error{Line: line, Where: fmt.Sprintf("byte %d", end), Err: fmt.Errorf("not JSON: %w", broken)}
	}
	return records.Errorf(0, "not JSON: %w", err)
}

// Each calls element for each value of the lists: those at the top, and those in
// a member of one of these names of an object at the top. An object without such
// a member is an element itself.
func (r *Reader) Each(members []string, element func(line int, raw json.RawMessage) error) error {
	for {
		r.Start()
		line := r.Line()
		begin := r.next()
		token, err := r.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return r.Explain(err)
		}
		switch token {
		case json.Delim('['):
			err = r.list(element)
		case json.Delim('{'):
			var lists bool
			if lists, err = r.object(members, element); err == nil && !lists {
				err = element(line, json.RawMessage(r.raw[begin:r.InputOffset()]))
			}
		default:
			err = element(line, json.RawMessage(r.raw[begin:r.InputOffset()]))
		}
		if err != nil {
			return err
		}
	}
}

// list reads the rest of an array.
func (r *Reader) list(element func(int, json.RawMessage) error) error {
	for r.More() {
		line := r.Line()
		var raw json.RawMessage
		if err := r.Decode(&raw); err != nil {
			return r.Explain(err)
		}
		if err := element(line, raw); err != nil {
			return err
		}
	}
	return r.end()
}

// object reads the rest of an object and reports whether it has lists.
func (r *Reader) object(members []string, element func(int, json.RawMessage) error) (lists bool, err error) {
	for r.More() {
		token, err := r.Token()
		if err != nil {
			return lists, r.Explain(err)
		}
		name, _ := token.(string)
		if at := r.next(); slices.Contains(members, name) && at < int64(len(r.raw)) && r.raw[at] == '[' {
			lists = true
			if _, err := r.Token(); err != nil {
				return lists, r.Explain(err)
			}
			if err := r.list(element); err != nil {
				return lists, err
			}
			continue
		}
		var skipped json.RawMessage
		if err := r.Decode(&skipped); err != nil {
			return lists, r.Explain(err)
		}
	}
	return lists, r.end()
}

func (r *Reader) end() error {
	if _, err := r.Token(); err != nil {
		return r.Explain(err)
	}
	return nil
}

// Object decodes an object into a value; the problem says why that cannot be.
func Object(raw json.RawMessage, into any) (problem string) {
	if len(raw) > MaxObject {
		return fmt.Sprintf("it has more than %d MiB", MaxObject>>20)
	}
	err := json.Unmarshal(raw, into)
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &typ) && typ.Field == "":
		return "must be an object, not a JSON " + typ.Value
	case errors.As(err, &typ):
		return typ.Field + ": must not be a JSON " + typ.Value
	case err != nil:
		return "not JSON: " + err.Error()
	}
	return ""
}
