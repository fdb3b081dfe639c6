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
