package pmtiles

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/pannier-maps/pannier/tiles/archive"
)

// isGzip reports whether data is compressed; a vector tile begins otherwise.
func isGzip(data []byte) bool { return len(data) > 2 && data[0] == 0x1f && data[1] == 0x8b }

// A packer compresses one text after another.
type packer struct {
	b bytes.Buffer
	w *gzip.Writer
}

// pack returns raw compressed, valid until the next call.
func (p *packer) pack(raw []byte) ([]byte, error) {
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

func compress(raw []byte) ([]byte, error) { return new(packer).pack(raw) }

// expand undoes a compression, up to limit bytes.
func expand(data []byte, c Compression, limit int) ([]byte, error) {
	switch c {
	case Plain:
		return data, nil
	case Gzip:
		return expandGzip(data, limit)
	case Zstd:
		return expandZstd(data, limit)
	}
	return nil, fmt.Errorf("%w: compressed by %s; gzip, Zstandard or none can be read", archive.ErrUnsupported, c)
}

func expandZstd(data []byte, limit int) ([]byte, error) {
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(limit)))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	raw, err := r.DecodeAll(data, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", archive.ErrCorrupt, err)
	}
	return raw, nil
}

func expandGzip(data []byte, limit int) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", archive.ErrCorrupt, err)
	}
	raw, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", archive.ErrCorrupt, err)
	}
	if len(raw) > limit {
		return nil, fmt.Errorf("%w: expands to more than %d bytes", archive.ErrCorrupt, limit)
	}
	return raw, nil
}
