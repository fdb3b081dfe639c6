package control

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
)

func frame(kind byte, length uint32, p string) string {
	return string(binary.BigEndian.AppendUint32([]byte{kind}, length)) + p
}

func TestBrokenAnswers(t *testing.T) {
	for name, answer := range map[string]string{
		"nothing": "", "half a head": "\x01\x00", "half a frame": frame(1, 3, "ab"), "no exit": frame(1, 2, "ab"),
		"too long": frame(1, maxFrame+1, strings.Repeat("x", maxFrame+1)), "unknown": frame(4, 0, ""),
		"short exit": frame(3, 3, "abc"), "long exit": frame(3, 5, "abcde"),
	} {
		if _, err := receive(strings.NewReader(answer), io.Discard, io.Discard); !errors.Is(err, ErrBroken) {
			t.Errorf("%s gave %v, want ErrBroken", name, err)
		}
	}
}

func FuzzReceive(f *testing.F) {
	seeds := []string{frame(1, 2, "ab") + frame(2, 1, "e") + frame(3, 4, "\x00\x00\x00\x07"), frame(4, 0, ""), "\x01\xff\xff\xff\xff"}
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		var out bytes.Buffer
		if _, err := receive(bytes.NewReader(answer), &out, &out); err != nil && !errors.Is(err, ErrBroken) {
			t.Errorf("an error of no kind: %v", err)
		}
		if out.Len() > len(answer) {
			t.Errorf("%d bytes out of %d", out.Len(), len(answer))
		}
	})
}
