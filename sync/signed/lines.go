package signed

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Lines reads a text of lines of the form "name value", by their numbers from 0.
// Err is the first thing that is wrong; it wraps the error that ReadLines got.
type Lines struct {
	Text    []string
	Err     error
	corrupt error
}

// ReadLines takes a text apart.
func ReadLines(text string, corrupt error) *Lines {
	return &Lines{Text: strings.Split(text, "\n"), corrupt: corrupt}
}

// Fail says that a line is not what its name asks for.
func (l *Lines) Fail(line int, name string) {
	if l.Err == nil {
		l.Err = fmt.Errorf("%w: line %d is not a valid %q", l.corrupt, line+1, name)
	}
}

// Value returns what follows the name.
func (l *Lines) Value(line int, name string) string {
	v, ok := strings.CutPrefix(l.Text[line], name+" ")
	if !ok {
		l.Fail(line, name)
	}
	return v
}

// Values returns what follows the name, which must be n words.
func (l *Lines) Values(line int, name string, n int) []string {
	words := strings.Split(l.Value(line, name), " ")
	if len(words) != n {
		l.Fail(line, name)
		return make([]string, n)
	}
	return words
}

// Number reads a word of a line as a decimal of so many bits.
func (l *Lines) Number(line int, name, word string, bits int) uint64 {
	n, err := strconv.ParseUint(word, 10, bits)
	if err != nil {
		l.Fail(line, name)
	}
	return n
}

// Time reads a line that holds a time of RFC 3339.
func (l *Lines) Time(line int, name string) time.Time {
	t, err := time.Parse(time.RFC3339, l.Value(line, name))
	if err != nil {
		l.Fail(line, name)
	}
	return t.UTC()
}
