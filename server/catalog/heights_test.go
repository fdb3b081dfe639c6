package catalog

import (
	"context"
	"fmt"
	"testing"
)

func TestHeights(t *testing.T) {
	c, ctx := open(t), context.Background()
	create(t, c, "mura")
	if all, err := c.Heights(ctx, "mura"); err != nil || all != nil {
		t.Errorf("none yet: %v, %v", all, err)
	}
	for _, h := range []Heights{{File: "1.dem", Grid: "b"}, {File: "2.dem", Grid: "a"}, {File: "3.dem", Grid: "b"}} {
		if err := c.AddHeights(ctx, "mura", h); err != nil {
			t.Fatal(err)
		}
	}
	all, err := c.Heights(ctx, "mura")
	if err != nil || len(all) != 2 || all[0].File != "2.dem" || all[1].File != "3.dem" {
		t.Errorf("the model is %+v, %v; want 2.dem, then 3.dem in the place of 1.dem", all, err)
	}
	if all, err := c.Heights(ctx, "drava"); err != nil || all != nil {
		t.Errorf("of another region: %v, %v", all, err)
	}
	for i := len(all); ; i++ {
		err := c.AddHeights(ctx, "mura", Heights{Grid: fmt.Sprint("c", i)})
		if i == maxHeights {
			if err == nil {
				t.Error("there are more files than allowed")
			}
			break
		}
		if err != nil {
			t.Fatalf("file %d: %v", i+1, err)
		}
	}
	if err := c.AddHeights(ctx, "mura", Heights{File: "4.dem", Grid: "a"}); err != nil {
		t.Errorf("take a file's place when the list is full: %v", err)
	}
}
