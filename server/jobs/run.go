package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

// Progress is how far a job's work is.
type Progress struct {
	Stage string `json:"stage" doc:"wait, read, compare, apply or undo"`
	Done  int64  `json:"done"`
	Total int64  `json:"total" doc:"bytes when reading, else objects; 0 when it is not known"`
}

// run is a job that a worker has, or will have.
type run struct {
	cancel   context.CancelFunc
	done     chan struct{} // closed when no worker has the job any more
	again    bool          // look at the job once more; under Jobs.mu
	progress atomic.Pointer[Progress]
}

func (r *run) report(stage string, done, total int64) {
	r.progress.Store(&Progress{stage, done, total})
}

// Progress returns how far a job's work is; false when none is being done.
func (j *Jobs) Progress(region string, number uint64) (Progress, bool) {
	j.mu.Lock()
	r := j.running[id{region, number}]
	j.mu.Unlock()
	if r == nil {
		return Progress{}, false
	}
	return *r.progress.Load(), true
}

// begin has a worker look at a job.
func (j *Jobs) begin(region string, number uint64) {
	k := id{region, number}
	j.mu.Lock()
	defer j.mu.Unlock()
	if r := j.running[k]; r != nil {
		r.again = true
		return
	}
	if j.ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithCancel(j.ctx)
	r := &run{cancel: cancel, done: make(chan struct{})}
	r.report("wait", 0, 0)
	j.running[k] = r
	j.wg.Add(1)
	go func() {
		defer j.wg.Done()
		defer close(r.done)
		defer cancel()
		for more := true; more; {
			j.work(ctx, k, r)
			j.mu.Lock()
			if more = r.again && ctx.Err() == nil; !more {
				delete(j.running, k)
			}
			r.again = false
			j.mu.Unlock()
		}
	}()
}

// interrupt stops the worker of a job.
func (j *Jobs) interrupt(region string, number uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if r := j.running[id{region, number}]; r != nil {
		r.cancel()
	}
}

// work does what a job's state asks for, until it asks for nothing.
func (j *Jobs) work(ctx context.Context, k id, r *run) {
	if j.workers.Acquire(ctx, 1) != nil {
		return
	}
	defer j.workers.Release(1)
	for ctx.Err() == nil {
		job, err := j.load(ctx, k.region, k.number)
		if err == nil {
			switch job.State {
			case Waiting, Reading:
				err = j.read(ctx, k.region, job, r)
			case Applying:
				err = j.apply(ctx, k.region, job, r)
			case Undoing:
				err = j.undo(ctx, k.region, job, r)
			default:
				return
			}
		}
		if err != nil && ctx.Err() == nil {
			j.fail(ctx, k, err)
			return
		}
	}
}

// refusedError is why a job cannot go on, in words for the provider.
type refusedError struct{ error }

func refused(format string, args ...any) error { return &refusedError{fmt.Errorf(format, args...)} }

const fault = "Something went wrong in the server. Try again; if it happens again, tell who runs this site."

// fail ends a step that failed: reading fails the job, other steps are taken back
// to where they can be tried again.
func (j *Jobs) fail(ctx context.Context, k id, err error) {
	problem := fault
	var told *refusedError
	if errors.As(err, &told) {
		problem = told.Error()
	} else {
		j.log.Error("import failed", "region", k.region, "import", k.number, "err", err)
	}
	if len(problem) > 2000 {
		problem = strings.ToValidUTF8(problem[:2000], "") + "…"
	}
	_, err = j.change(ctx, k.region, k.number, func(_ store.Txn, job *Job) error {
		switch job.State {
		case Waiting, Reading:
			job.State = Failed
		case Applying:
			job.State = Ready
		case Undoing:
			job.State = Applied
		default:
			return ErrState
		}
		job.Problem = problem
		return nil
	})
	if err != nil && !errors.Is(err, ErrState) && !errors.Is(err, ErrNotFound) {
		j.log.Error("the failure of an import could not be noted", "region", k.region, "import", k.number, "err", err)
	}
}

// resume goes on with jobs that were under way, but for those of an Import that is
// no longer: whoever called it begins anew.
func (j *Jobs) resume(ctx context.Context) error {
	var left, lost []id
	err := j.meta.View(ctx, func(txn store.Txn) error {
		left, lost = nil, nil
		for kv, err := range txn.Scan(records.Key("job", "")) {
			if err != nil {
				return err
			}
			region, _, isJob := strings.Cut(strings.TrimPrefix(string(kv.Key), "job/"), "/")
			if !isJob {
				continue // the number of the newest
			}
			var job Job
			if err := json.Unmarshal(kv.Value, &job); err != nil {
				return fmt.Errorf("record %s: %w", kv.Key, err)
			}
			switch k := (id{region, job.Number}); {
			case job.Alone && job.State.holding() && job.State != Applying && job.State != Undoing:
				lost = append(lost, k)
			case job.State.Working():
				left = append(left, k)
			}
		}
		return nil
	})
	for _, k := range left {
		j.begin(k.region, k.number)
	}
	for _, k := range lost {
		if err == nil {
			err = j.giveUp(ctx, k)
		}
	}
	return err
}
