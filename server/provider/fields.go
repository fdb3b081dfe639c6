package provider

import (
	"reflect"
	"slices"
	"strings"
)

// values is implemented by types of text that have few values.
type values interface{ Values() []string }

// valuesOf returns the values of a type that has few, else nil.
func valuesOf(t reflect.Type) []string {
	if t == nil || t.Kind() != reflect.String {
		return nil
	}
	if v, ok := reflect.Zero(t).Interface().(values); ok {
		return v.Values()
	}
	return nil
}

// field is a member of a struct's JSON.
type field struct {
	name     string
	required bool
	doc      string
	is       reflect.Type
}

// members lists the members of a struct's JSON, with those of embedded structs.
func members(t reflect.Type) (all []field) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case f.Anonymous && name == "":
			all = append(all, members(f.Type)...)
		case !f.IsExported() || tag == "-":
		default:
			optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
			all = append(all, field{name, !optional, f.Tag.Get("doc"), f.Type})
		}
	}
	return all
}

func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type)
	for _, f := range members(t) {
		fields[f.name] = f.is
	}
	return fields
}

func requiredOf(t reflect.Type) (names []string) {
	for _, f := range members(t) {
		if f.required {
			names = append(names, f.name)
		}
	}
	slices.Sort(names)
	return names
}
