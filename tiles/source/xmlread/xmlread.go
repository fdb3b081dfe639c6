// Package xmlread reads XML documents from outside, element by element.
//
// UTF-8, UTF-16 and common 8-bit encodings are read, with or without a
// declaration or a byte order mark; entities of a document's own are not, so they
// cannot grow. Documents are bounded: records.MaxFileBytes, and MaxDepth elements
// within each other. Errors are *records.Error and name the line.
//
// A Reader is for one goroutine.
package xmlread

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/pannier-maps/pannier/tiles/source/records"
)

// MaxDepth is how many elements may lie within each other.
const MaxDepth = 100

// Reader reads a document.
type Reader struct {
	d     *xml.Decoder
	text  *records.Limited
	depth int
}

// New returns a reader of a document.
func New(r io.Reader) *Reader {
	text := records.Limit(r, records.MaxFileBytes)
	d := xml.NewDecoder(plain(text))
	d.CharsetReader = charset
	return &Reader{d: d, text: text}
}

// Line returns the line that was read last.
func (r *Reader) Line() int {
	line, _ := r.d.InputPos()
	return line
}

// Failf returns an error at this line.
func (r *Reader) Failf(format string, args ...any) error {
	return records.Errorf(r.Line(), format, args...)
}

// Root reads up to the first element and checks its name; format is the format's
// name in errors.
func (r *Reader) Root(name, format string) error {
	for {
		token, err := r.d.Token()
		if err == io.EOF && r.text.Err() == nil {
			return r.Failf("not a %s file: it has no content", format)
		}
		if err != nil {
			return r.explain(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if start.Name.Local != name {
			return r.Failf("not a %s file: it begins with <%.40s>", format, start.Name.Local)
		}
		r.depth++
		return nil
	}
}

// Children calls element for each element in the current one, up to its end;
// element must read to the end of its own.
func (r *Reader) Children(element func(xml.StartElement) error) error {
	for {
		token, err := r.token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if err := element(t); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

// Skip reads to the end of the current element.
func (r *Reader) Skip() error {
	return r.Children(func(xml.StartElement) error { return r.Skip() })
}

// Text reads the text of the current element, without that of elements in it.
func (r *Reader) Text(into *string) error {
	var all []byte
	for {
		token, err := r.token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.CharData:
			all = append(all, t...)
		case xml.StartElement:
			if err := r.Skip(); err != nil {
				return err
			}
		case xml.EndElement:
			*into = strings.TrimSpace(string(all))
			return nil
		}
	}
}

// Attribute returns an element's attribute, whatever its namespace, or "".
func Attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

func (r *Reader) token() (xml.Token, error) {
	token, err := r.d.Token()
	if err != nil {
		return nil, r.explain(err)
	}
	switch token.(type) {
	case xml.StartElement:
		if r.depth++; r.depth > MaxDepth {
			return nil, r.Failf("more than %d elements lie within each other", MaxDepth)
		}
	case xml.EndElement:
		r.depth--
	}
	return token, nil
}

// explain turns an error of encoding/xml into one with a line.
func (r *Reader) explain(err error) error {
	if cause := r.text.Err(); cause != nil {
		return cause
	}
	var syntax *xml.SyntaxError
	switch {
	case errors.As(err, &syntax) && syntax.Msg == "unexpected EOF":
		return records.Errorf(syntax.Line, "the file ends too early: it is cut off")
	case errors.As(err, &syntax):
		return records.Errorf(syntax.Line, "not well-formed XML: %s", syntax.Msg)
	case err == io.EOF:
		return r.Failf("the file ends too early: it is cut off")
	}
	return r.Failf("%w", err)
}
