package osmxml

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// Limits of a file.
const (
	maxTag        = 64 << 10 // bytes of one tag with its attributes
	maxAttributes = 64
)

// tag is a start or end tag. Names and values are valid until the next one.
type tag struct {
	name       []byte
	attributes []attribute
	start, end bool // both for <name/>
}

type attribute struct{ name, value []byte }

// get returns an attribute's value, nil when absent.
func (t *tag) get(name string) []byte {
	for _, a := range t.attributes {
		if string(a.name) == name {
			return a.value
		}
	}
	return nil
}

// scanner reads the tags of a document and nothing else: text, comments,
// instructions and declarations are passed over. OpenStreetMap keeps all it has
// to say in attributes, and in UTF-8.
type scanner struct {
	r    *bufio.Reader
	line int
	buf  []byte
	tag  tag
}

func newScanner(r io.Reader) *scanner {
	return &scanner{r: bufio.NewReaderSize(r, 256<<10), line: 1}
}

// next reads up to the next tag; io.EOF at the end of the document.
func (s *scanner) next() (*tag, error) {
	for {
		if err := s.skipTo('<'); err != nil {
			return nil, err
		}
		c, err := s.r.ReadByte()
		if err != nil {
			return nil, unexpected(err)
		}
		switch c {
		case '!':
			err = s.skipDeclaration()
		case '?':
			err = s.skipInstruction()
		default:
			if err := s.r.UnreadByte(); err != nil {
				return nil, err
			}
			return s.readTag()
		}
		if err != nil {
			return nil, err
		}
	}
}

// skipTo passes over text up to and including c.
func (s *scanner) skipTo(c byte) error {
	for {
		part, err := s.r.ReadSlice(c)
		s.line += bytes.Count(part, newline)
		if err != bufio.ErrBufferFull {
			return err
		}
	}
}

var newline = []byte{'\n'}

// skipPast passes over everything up to and including the mark.
func (s *scanner) skipPast(mark string) error {
	seen := make([]byte, 0, len(mark))
	for string(seen) != mark {
		c, err := s.r.ReadByte()
		if err != nil {
			return unexpected(err)
		}
		if c == '\n' {
			s.line++
		}
		if len(seen) == len(mark) {
			seen = append(seen[:0], seen[1:]...)
		}
		seen = append(seen, c)
	}
	return nil
}

// skipDeclaration passes over a comment. Others, such as document types that
// could define entities, are refused.
func (s *scanner) skipDeclaration() error {
	if head, err := s.r.Peek(2); err == nil && string(head) == "--" {
		return s.skipPast("-->")
	}
	return fault("<! does not start a comment")
}

// skipInstruction passes over an instruction. One that declares another encoding
// than UTF-8 is refused.
func (s *scanner) skipInstruction() error {
	head, _ := s.r.Peek(128) // all there is, near the end
	head, _, _ = bytes.Cut(head, []byte("?>"))
	if _, encoding, ok := bytes.Cut(head, []byte("encoding=")); ok {
		name := bytes.ToLower(bytes.Trim(encoding, "\"' "))
		if !bytes.HasPrefix(name, []byte("utf-8")) && !bytes.HasPrefix(name, []byte("us-ascii")) {
			return fault("encoding %s, want UTF-8", encoding)
		}
	}
	return s.skipPast("?>")
}

// readTag reads a tag after its "<".
func (s *scanner) readTag() (*tag, error) {
	s.buf = s.buf[:0]
	for quote := byte(0); ; {
		part, err := s.r.ReadSlice('>')
		if err != nil && err != bufio.ErrBufferFull {
			return nil, unexpected(err)
		}
		if len(s.buf)+len(part) > maxTag {
			return nil, fault("tag of more than %d bytes", maxTag)
		}
		s.buf = append(s.buf, part...)
		s.line += bytes.Count(part, newline)
		for _, c := range part {
			switch {
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			case c == quote:
				quote = 0
			}
		}
		if quote == 0 && err == nil {
			break // a ">" outside of quotes
		}
	}
	return &s.tag, s.tag.parse(s.buf[:len(s.buf)-1])
}

func (t *tag) parse(b []byte) error {
	t.attributes = t.attributes[:0]
	t.start, t.end = true, false
	if len(b) > 0 && b[0] == '/' {
		t.start, t.end, b = false, true, b[1:]
	} else if len(b) > 0 && b[len(b)-1] == '/' {
		t.end, b = true, b[:len(b)-1]
	}
	t.name, b = word(b)
	if len(t.name) == 0 {
		return fault("tag without a name")
	}
	for b = bytes.TrimLeft(b, space); len(b) > 0; b = bytes.TrimLeft(b, space) {
		var a attribute
		a.name, b = word(b)
		b = bytes.TrimLeft(b, space)
		if len(a.name) == 0 || len(b) == 0 || b[0] != '=' {
			return fault("bad attribute in <%s>", t.name)
		}
		b = bytes.TrimLeft(b[1:], space)
		if len(b) == 0 || b[0] != '"' && b[0] != '\'' {
			return fault("attribute %s without quotes", a.name)
		}
		end := bytes.IndexByte(b[1:], b[0])
		if end < 0 || len(t.attributes) == maxAttributes {
			return fault("bad attribute %s", a.name)
		}
		var err error
		if a.value, err = unescape(b[1 : 1+end]); err != nil {
			return fmt.Errorf("attribute %s: %w", a.name, err)
		}
		t.attributes = append(t.attributes, a)
		b = b[end+2:]
	}
	return nil
}

const space = " \t\r\n"

// word cuts off a name.
func word(b []byte) (name, rest []byte) {
	for i, c := range b {
		switch c {
		case ' ', '\t', '\r', '\n', '=', '"', '\'', '<', '/':
			return b[:i], b[i:]
		}
	}
	return b, nil
}

// unescape resolves the entities of a value, in place.
func unescape(b []byte) ([]byte, error) {
	at := bytes.IndexByte(b, '&')
	if at < 0 {
		return b, nil
	}
	out, rest := b[:at], b[at:]
	for len(rest) > 0 {
		if rest[0] != '&' {
			out, rest = append(out, rest[0]), rest[1:]
			continue
		}
		end := bytes.IndexByte(rest, ';')
		if end < 0 {
			return nil, fault("entity without an end")
		}
		r, ok := entity(string(rest[1:end]))
		if !ok {
			return nil, fault("unknown entity %q", rest[:end+1])
		}
		out, rest = utf8.AppendRune(out, r), rest[end+1:]
	}
	return out, nil
}

func entity(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	base, digits := 10, name[1:]
	if digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	n, err := strconv.ParseUint(digits, base, 21)
	return rune(n), err == nil && n != 0 && utf8.ValidRune(rune(n))
}

// fault is an error of the file, not of reading it.
func fault(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...)
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
