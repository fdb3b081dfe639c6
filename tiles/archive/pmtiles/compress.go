package pmtiles

import (
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/pannier-maps/pannier/tiles/archive"
)

func compress(raw []byte) ([]byte, error) { return new(archive.Packer).Pack(raw) }

// expand undoes a compression, up to limit bytes.
func expand(data []byte, c Compression, limit int) ([]byte, error) {
	switch c {
	case Plain:
		return data, nil
	case Gzip:
		return archive.Gunzip(data, limit)
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
