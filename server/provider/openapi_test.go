package provider

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"
)

// described is the part of the document that the test looks at.
type described struct {
	OpenAPI string `json:"openapi"`
	Paths   map[string]map[string]struct {
		ID         string           `json:"operationId"`
		Who        string           `json:"x-who"`
		Security   []map[string]any `json:"security"`
		Parameters []struct{ Name, In string }
		Request    *struct {
			Content map[string]struct{ Schema map[string]any }
		} `json:"requestBody"`
		Responses map[string]struct {
			Ref     string `json:"$ref"`
			Content map[string]struct{ Schema map[string]any }
		}
	}
	Components struct {
		Schemas map[string]map[string]any
	}
}

var patterns = regexp.MustCompile(`\{([a-z_]+):(?:[^{}]|\{[0-9,]+\})*\}`)

// TestOpenAPI checks the document that is served against the router, and its
// schemas against values of the Go types, as encoding/json writes them.
func TestOpenAPI(t *testing.T) {
	w := newSite(t)
	doc := read[described](w.call("", "GET", "/v1/openapi.json", nil).want(200))
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("openapi is %q", doc.OpenAPI)
	}
	var routed, documented []string
	err := w.api.router.Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		path, err := route.GetPathTemplate()
		if err != nil {
			return err
		}
		methods, err := route.GetMethods()
		if err != nil {
			return fmt.Errorf("%s takes every method: %w", path, err)
		}
		routed = append(routed, methods[0]+" "+patterns.ReplaceAllString(path, "{$1}"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for path, item := range doc.Paths {
		for method, op := range item {
			name := strings.ToUpper(method) + " " + path
			documented = append(documented, name)
			if ids[op.ID] || op.ID == "" || op.Who == "" {
				t.Errorf("%s: operationId %q is missing or there twice, or nobody may call it", name, op.ID)
			}
			ids[op.ID] = true
			for _, part := range parts.FindAllStringSubmatch(path, -1) {
				if !slices.Contains(op.Parameters, struct{ Name, In string }{part[1], "path"}) {
					t.Errorf("%s: {%s} is not described", name, part[1])
				}
			}
			if op.Responses["default"].Ref != "#/components/responses/Problem" {
				t.Errorf("%s: errors are not described", name)
			}
		}
	}
	slices.Sort(routed)
	slices.Sort(documented)
	if !slices.Equal(routed, documented) {
		t.Errorf("routed %q\ndocumented %q", routed, documented)
	}
	for _, row := range w.api.table {
		op := doc.Paths[row.Path][strings.ToLower(row.Method)]
		check := func(what string, is reflect.Type, schema map[string]any) {
			if is == nil {
				return
			}
			value := reflect.New(is).Elem()
			fill(value, 0)
			data, err := json.Marshal(value.Interface())
			if err != nil {
				t.Fatalf("%s %s: %v", row.Method, row.Path, err)
			}
			if err := doc.conforms(data, schema); err != nil {
				t.Errorf("%s %s: %s: %v in %s", row.Method, row.Path, what, err, data)
			}
		}
		if (op.Request != nil) != (row.Handle.In != nil || row.Handle.Kind != "") {
			t.Errorf("%s %s: body described: %v", row.Method, row.Path, op.Request != nil)
		}
		if op.Request != nil && row.Handle.Kind == "" {
			check("request", row.Handle.In, op.Request.Content["application/json"].Schema)
		}
		if row.Handle.Gives == "" {
			check("answer", row.Handle.Out, op.Responses[fmt.Sprint(row.status())].Content["application/json"].Schema)
		}
	}
}

// fill gives a value some content everywhere, so that nothing is left out.
func fill(v reflect.Value, depth int) {
	if v.Type() == timeType {
		v.Set(reflect.ValueOf(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)))
		return
	}
	if all := valuesOf(v.Type()); all != nil {
		v.SetString(all[0])
		return
	}
	if depth > 8 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), depth+1)
			}
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			v.SetBytes([]byte("{}"))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1)
	case reflect.Map:
		key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, depth+1)
		fill(elem, depth+1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, elem)
	case reflect.String:
		v.SetString("de")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(1.5)
	}
}

// conforms checks JSON against what the document uses of JSON Schema.
func (doc described) conforms(data []byte, schema map[string]any) error {
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	return doc.is(v, schema, "")
}

func (doc described) is(v any, schema map[string]any, path string) error {
	if schema == nil {
		return fmt.Errorf("%s: there is no schema", path)
	}
	if ref, ok := schema["$ref"].(string); ok {
		return doc.is(v, doc.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")], path)
	}
	bad := func() error { return fmt.Errorf("%s: %v is no %v", path, v, schema["type"]) }
	switch schema["type"] {
	case nil:
		return nil
	case "object":
		o, ok := v.(map[string]any)
		if !ok {
			return bad()
		}
		properties, _ := schema["properties"].(map[string]any)
		for name, member := range o {
			s, known := properties[name].(map[string]any)
			if !known {
				if s, known = schema["additionalProperties"].(map[string]any); !known {
					return fmt.Errorf("%s.%s is not in the schema", path, name)
				}
			}
			if err := doc.is(member, s, path+"."+name); err != nil {
				return err
			}
		}
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if _, ok := o[name.(string)]; !ok {
				return fmt.Errorf("%s.%s is missing", path, name)
			}
		}
	case "array":
		all, ok := v.([]any)
		if !ok {
			return bad()
		}
		for i, item := range all {
			if err := doc.is(item, schema["items"].(map[string]any), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case "string":
		s, ok := v.(string)
		if enum, has := schema["enum"].([]any); !ok || has && !slices.Contains(enum, any(s)) {
			return bad()
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			return bad()
		}
	case "number", "integer":
		if n, ok := v.(float64); !ok || schema["type"] == "integer" && n != float64(int64(n)) {
			return bad()
		}
	default:
		return fmt.Errorf("%s: unknown type %v", path, schema["type"])
	}
	return nil
}
