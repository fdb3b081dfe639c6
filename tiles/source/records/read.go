package records

import (
	"errors"
	"fmt"
	"io"
)

// errTooLarge is the cause of an error for a file beyond a limit.
var errTooLarge = errors.New("the file is too large")

// Limited reads at most a number of bytes, and remembers why it stopped before
// the end: decoders hide that.
type Limited struct {
	r         io.Reader
	left, max int
	err       error
}

// Limit returns a reader of at most max bytes of r.
func Limit(r io.Reader, max int) *Limited { return &Limited{r: r, left: max, max: max} }

// Read implements io.Reader.
func (l *Limited) Read(p []byte) (int, error) {
	if l.left == 0 {
		var one [1]byte
		n, err := io.ReadFull(l.r, one[:])
		if n == 0 {
			return 0, l.note(err)
		}
		return 0, l.note(tooLarge(l.max))
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, l.note(err)
}

func (l *Limited) note(err error) error {
	if err != nil && err != io.EOF {
		l.err = err
	}
	return err
}

// Err returns why reading stopped before the end, or nil.
func (l *Limited) Err() error { return l.err }

func tooLarge(max int) error {
	return &Error{Err: fmt.Errorf("%w: it is larger than %d MiB", errTooLarge, max>>20)}
}

// ReadAll reads a file of at most max bytes.
func ReadAll(r io.Reader, max int) ([]byte, error) {
	raw, err := io.ReadAll(Limit(r, max))
	if err != nil && !errors.Is(err, errTooLarge) {
		return nil, fmt.Errorf("read: %w", err)
	}
	return raw, err
}
