package media

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

// receive takes a file to disk, however slowly it comes: it takes no memory.
func (l *Library) receive(from io.Reader, announced string) (_ *upload, err error) {
	f, err := os.CreateTemp(l.temp, "pannier-upload-*")
	if err != nil {
		return nil, fmt.Errorf("receive upload: %w", err)
	}
	up := &upload{file: f}
	defer func() {
		if err != nil {
			up.close()
		}
	}()
	sum := sha256.New()
	up.size, err = io.Copy(io.MultiWriter(f, sum), io.LimitReader(from, MaxBytes+1))
	switch {
	case err != nil:
		return nil, err // of the sender, told by whoever serves
	case up.size > MaxBytes:
		return nil, &Refusal{ErrTooLarge, fmt.Sprintf("The file has more than %d MB.", MaxBytes>>20)}
	case up.size == 0:
		return nil, &Refusal{ErrKind, "The file is empty."}
	case announced != "" && announced != hex.EncodeToString(sum.Sum(nil)):
		return nil, &Refusal{ErrDigest, "The file that came has another SHA-256 than announced; send it again."}
	}
	return up, nil
}

// upload is a file that was received.
type upload struct {
	file *os.File
	size int64
}

func (u *upload) close() {
	u.file.Close()
	os.Remove(u.file.Name())
}

func (u *upload) read() ([]byte, error) {
	data := make([]byte, u.size)
	if _, err := u.file.ReadAt(data, 0); err != nil {
		return nil, fmt.Errorf("read upload: %w", err)
	}
	return data, nil
}
