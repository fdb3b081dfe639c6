package offline

import (
	_ "embed"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/pannier-maps/pannier/tiles/feature"
)

// recordDictionary is what most records have in common. Each record is stored
// as a zstd frame with this text as a raw dictionary, which takes a third of
// the room. The text is part of the file's format: another one needs another
// formatVersion.
//
//go:embed record.dict
var recordDictionary []byte

// recordDictionaryID stands in each frame.
const recordDictionaryID = 1

var recordEncoder = sync.OnceValue(func() *zstd.Encoder {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderCRC(false),
		zstd.WithEncoderDictRaw(recordDictionaryID, recordDictionary))
	if err != nil {
		panic(err) // the options are constants
	}
	return w
})

var recordDecoder = sync.OnceValue(func() *zstd.Decoder {
	r, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(feature.MaxBytes), zstd.WithDecoderConcurrency(0),
		zstd.WithDecoderDictRaw(recordDictionaryID, recordDictionary))
	if err != nil {
		panic(err)
	}
	return r
})

func packRecord(record []byte) []byte { return recordEncoder().EncodeAll(record, nil) }

func unpackRecord(data []byte) ([]byte, error) {
	record, err := recordDecoder().DecodeAll(data, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return record, nil
}

// parse reads a record as it is stored.
func parse(id string, data []byte) (*feature.Feature, error) {
	record, err := unpackRecord(data)
	if err != nil {
		return nil, fmt.Errorf("feature %q: %w", id, err)
	}
	return parseRecord(id, record)
}

func parseRecord(id string, record []byte) (*feature.Feature, error) {
	f, err := feature.Parse(record)
	if err != nil {
		return nil, fmt.Errorf("%w: feature %q: %w", ErrDamaged, id, err)
	}
	return f, nil
}
