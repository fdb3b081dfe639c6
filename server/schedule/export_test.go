package schedule

import "context"

// Start notes that a timer runs, as fire does before it publishes.
func (s *Schedule) Start(ctx context.Context, region, id string) error {
	_, err := change(ctx, s, "timer", region, id, func(t *Timer) error {
		t.State, t.Started = Running, s.Now().UTC()
		return nil
	})
	return err
}

// Fire does what a look that found t starts.
func (s *Schedule) Fire(ctx context.Context, t Timer) error { return s.fire(ctx, t) }
