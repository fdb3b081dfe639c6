package jobs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

const (
	maxPart = 2 << 20
	// MinPart is the least that one request adds to an upload, but for its end:
	// so it has a bounded number of parts.
	MinPart    = 64 << 10
	maxFilling = 16 // requests at once, each with a part in memory
	maxOwn     = 4  // of them of one organisation, as slow ones last an hour
)

// Fill adds what r has to an upload, which must have got as far as offset. With
// a checksum (SHA-256 of what r has) all of it counts or nothing; without one,
// what arrived counts even when r fails. It returns the upload as it is then.
func (j *Jobs) Fill(ctx context.Context, id string, offset int64, checksum []byte, r io.Reader) (Upload, error) {
	u, err := j.Upload(ctx, id)
	if err != nil {
		return u, err
	}
	leave, err := j.enter(ctx, u.Organisation)
	if err != nil {
		return u, err
	}
	defer leave()
	if u, err = j.Upload(ctx, id); err != nil { // as it is now
		return u, err
	}
	if u.Offset != offset {
		return u, fmt.Errorf("%w: at byte %d", ErrOffset, u.Offset)
	}
	// What arrived is kept although whoever sent it hung up.
	f := &filler{j: j, ctx: context.WithoutCancel(ctx), u: u, at: offset, sum: sha256.New(), checked: checksum != nil}
	err = f.read(r)
	if err == nil && f.checked {
		if !bytes.Equal(f.sum.Sum(nil), checksum) {
			err = ErrChecksum
		} else {
			err = f.commit()
		}
	}
	if err != nil {
		f.drop()
	}
	return f.u, err
}

// enter waits until an organisation may fill an upload.
func (j *Jobs) enter(ctx context.Context, organisation string) (leave func(), err error) {
	if err := j.count(organisation, 1); err != nil {
		return nil, err
	}
	if err := j.filling.Acquire(ctx, 1); err != nil {
		return nil, errors.Join(err, j.count(organisation, -1))
	}
	return func() {
		j.filling.Release(1)
		j.count(organisation, -1)
	}, nil
}

// count counts the requests of an organisation that fill uploads.
func (j *Jobs) count(organisation string, change int) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch n := j.sending[organisation] + change; {
	case n > maxOwn:
		return fmt.Errorf("%w: %d files are being sent; wait for one of them", ErrQuota, maxOwn)
	case n == 0:
		delete(j.sending, organisation)
	default:
		j.sending[organisation] = n
	}
	return nil
}

// part is one part of an upload.
type part struct {
	offset int64
	size   int64
	name   string
}

// filler fills an upload from one request.
type filler struct {
	j       *Jobs
	ctx     context.Context
	u       Upload
	at      int64 // as far as parts are written
	sum     hash.Hash
	checked bool
	waiting []part // written, not yet noted down
}

func (f *filler) read(r io.Reader) error {
	begin := f.at
	buf := make([]byte, maxPart)
	for {
		n, err := io.ReadFull(r, buf)
		if err == io.EOF {
			return nil
		}
		got := f.at + int64(n)
		if got > f.u.Size {
			return fmt.Errorf("%w: more than the %d bytes that were announced", ErrTooLarge, f.u.Size)
		}
		short := got-begin < MinPart && got < f.u.Size
		if n > 0 && !short {
			f.sum.Write(buf[:n])
			if err := f.write(buf[:n]); err != nil {
				return err
			}
		}
		switch {
		case err == nil:
		case !errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("read the request: %w", err)
		case short:
			return fmt.Errorf("%w: send at least %d bytes at once", ErrInvalid, MinPart)
		default:
			return nil
		}
	}
}

// write stores a part.
func (f *filler) write(data []byte) error {
	p := part{f.at, int64(len(data)), fmt.Sprintf("uploads/%s.%016x.%s", f.u.ID, f.at, newID())}
	if err := f.j.private.Put(f.ctx, p.name, data); err != nil {
		return fmt.Errorf("keep a part: %w", err)
	}
	f.waiting = append(f.waiting, p)
	f.at += p.size
	if f.checked {
		return nil
	}
	return f.commit()
}

// commit notes parts down.
func (f *filler) commit() error {
	err := f.j.meta.Update(f.ctx, func(txn store.Txn) error {
		u, err := getUpload(txn, f.u.ID)
		if err != nil {
			return err
		}
		if u.Offset != f.u.Offset {
			f.u = u
			return fmt.Errorf("%w: at byte %d", ErrOffset, u.Offset)
		}
		u.Offset = f.at
		for _, p := range f.waiting {
			if err := records.Set(txn, partKey(u.ID, p.offset), p.name); err != nil {
				return err
			}
		}
		if err := records.Set(txn, uploadKey(u.ID), u); err != nil {
			return err
		}
		f.u = u
		return nil
	})
	if err == nil {
		f.waiting = nil
	}
	return err
}

// drop removes parts that do not count. What is left behind, Sweep finds.
func (f *filler) drop() {
	for _, p := range f.waiting {
		f.j.private.Delete(f.ctx, p.name)
	}
}

// content reads an upload from its beginning.
type content struct {
	ctx   context.Context
	j     *Jobs
	names []string // of parts to come
	part  io.ReadCloser
}

// open returns the bytes of an upload that is whole.
func (j *Jobs) open(ctx context.Context, u Upload) (*content, error) {
	c := &content{ctx: ctx, j: j}
	err := j.meta.View(ctx, func(txn store.Txn) (err error) {
		c.names, err = records.List[string](txn, partPrefix(u.ID))
		return err
	})
	return c, err
}

// Read implements io.Reader.
func (c *content) Read(p []byte) (int, error) {
	for {
		if err := c.ctx.Err(); err != nil {
			return 0, err
		}
		if c.part == nil {
			if len(c.names) == 0 {
				return 0, io.EOF
			}
			o, err := c.j.private.Open(c.ctx, c.names[0])
			if err != nil {
				return 0, err
			}
			c.part, c.names = o, c.names[1:]
		}
		n, err := c.part.Read(p)
		if err == io.EOF {
			err = c.part.Close()
			c.part = nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Close closes it.
func (c *content) Close() error {
	if c.part == nil {
		return nil
	}
	return c.part.Close()
}
