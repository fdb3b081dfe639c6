// Package jobs brings providers' files into a region: a file is uploaded, read,
// compared with what is there, shown, chosen from, and becomes one change of
// server/editing, which can be undone as a whole.
//
// # Uploads
//
// An upload is made with its length and filled from its beginning, by as many
// requests as it takes; what arrived is kept when a connection breaks. It lies
// in the private BlobStore in parts of at most 2 MiB, and goes a day after it was
// made unless an import uses it. What an organisation holds is bounded.
//
// # Jobs
//
// A Job is one import into one source of a region:
//
//	waiting ─► reading ─► ready ─► applying ─► proposed or applied ─► undoing ─► undone
//	    ▲         │ ▲        │
//	    │         ▼ │        ▼
//	    │       failed    cancelled
//	    └── other settings, or features were changed meanwhile
//
// Reading tells the file's kind by its content, reads it, checks each object as
// server/editing will, and sorts it into a Group by comparing it with what the
// last import of the source gave. So a file that comes again changes nothing,
// whatever was edited by hand since; and an object that is both in another state
// in the file and edited by hand is told apart (Edited) and not taken unless
// somebody asks for it. Features made by hand in the source never vanish.
//
// Each step is noted down before it is done, and may be done again: after a
// crash, Open goes on with what was under way. A change is applied whole or not
// at all, which server/editing sees to.
//
// One import at a time has a source; another is ErrBusy until the first is
// applied, cancelled or has failed. A few workers read and apply; readers share
// a budget of memory.
//
// # Records
//
//	upload/{id}                       Upload
//	uploading/{organisation}          Held: what the organisation holds
//	part/{id}/{offset}                blob of a part; 16 hex digits
//	job/{region}                      number of the newest job
//	job/{region}/{number}             Job; 16 hex digits
//	busy/{region}/{source}            number of the job that has the source
//	imported/{region}/{change}        number of the job that made a change; 16 hex digits
//
// and in the private BlobStore
//
//	uploads/{id}.{offset}.{random}                          a part
//	jobs/{region}.{number}.{generation}.{group}.{chunk}     lines of JSON, one an Item
//	jobs/{region}.{number}.{generation}.columns             Columns of a table
//	jobs/{region}.{number}.excluded                         ids that shall not be taken, as JSON
//
// Errors are the sentinels below and those of server/editing. Jobs is safe for
// concurrent use, in one process.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/editing"
	"github.com/pannier-maps/pannier/server/store"
)

// Errors that a caller acts on.
var (
	ErrNotFound = errors.New("there is no such upload or import")
	ErrBusy     = errors.New("another import of the source is under way")
	ErrState    = errors.New("the import is not in a state for that")
	ErrQuota    = errors.New("the organisation holds too much already")
	ErrTooLarge = errors.New("the file is too large")
	ErrOffset   = errors.New("the upload goes on elsewhere")
	ErrChecksum = errors.New("the bytes do not have that checksum")
	ErrInvalid  = errors.New("that cannot be")
)

// Config is what Jobs needs. The stores, Catalog and Desk are required.
type Config struct {
	Meta    store.MetaStore
	Private store.BlobStore
	Catalog *catalog.Catalog
	Desk    *editing.Desk
	TempDir string // for files being read; that of the system when ""
	Workers int    // 2 when 0
	Memory  int64  // bytes of files, unpacked, that are read at once; 64 MiB when 0
	Now     func() time.Time
	Log     *slog.Logger
}

// Jobs is the imports of one server.
type Jobs struct {
	meta    store.MetaStore
	private store.BlobStore
	catalog *catalog.Catalog
	desk    *editing.Desk
	temp    string
	now     func() time.Time
	log     *slog.Logger

	filling *semaphore.Weighted // requests that fill uploads
	workers *semaphore.Weighted
	memory  *semaphore.Weighted
	budget  int64

	ctx  context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup

	// asking is held by Reread, Choose and Apply: what they put into the private
	// store must not count when the job's state refuses them.
	asking sync.Mutex

	mu      sync.Mutex
	running map[id]*run
	sending map[string]int // requests that fill uploads, by organisation
}

// id names a job.
type id struct {
	region string
	number uint64
}

// Open opens the imports of a server, and goes on with those that were under
// way. Callers close it before the stores.
func Open(ctx context.Context, c Config) (*Jobs, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.TempDir == "" {
		c.TempDir = os.TempDir()
	}
	if c.Workers == 0 {
		c.Workers = 2
	}
	if c.Memory == 0 {
		c.Memory = 64 << 20
	}
	j := &Jobs{
		meta: c.Meta, private: c.Private, catalog: c.Catalog, desk: c.Desk, temp: c.TempDir, now: c.Now, log: c.Log,
		filling: semaphore.NewWeighted(maxFilling), workers: semaphore.NewWeighted(int64(c.Workers)),
		memory: semaphore.NewWeighted(c.Memory), budget: c.Memory, running: make(map[id]*run), sending: make(map[string]int),
	}
	j.ctx, j.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := j.Sweep(ctx); err != nil {
		return nil, fmt.Errorf("open imports: %w", err)
	}
	if err := j.resume(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open imports: %w", err), j.Close())
	}
	return j, nil
}

// Close stops the workers, which go on at the next Open.
func (j *Jobs) Close() error {
	j.stop()
	j.wg.Wait()
	return nil
}

// at is the time of now, as records have it.
func (j *Jobs) at() time.Time { return j.now().UTC().Truncate(time.Millisecond) }
