package editing

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkChange imports 50,000 features as one change, accepts it, and takes
// it back.
func BenchmarkChange(b *testing.B) {
	for b.Loop() {
		d := desk(b, b.TempDir())
		lap := time.Now()
		report := func(what string) {
			b.ReportMetric(float64(time.Since(lap).Milliseconds()), "ms-"+what)
			lap = time.Now()
		}
		number := uint64(0)
		for n := 0; n < MaxProposals; n += MaxBatch {
			var writes []Write
			for i := n; i < min(n+MaxBatch, MaxProposals); i++ {
				writes = append(writes, Write{Ref: farmRef(i), Feature: at(place(fmt.Sprint("Kmetija ", i)), int32(i%250), int32(i/250))})
			}
			saved, err := d.Save(ctx, farm, "mura", number, Words{}, writes, "", "")
			if err != nil {
				b.Fatal(err)
			}
			number = saved.Change.Number
		}
		report("save")
		if _, err := d.Propose(ctx, farm, "mura", number, Words{}); err != nil {
			b.Fatal(err)
		}
		if c, err := d.Accept(ctx, editor, "mura", number, "", false); err != nil || c.Applied != MaxProposals {
			b.Fatal(c, err)
		}
		report("accept")
		c, err := d.Undo(ctx, farm, "mura", number)
		if err != nil {
			b.Fatal(err)
		}
		report("undo")
		if c, err := d.Accept(ctx, editor, "mura", c.Number, "", false); err != nil || c.Applied != MaxProposals {
			b.Fatal(c, err)
		}
		report("accept-undo")
	}
}
