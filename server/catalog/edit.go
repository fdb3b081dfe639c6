package catalog

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/pannier-maps/pannier/server/store"
)

// What one Edit may write: features, and the sum of their Content.Size. The
// history keeps each a second time, so that is half of a transaction.
const (
	MaxEdits     = 1000
	MaxEditBytes = 900 << 10
	// overhead is what keys and the journal take of a transaction for each
	// feature besides its content, halved.
	overhead = 1200
)

// queue holds the edits of a region that wait for a transaction. All of them
// number their lines, so two at a time would get in each other's way; those
// that wait share one transaction, and its sync to disk.
type queue struct {
	mu      sync.Mutex
	waiting []*edit
	busy    bool
}

type edit struct {
	ctx   context.Context
	stamp Stamp
	size  int
	fn    func(*Journal) error
	err   error
	done  chan struct{}
}

// errPartial ends a transaction in which an edit failed after it had written.
var errPartial = errors.New("an edit failed halfway")

// Edit runs fn and writes what it put into the journal, all of it or nothing:
// an error of fn writes nothing and is returned. Nil means it is durable. fn may
// run several times, and should look before it writes. Size is the sum of
// Content.Size of what it will put, at most MaxEditBytes.
//
// While a large change has the region to itself, Edit waits. An error of ctx
// means that nothing was written.
func (c *Catalog) Edit(ctx context.Context, region string, stamp Stamp, size int, fn func(*Journal) error) error {
	stamp.At = stamp.At.UTC()
	for {
		e := &edit{ctx: ctx, stamp: stamp, size: size, fn: fn, done: make(chan struct{})}
		c.enqueue(region, e)
		<-e.done
		if !errors.Is(e.err, ErrApplying) {
			return e.err
		}
		select {
		case <-ctx.Done():
			return e.err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (c *Catalog) enqueue(region string, e *edit) {
	c.mu.Lock()
	q := c.queues[region]
	if q == nil {
		q = new(queue)
		c.queues[region] = q
	}
	c.mu.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, e)
	if !q.busy {
		q.busy = true
		go c.drain(region, q)
	}
}

// drain writes what waits, until nothing does.
func (c *Catalog) drain(region string, q *queue) {
	for {
		q.mu.Lock()
		n, size := 0, 0
		for n < len(q.waiting) && (n == 0 || size+q.waiting[n].size <= MaxEditBytes) {
			size += q.waiting[n].size + overhead
			n++
		}
		batch := q.waiting[:n:n]
		q.waiting = q.waiting[n:]
		q.busy = n > 0
		q.mu.Unlock()
		if n == 0 {
			return
		}
		c.write(region, batch)
		for _, e := range batch {
			close(e.done)
		}
	}
}

// write runs a batch in one transaction. An edit that fails halfway runs once
// more by itself.
func (c *Catalog) write(region string, batch []*edit) {
	for len(batch) > 0 {
		failed := -1
		err := c.meta.Update(context.Background(), func(txn store.Txn) error {
			failed = -1
			p, err := begin(txn, region)
			if err != nil {
				return err
			}
			if c.opening {
				p.holder = 0 // imports that were cut off come before the change that was
			}
			for i, e := range batch {
				before := p.writes
				if e.err = p.run(e); e.err != nil && p.writes > before {
					failed = i
					return errPartial
				}
			}
			return p.close()
		})
		if failed < 0 {
			for _, e := range batch {
				if e.err == nil {
					e.err = err
				}
			}
			c.tell(region)
			return
		}
		if len(batch) > 1 {
			c.write(region, batch[failed:failed+1])
		}
		batch = append(batch[:failed:failed], batch[failed+1:]...)
	}
}

// begin starts the pages of one transaction.
func begin(txn store.Txn, region string) (p *pages, err error) {
	p = &pages{txn: txn, region: region}
	if p.number, err = counter(txn, key("journal", region)); err != nil {
		return nil, err
	}
	p.holder, err = counter(txn, key("applying", region))
	return p, err
}

func (p *pages) run(e *edit) (err error) {
	if err := e.ctx.Err(); err != nil {
		return err
	}
	if p.holder != 0 && p.holder != e.stamp.Change {
		return ErrApplying
	}
	defer func() {
		if r := recover(); r != nil { // it shall not take the others' edits with it
			err = fmt.Errorf("an edit panicked: %v\n%s", r, debug.Stack())
		}
	}()
	return e.fn(&Journal{Txn: p.txn, Stamp: e.stamp, pages: p})
}

func (p *pages) close() error {
	if p.writes == 0 {
		return nil
	}
	return p.txn.Set(key("journal", p.region), binary.BigEndian.AppendUint64(nil, p.number))
}

// Hold gives a region to one change, until Release: other edits wait.
func (j *Journal) Hold(change uint64) error {
	if j.holder != 0 && j.holder != change {
		return ErrApplying
	}
	j.writes++
	j.holder = change
	return j.txn.Set(key("applying", j.region), binary.BigEndian.AppendUint64(nil, change))
}

// Release ends Hold.
func (j *Journal) Release() error {
	j.holder = 0
	return j.Delete(key("applying", j.region))
}

// Applying returns the change that has a region to itself; 0 when none has.
func (c *Catalog) Applying(ctx context.Context, region string) (change uint64, err error) {
	err = c.meta.View(ctx, func(txn store.Txn) error {
		change, err = counter(txn, key("applying", region))
		return err
	})
	return change, err
}
