package archive

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

// IsGzip reports whether data is compressed by gzip; a vector tile begins otherwise.
func IsGzip(data []byte) bool { return len(data) > 2 && data[0] == 0x1f && data[1] == 0x8b }

// Gunzip undoes gzip, up to limit bytes; all else is ErrCorrupt.
func Gunzip(data []byte, limit int) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	raw, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if len(raw) > limit {
		return nil, fmt.Errorf("%w: expands to more than %d bytes", ErrCorrupt, limit)
	}
	return raw, nil
}

// A Packer compresses one text after another by gzip, the same to the same bytes.
// The zero Packer is ready; it serves one goroutine.
type Packer struct {
	b bytes.Buffer
	w *gzip.Writer
}

// Pack returns raw compressed, valid until the next call.
func (p *Packer) Pack(raw []byte) ([]byte, error) {
	p.b.Reset()
	if p.w == nil {
		var err error
		if p.w, err = gzip.NewWriterLevel(&p.b, gzip.BestCompression); err != nil {
			return nil, err
		}
	} else {
		p.w.Reset(&p.b)
	}
	if _, err := p.w.Write(raw); err != nil {
		return nil, err
	}
	if err := p.w.Close(); err != nil {
		return nil, err
	}
	return p.b.Bytes(), nil
}
