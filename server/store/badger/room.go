package badgerstore

import (
	"fmt"

	"github.com/pannier-maps/pannier/server/store"
)

// reserve is how many bytes must be free for Badger to write. It maps its files
// into memory before the disk has blocks for them: a write to a full disk is no
// error there, but SIGBUS. One Update writes 2 MiB at most, and may set off the
// writing of a 16 MiB table and of a compaction after it.
const reserve = 64 << 20

// room returns store.ErrFull unless the disk of a folder has the reserve. Where
// the system does not tell, there is room.
func room(dir string) error {
	free, ok := freeBytes(dir)
	if !ok || free >= reserve {
		return nil
	}
	return fmt.Errorf("%w: %.1f MiB are free on the disk of %s, at least %d MiB must be",
		store.ErrFull, float64(free)/(1<<20), dir, reserve>>20)
}
