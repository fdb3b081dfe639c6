package osmpbf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/paulmach/protoscan"
	"github.com/pierrec/lz4/v4"
)

// Fields of a Blob.
const (
	blobRaw     = 1
	blobRawSize = 2
	blobZlib    = 3
	blobLZMA    = 4
	blobBzip2   = 5
	blobLZ4     = 6
	blobZstd    = 7
)

// unpack returns the uncompressed content of a blob.
func unpack(blob []byte) ([]byte, error) {
	var (
		packed []byte
		method int
		size   int64 = -1
		err    error
	)
	m := protoscan.New(blob)
	for m.Next() && err == nil {
		switch n := m.FieldNumber(); n {
		case blobRaw, blobZlib, blobLZMA, blobBzip2, blobLZ4, blobZstd:
			method = n
			packed, err = m.Bytes()
		case blobRawSize:
			size, err = m.Int64()
		default:
			m.Skip()
		}
	}
	if err := errors.Join(err, m.Err()); err != nil {
		return nil, corrupt(err, "blob")
	}
	if method == blobRaw {
		return packed, nil
	}
	if size < 0 || size > maxBlob {
		return nil, fmt.Errorf("%w: blob of %d bytes unpacked, more than %d", ErrCorrupt, size, maxBlob)
	}
	var raw []byte
	switch method {
	case blobZlib:
		raw, err = unpackZlib(packed, int(size))
	case blobLZ4:
		raw = make([]byte, size)
		var n int
		n, err = lz4.UncompressBlock(packed, raw)
		raw = raw[:max(n, 0)]
	case blobZstd:
		raw, err = unpackZstd(packed, int(size))
	case blobLZMA, blobBzip2:
		return nil, fmt.Errorf("%w: compressed with LZMA or bzip2", ErrUnsupported)
	default:
		return nil, fmt.Errorf("%w: blob without data", ErrCorrupt)
	}
	if err == nil && int64(len(raw)) != size {
		err = fmt.Errorf("%d bytes, want %d", len(raw), size)
	}
	return raw, corrupt(err, "unpack blob")
}

var zlibReaders sync.Pool

// unpackZlib reads size bytes and checks that no more follow.
func unpackZlib(packed []byte, size int) ([]byte, error) {
	r, _ := zlibReaders.Get().(io.ReadCloser)
	var err error
	if r == nil {
		r, err = zlib.NewReader(bytes.NewReader(packed))
	} else {
		err = r.(zlib.Resetter).Reset(bytes.NewReader(packed), nil)
	}
	if err != nil {
		return nil, err
	}
	defer zlibReaders.Put(r)
	raw := make([]byte, size)
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, err
	}
	var more [1]byte
	if n, err := r.Read(more[:]); n > 0 || err != io.EOF {
		return nil, fmt.Errorf("more than %d bytes, or a bad checksum", size)
	}
	return raw, nil
}

var zstdReader = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxBlob))
})

func unpackZstd(packed []byte, size int) ([]byte, error) {
	r, err := zstdReader()
	if err != nil {
		return nil, err
	}
	return r.DecodeAll(packed, make([]byte, 0, size))
}
