package editing

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
)

// Field is one member that differs between two records.
type Field struct {
	Path   string          `json:"path"` // "names.de", "contact.phone"
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

// Diff lists the members that differ between two records' canonical bytes, by
// path; either may be nil. It goes into objects, but not into the geometry,
// lists or a tour's profile: those differ as a whole.
func Diff(before, after []byte) []Field {
	var fields []Field
	diff("", before, after, &fields)
	return fields
}

// whole are members that are shown in one piece.
var whole = map[string]bool{"geometry": true, "tour.profile": true}

func diff(path string, before, after []byte, fields *[]Field) {
	if bytes.Equal(before, after) {
		return
	}
	was, is := members(before), members(after)
	if whole[path] || (was == nil && is == nil) || (path != "" && (len(before) == 0 || len(after) == 0) && !nested[path]) {
		*fields = append(*fields, Field{path, before, after})
		return
	}
	keys := maps.Clone(was)
	if keys == nil {
		keys = map[string]json.RawMessage{}
	}
	maps.Copy(keys, is)
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		below := k
		if path != "" {
			below = path + "." + k
		}
		diff(below, was[k], is[k], fields)
	}
}

// nested are objects that are told member by member even when they are new.
var nested = map[string]bool{
	"names": true, "descriptions": true, "contact": true, "address": true, "details": true, "provenance": true, "accessibility": true, "tour": true,
}

// members returns the members of a JSON object; nil when it is none.
func members(raw []byte) map[string]json.RawMessage {
	if len(raw) == 0 || raw[0] != '{' {
		return nil
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}
