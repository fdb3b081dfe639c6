package edit_test

import (
	"fmt"

	"github.com/pannier-maps/pannier/sync/delta/edit"
)

// The worked example of FORMAT.md.
func Example() {
	old, raw := []byte("a long and winding lane road along the river"), []byte("a long and winding gravel road along the river")
	data := edit.Encode(old, raw)
	fmt.Printf("% x\n", data)
	again, err := edit.Decode(old, data, len(raw))
	fmt.Printf("%s %v\n", again, err)
	// Output:
	// 7d 66 5b 1b 9e cf 0b ad b0 ae
	// a long and winding gravel road along the river <nil>
}
