//go:build !linux

package powertest

import (
	"errors"
	"testing"
)

// Mount skips the test: only Linux has what it takes.
func (d *Disk) Mount(tb testing.TB) (string, func()) {
	tb.Helper()
	tb.Skip(errors.ErrUnsupported)
	return "", func() {}
}
