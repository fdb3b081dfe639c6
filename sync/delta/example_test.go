package delta

import "fmt"

// The worked example of FORMAT.md.
func Example_edit() {
	old, raw := []byte("a long and winding lane road along the river"), []byte("a long and winding gravel road along the river")
	data, _, err := packEdit(old, raw)
	fmt.Printf("% x %v\n", data, err)
	again, err := unpackEdit(old, data, len(raw))
	fmt.Printf("%s %v\n", again, err)
	// Output:
	// 20 13 00 00 06 15 03 00 00 00 00 18 67 72 61 76 65 6c <nil>
	// a long and winding gravel road along the river <nil>
}
