package provider

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/pannier-maps/pannier/server/problem"
)

// object is a JSON object whose members are written in the order of their names.
type object = map[string]any

// schemas makes JSON Schema (2020-12) of Go types. Structs with a name become
// components that others refer to. A type of its own JSON says what it is by a
// method JSONSchema, which returns the schema as JSON.
type schemas struct {
	named map[string]object
	types map[string]reflect.Type
}

type schemer interface{ JSONSchema() string }

func (s *schemas) of(t reflect.Type) (object, error) {
	if v, ok := reflect.Zero(t).Interface().(schemer); ok {
		var o object
		if err := json.Unmarshal([]byte(v.JSONSchema()), &o); err != nil {
			return nil, fmt.Errorf("JSON schema of %v: %w", t, err)
		}
		return o, nil
	}
	switch {
	case t == timeType:
		return object{"type": "string", "format": "date-time"}, nil
	case t == reflect.TypeFor[json.RawMessage]() || t.Kind() == reflect.Interface:
		return object{}, nil
	case t.Kind() == reflect.Struct && t.Name() != "" && !strings.Contains(t.Name(), "["):
		return s.component(t)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.String:
		o := object{"type": "string"}
		if all := valuesOf(t); all != nil {
			o["enum"] = all
		}
		return o, nil
	case reflect.Bool:
		return object{"type": "boolean"}, nil
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return object{"type": "integer"}, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return object{"type": "integer", "minimum": 0}, nil
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return object{"type": "string", "contentEncoding": "base64"}, nil
		}
		items, err := s.of(t.Elem())
		return object{"type": "array", "items": items}, err
	case reflect.Map:
		items, err := s.of(t.Elem())
		return object{"type": "object", "additionalProperties": items}, err
	case reflect.Struct:
		return s.structure(t)
	}
	return nil, fmt.Errorf("JSON schema: %v has none", t)
}

// component makes a schema that is referred to by the name of its type.
func (s *schemas) component(t reflect.Type) (object, error) {
	name := t.Name()
	ref := object{"$ref": "#/components/schemas/" + name}
	if there, ok := s.types[name]; ok {
		if there != t {
			return nil, fmt.Errorf("JSON schema: %v and %v have one name; rename one", there, t)
		}
		return ref, nil
	}
	s.types[name] = t
	o, err := s.structure(t)
	s.named[name] = o
	return ref, err
}

func (s *schemas) structure(t reflect.Type) (object, error) {
	properties, required := object{}, []string{}
	for _, f := range members(t) {
		if f.name == "" {
			return nil, fmt.Errorf("JSON schema: a field of %v has no JSON name", t)
		}
		o, err := s.of(f.is)
		if err != nil {
			return nil, err
		}
		if f.doc != "" {
			o["description"] = f.doc
		}
		properties[f.name] = o
		if f.required {
			required = append(required, f.name)
		}
	}
	return object{"type": "object", "additionalProperties": false, "properties": properties, "required": required}, nil
}

// document makes the OpenAPI document of a table.
func document(url string, table []Route) ([]byte, error) {
	s := &schemas{make(map[string]object), make(map[string]reflect.Type)}
	failure, err := s.of(reflect.TypeFor[problem.Document]())
	if err != nil {
		return nil, err
	}
	paths := object{}
	for _, row := range table {
		op, err := s.operation(row)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", row.Method, row.Path, err)
		}
		item, _ := paths[row.Path].(object)
		if item == nil {
			item = object{}
			paths[row.Path] = item
		}
		item[strings.ToLower(row.Method)] = op
	}
	return json.MarshalIndent(object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Pannier write API", "version": "1",
			"description": "What providers, editors and their machines ask for and change. Errors are problem documents (RFC 9457). Each operation says in x-who who may call it; administrators may call all.",
			"license":     object{"name": "Apache License 2.0", "identifier": "Apache-2.0"},
		},
		"servers": []object{{"url": url}},
		"paths":   paths,
		"components": object{
			"schemas": s.named,
			"responses": object{"Problem": object{
				"description": "What went wrong", "content": object{problem.Type: object{"schema": failure}},
			}},
			"securitySchemes": object{"bearer": object{
				"type": "http", "scheme": "bearer",
				"description": "An access token of POST /v1/session, or an API token, which needs the scope of the operation.",
			}},
		},
	}, "", " ")
}

func (s *schemas) operation(row Route) (object, error) {
	op := object{
		"summary": row.Summary, "operationId": row.name(), "x-who": row.Who.String(),
		"security": []object{{"bearer": []string{}}},
	}
	if row.Who&Public != 0 {
		op["security"] = []object{}
	} else if row.Scope != "" {
		op["x-scope"] = row.Scope
	}
	var all []object
	for _, name := range row.names() {
		p, err := findParam(name)
		if err != nil {
			return nil, err
		}
		all = append(all, p.object("path", true))
	}
	for _, p := range row.Query {
		all = append(all, p.object("query", false))
	}
	if all != nil {
		op["parameters"] = all
	}
	if row.Handle.In != nil || row.Handle.Kind != "" {
		media := object{}
		if row.Handle.In != nil {
			in, err := s.of(row.Handle.In)
			if err != nil {
				return nil, err
			}
			media["schema"] = in
		}
		kind := row.Handle.Kind
		if kind == "" {
			kind = "application/json"
		}
		op["requestBody"] = object{"required": true, "content": object{kind: media}}
	}
	answer := object{"description": http.StatusText(row.status())}
	if row.Handle.Gives != "" {
		answer["content"] = object{row.Handle.Gives: object{}}
	} else if row.Handle.Out != nil {
		out, err := s.of(row.Handle.Out)
		if err != nil {
			return nil, err
		}
		answer["content"] = object{"application/json": object{"schema": out}}
	}
	responses := object{
		strconv.Itoa(row.status()): answer,
		"default":                  object{"$ref": "#/components/responses/Problem"},
	}
	if strings.HasPrefix(row.Handle.Gives, "image/") {
		responses["304"] = object{"description": "The caller has it already, as If-None-Match told"}
	}
	op["responses"] = responses
	return op, nil
}

func (p Param) object(in string, required bool) object {
	return object{"name": p.Name, "in": in, "required": required, "description": p.Doc, "schema": object{"type": "string", "pattern": "^(?:" + p.Pattern + ")$"}}
}

// name names an operation by its method and path: put_regions_region_organisations_organisation.
func (row Route) name() string {
	path := strings.TrimSuffix(strings.TrimPrefix(row.Path, "/v1"), ".json")
	return strings.ToLower(row.Method) + strings.NewReplacer("/", "_", "{", "", "}", "", "-", "_").Replace(path)
}
