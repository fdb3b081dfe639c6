package feature

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/gowebpki/jcs"
)

// Canonical returns the record's bytes: canonical JSON by RFC 8785. It checks
// only the size; Validate checks the content.
func (f *Feature) Canonical() ([]byte, error) {
	if n := f.Geometry.Count(); n > MaxPoints {
		return nil, &FieldError{"geometry", fmt.Sprintf("%d positions, more than %d", n, MaxPoints)}
	}
	plain, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encode feature %.80q: %w", f.ID, err)
	}
	raw, err := jcs.Transform(plain)
	if err != nil {
		return nil, fmt.Errorf("encode feature %.80q: %w", f.ID, err)
	}
	if len(raw) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes of JSON, more than %d", ErrInvalid, len(raw), MaxBytes)
	}
	return raw, nil
}

// Parse reads one record: a single JSON object in UTF-8 of at most MaxBytes,
// with members of the right types and coordinates in the world. Unknown members
// are ignored. Whether the record is complete is for Validate to say, since an
// amendment holds only what it changes.
func Parse(raw []byte) (*Feature, error) {
	if len(raw) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes of JSON, more than %d", ErrInvalid, len(raw), MaxBytes)
	}
	if !utf8.Valid(raw) {
		return nil, fmt.Errorf("%w: text is not UTF-8", ErrInvalid)
	}
	if text := bytes.TrimLeft(raw, " \t\r\n"); len(text) == 0 || text[0] != '{' {
		return nil, fmt.Errorf("%w: not a JSON object", ErrInvalid)
	}
	f := new(Feature)
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(f); err != nil {
		return nil, explain(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: more than one JSON value", ErrInvalid)
	}
	return f, nil
}

// explain turns an error of encoding/json into one about the member.
func explain(err error) error {
	var field *FieldError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &field):
		return field
	case errors.As(err, &typ) && typ.Field != "":
		return &FieldError{typ.Field, fmt.Sprintf("must not be a JSON %s", typ.Value)}
	}
	return fmt.Errorf("%w: %w", ErrInvalid, err)
}
