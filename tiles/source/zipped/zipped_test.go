package zipped

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/tiles/feature"
)

func archive(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.Create("folder/"); err != nil {
		t.Fatal(err)
	}
	w, err := z.Create("a.txt")
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRead(t *testing.T) {
	a, err := Open(archive(t, "hello"))
	if err != nil || len(a.Files()) != 1 {
		t.Fatal(a, err)
	}
	got, err := a.Read(a.Files()[0], 5)
	if err != nil || string(got) != "hello" {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := a.Read(a.Files()[0], 4); !errors.Is(err, feature.ErrInvalid) || !strings.Contains(err.Error(), "a.txt") {
		t.Errorf("more than asked for: %v", err)
	}
}

// lying is an archive whose file says that it has 10 bytes, and has more.
func lying(t *testing.T) []byte {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, 9)
	if err == nil {
		_, err = w.Write(make([]byte, 10<<20))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	raw, err := z.CreateRaw(&zip.FileHeader{
		Name: "a.txt", Method: zip.Deflate, UncompressedSize64: 10, CompressedSize64: uint64(packed.Len()), CRC32: crc32.ChecksumIEEE(make([]byte, 10)),
	})
	if err == nil {
		_, err = raw.Write(packed.Bytes())
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRefuses(t *testing.T) {
	whole := archive(t, strings.Repeat("x", 3<<20))
	change := func(at int, value uint32) []byte {
		raw := bytes.Clone(whole)
		binary.LittleEndian.PutUint32(raw[bytes.LastIndex(raw, []byte("PK\x05\x06"))+at:], value)
		return raw
	}
	secret := archive(t, "hello")
	for i := 0; ; { // the flag, in both headers
		j := bytes.Index(secret[i:], []byte("PK"))
		if j < 0 {
			break
		}
		i += j + 4
		switch string(secret[i-2 : i]) {
		case "\x03\x04":
			secret[i+2] |= 1
		case "\x01\x02":
			secret[i+4] |= 1
		}
	}
	for name, test := range map[string]struct {
		raw  []byte
		says string
	}{
		"cut off":         {whole[:len(whole)-1], "its end is missing"},
		"empty":           {nil, "its end is missing"},
		"a long list":     {change(12, MaxDirectory+1), "list of files"},
		"zip64":           {change(16, 0xffffffff), "zip64"},
		"a ratio of 1000": {whole, "more than is allowed"},
		"a lie":           {lying(t), "a.txt"},
		"a password":      {secret, "password"},
	} {
		a, err := Open(test.raw)
		if err == nil {
			for _, f := range a.Files() {
				if _, readErr := a.Read(f, MaxEntry); readErr != nil {
					err = readErr
				}
			}
		}
		if !errors.Is(err, feature.ErrInvalid) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(archive(f, "hello"))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := Open(raw)
		if err != nil {
			return
		}
		for _, file := range a.Files() {
			if got, err := a.Read(file, 1<<20); err == nil && len(got) > 1<<20 {
				t.Errorf("%d bytes", len(got))
			}
		}
	})
}
