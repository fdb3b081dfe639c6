package jobs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/pannier-maps/pannier/server/store"
)

// random returns bytes that depend on nothing but the seed.
func random(seed uint64, n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed)}).Read(data)
	return data
}

func (s *site) content(u Upload) []byte {
	s.Helper()
	c, err := s.jobs.open(s.Context(), u)
	s.must(err)
	defer c.Close()
	data, err := io.ReadAll(c)
	s.must(err)
	return data
}

// An upload goes on where it was cut off, whatever was sent before.
func TestUploadResumes(t *testing.T) {
	s := newSite(t)
	data := random(1, 5<<20+123)
	u, err := s.jobs.CreateUpload(t.Context(), farm.ID, "farm", `C:\data\places.csv`, int64(len(data)))
	s.must(err)
	if u.Name != "places.csv" || u.Whole() {
		t.Errorf("created %+v", u)
	}
	broken := errors.New("the connection broke")
	for cuts := 0; !u.Whole(); cuts++ {
		rest := data[u.Offset:]
		r := io.MultiReader(bytes.NewReader(rest[:min(len(rest), 700_000+cuts)]), iotest.ErrReader(broken))
		was := u.Offset
		if u, err = s.jobs.Fill(t.Context(), u.ID, u.Offset, nil, r); err != nil && !errors.Is(err, broken) {
			t.Fatal(err)
		}
		if u.Offset <= was {
			t.Fatalf("nothing of what arrived is kept: at %d", u.Offset)
		}
		if cuts == 2 {
			s.jobs.Close()
			s.must(s.meta.Close())
			s.open()
		}
	}
	if !bytes.Equal(s.content(u), data) {
		t.Error("what arrived is not what was sent")
	}
}

func TestUploadRefuses(t *testing.T) {
	s := newSite(t)
	data := random(2, 3<<20)
	sum := sha256.Sum256(data)
	make := func() Upload {
		t.Helper()
		u, err := s.jobs.CreateUpload(t.Context(), farm.ID, "farm", "a.csv", int64(len(data)))
		s.must(err)
		return u
	}
	for _, c := range []struct {
		name   string
		offset int64
		sum    []byte
		body   []byte
		want   error
		at     int64
	}{
		{"elsewhere", 1, nil, data, ErrOffset, 0},
		{"a wrong checksum", 0, sum[:], data[:len(data)-1], ErrChecksum, 0},
		{"too little", 0, nil, data[:MinPart-1], ErrInvalid, 0},
		{"enough", 0, nil, data[:MinPart], nil, MinPart},
		{"too much", 0, nil, append(data[:len(data):len(data)], 1), ErrTooLarge, 2 << 20},
		{"all", 0, sum[:], data, nil, int64(len(data))},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := make()
			_, err := s.jobs.Fill(t.Context(), u.ID, c.offset, c.sum, bytes.NewReader(c.body))
			if !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if u, err = s.jobs.Upload(t.Context(), u.ID); err != nil || u.Offset != c.at {
				t.Errorf("it is at %d (%v), want %d", u.Offset, err, c.at)
			}
		})
	}
	if _, err := s.jobs.CreateUpload(t.Context(), farm.ID, "farm", "a", MaxFile+1); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a large file: %v", err)
	}
	if _, err := s.jobs.CreateUpload(t.Context(), farm.ID, "farm", "a", 0); !errors.Is(err, ErrInvalid) {
		t.Errorf("an empty file: %v", err)
	}
}

