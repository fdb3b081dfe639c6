package editing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pannier-maps/pannier/server/catalog"
	"github.com/pannier-maps/pannier/server/store"
	"github.com/pannier-maps/pannier/server/store/records"
)

// answerLife is how long an answer is kept for its idempotency key.
const answerLife = 24 * time.Hour

// answer is what a request with an idempotency key was told.
type answer struct {
	At      time.Time `json:"at"`
	Request string    `json:"request"`
	Written []told    `json:"written,omitempty"`
	Change  uint64    `json:"change,omitempty"`
}

// told is a Written with its error in words.
type told struct {
	Written
	Problem string `json:"problem,omitempty"`
}

// RepeatedError is what a repeated request learns of a write that failed the
// first time.
type RepeatedError struct{ Problem string }

func (e *RepeatedError) Error() string { return e.Problem }

func answerKey(a Actor, region, key string) []byte {
	sum := sha256.Sum256([]byte(region + "\x00" + a.ID + "\x00" + a.Organisation + "\x00" + key))
	return records.Key("answer", hex.EncodeToString(sum[:]))
}

// recall returns the answer to an earlier request under a key, if there is one.
func (d *Desk) recall(txn store.Txn, a Actor, region, key, request string) (answer, bool, error) {
	if key == "" {
		return answer{}, false, nil
	}
	old, err := records.Get[answer](txn, answerKey(a, region, key))
	switch {
	case isAbsent(err) || (err == nil && d.now().Sub(old.At) > answerLife):
		return answer{}, false, nil
	case err != nil:
		return answer{}, false, err
	case old.Request != request:
		return answer{}, false, ErrKeyReused
	}
	return old, true, nil
}

func (d *Desk) said(txn store.Txn, a Actor, region string, b Batch) ([]Written, error) {
	old, ok, err := d.recall(txn, a, region, b.Key, b.Request)
	if err != nil || !ok {
		return nil, err
	}
	done := make([]Written, len(old.Written))
	for i, t := range old.Written {
		done[i] = t.Written
		if t.Problem != "" {
			done[i].Err = &RepeatedError{t.Problem}
		}
	}
	return done, nil
}

func (d *Desk) say(j *catalog.Journal, a Actor, region string, b Batch, done []Written) error {
	if b.Key == "" {
		return nil
	}
	said := answer{At: d.now().UTC(), Request: b.Request}
	for _, w := range done {
		t := told{Written: w}
		if w.Err != nil {
			t.Problem = fmt.Sprintf("%.100s", w.Err)
		}
		said.Written = append(said.Written, t)
	}
	return j.Set(answerKey(a, region, b.Key), said)
}

// Forget drops answers that are older than a day. Run it now and then.
func (d *Desk) Forget(ctx context.Context) error {
	for {
		var old [][]byte
		err := d.meta.View(ctx, func(txn store.Txn) error {
			old = nil
			for kv, err := range txn.Scan(records.Key("answer", "")) {
				if err != nil {
					return err
				}
				var a answer
				if err := json.Unmarshal(kv.Value, &a); err != nil {
					return fmt.Errorf("record %s: %w", kv.Key, err)
				}
				if d.now().Sub(a.At) > answerLife && len(old) < 1000 {
					old = append(old, kv.Key)
				}
			}
			return nil
		})
		if err != nil || len(old) == 0 {
			return err
		}
		err = d.meta.Update(ctx, func(txn store.Txn) error {
			for _, k := range old {
				if err := txn.Delete(k); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}
