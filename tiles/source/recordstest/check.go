package recordstest

import (
	"archive/zip"
	"bytes"
	"errors"
	"testing"

	"github.com/pannier-maps/pannier/tiles/feature"
	"github.com/pannier-maps/pannier/tiles/source/records"
)

// Check checks what a reader gave of any input: an error of a known class, or
// valid objects.
func Check(t testing.TB, file *records.File, err error) {
	t.Helper()
	if err != nil {
		if !errors.Is(err, feature.ErrInvalid) && !errors.Is(err, records.ErrEmpty) {
			t.Fatalf("error of an unknown class: %v", err)
		}
		return
	}
	for _, item := range file.Items {
		if err := item.Feature.Validate(); err != nil && !item.Amends {
			t.Fatal(err)
		}
	}
}

// Zip packs an archive of names and contents, by turns.
func Zip(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err == nil {
			_, err = w.Write([]byte(files[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