// Two requests at once for one place: one counts.
func TestUploadAtOnce(t *testing.T) {
	s := newSite(t)
	data := random(3, 4<<20)
	u, err := s.jobs.CreateUpload(t.Context(), farm.ID, "farm", "a.csv", int64(len(data)))
	s.must(err)
	done := make(chan error)
	for range 4 {
		go func() {
			_, err := s.jobs.Fill(context.Background(), u.ID, 0, nil, bytes.NewReader(data))
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil && !errors.Is(err, ErrOffset) {
			t.Error(err)
		}
	}
	u, err = s.jobs.Upload(t.Context(), u.ID)
	s.must(err)
	if got := s.content(u); !bytes.Equal(got, data[:u.Offset]) {
		t.Error("parts of several requests are mixed up")
	}
}

// What an organisation holds is bounded, and goes when nobody uses it.
func TestQuotaAndSweep(t *testing.T) {
	s := newSite(t)
	held := func() (n int) {
		for name, err := range s.jobs.private.List(t.Context(), "") {
			s.must(err)
			if name != "" {
				n++
			}
		}
		return n
	}
	var last Upload
	for i := 0; ; i++ {
		u, err := s.jobs.CreateUpload(t.Context(), farm.ID, "farm", "a.csv", MaxFile)
		if errors.Is(err, ErrQuota) {
			if i != MaxHeld/MaxFile {
				t.Errorf("%d files were let in", i)
			}
			break
		}
		s.must(err)
		last = u
	}
	if _, err := s.jobs.CreateUpload(t.Context(), museum.ID, "museum", "a.csv", MaxFile); err != nil {
		t.Errorf("another organisation: %v", err)
	}
	_, err := s.jobs.Fill(t.Context(), last.ID, 0, nil, bytes.NewReader(random(4, 3<<20)))
	s.must(err)
	s.must(s.jobs.private.Put(t.Context(), "uploads/aaaaaaaaaaaaaaaa.0000000000000000.b", []byte("left by a crash")))
	job := s.read(museum, "b.csv", three)
	clock := time.Now().Add(UploadLife + time.Hour)
	s.jobs.now = func() time.Time { return clock }
	s.must(s.jobs.Sweep(t.Context()))
	if _, err := s.jobs.Upload(t.Context(), last.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("after a day: %v", err)
	}
	u := s.upload(farm, "c.csv", three) // there is room again
	s.must(s.jobs.RemoveUpload(t.Context(), u.ID))
	if job, err = s.jobs.Get(t.Context(), region, job.Number); err != nil || job.State != Ready {
		t.Errorf("an import that is a day old: %+v, %v", job, err)
	}
	clock = clock.Add(readyLife)
	s.must(s.jobs.Sweep(t.Context()))
	if job, err = s.jobs.Get(t.Context(), region, job.Number); err != nil || job.State != Cancelled {
		t.Errorf("an import that nobody looks at: %+v, %v", job, err)
	}
	clock = clock.Add(foundLife + time.Hour)
	s.must(s.jobs.Sweep(t.Context()))
	clock = clock.Add(recordLife)
	s.must(s.jobs.Sweep(t.Context()))
	if _, err = s.jobs.Get(t.Context(), region, job.Number); !errors.Is(err, ErrNotFound) {
		t.Errorf("an import of long ago: %v", err)
	}
	s.must(s.jobs.Sweep(t.Context()))
	if n := held(); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}

// A file that a crash left behind, when its import had been applied already, is
// removed after a day, and no longer counts.
func TestSweepAfterCrash(t *testing.T) {
	s := newSite(t)
	u := s.upload(farm, "a.csv", three)
	job, err := s.jobs.Start(t.Context(), Order{Region: region, Upload: u.ID, Actor: farm, Settings: licence})
	s.must(err)
	job = s.wait(job)
	_, err = s.jobs.change(t.Context(), region, job.Number, func(_ store.Txn, job *Job) error {
		job.State, job.Upload = Applied, "" // and the upload's removal never came
		return nil
	})
	s.must(err)
	ready := s.read(museum, "b.csv", three)
	clock := time.Now().Add(UploadLife + time.Hour)
	s.jobs.now = func() time.Time { return clock }
	s.must(s.jobs.Sweep(t.Context()))
	if _, err := s.jobs.Upload(t.Context(), u.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("the file is still there: %v", err)
	}
	if _, err := s.jobs.Upload(t.Context(), ready.Upload); err != nil {
		t.Errorf("one that is used: %v", err)
	}
	var held Held
	s.must(s.jobs.meta.View(t.Context(), func(txn store.Txn) (err error) {
		held, err = getHeld(txn, "farm")
		return err
	}))
	if held != (Held{}) {
		t.Errorf("the organisation holds %+v", held)
	}
}

// However many slow requests an organisation has, the others' files arrive.
func TestSlowUploads(t *testing.T) {
	s := newSite(t)
	s.jobs.filling = semaphore.NewWeighted(maxOwn + 1)
	slow, end := io.Pipe()
	u, err := s.jobs.CreateUpload(t.Context(), farm.ID, "farm", "slow.csv", 10)
	s.must(err)
	var all sync.WaitGroup
	for range maxOwn {
		all.Go(func() { s.jobs.Fill(t.Context(), u.ID, 0, nil, slow) })
	}
	for n := 0; n < maxOwn; time.Sleep(time.Millisecond) {
		s.jobs.mu.Lock()
		n = s.jobs.sending["farm"]
		s.jobs.mu.Unlock()
	}
	if _, err := s.jobs.Fill(t.Context(), u.ID, 0, nil, slow); !errors.Is(err, ErrQuota) {
		t.Errorf("one more: %v", err)
	}
	if other := s.upload(museum, "a.csv", three); !other.Whole() {
		t.Errorf("another organisation's: %+v", other)
	}
	end.Close()
	all.Wait()
	if len(s.jobs.sending) > 0 {
		t.Errorf("still sending: %v", s.jobs.sending)
	}
}
