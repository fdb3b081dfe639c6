package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pannier-maps/pannier/server/store"
)

func ExampleCheckName() {
	fmt.Println(store.CheckName("v1/regions/mura-drava/head"))
	fmt.Println(store.CheckName("v1/../secrets"))
	// Output:
	// <nil>
	// bad object name
}

// Names are checked through each BlobStore by storetest; prefixes differ.
func TestCheckPrefix(t *testing.T) {
	for prefix, ok := range map[string]bool{
		"": true, "v1": true, "v1/": true, "v1/b": true, strings.Repeat("s", store.MaxSegment) + "/": true,
		"/": false, "v1//": false, "../": false, "v1/.": false, "V1": false, strings.Repeat("s", store.MaxSegment+1): false,
	} {
		if err := store.CheckPrefix(prefix); ok != (err == nil) || !ok && !errors.Is(err, store.ErrBadName) {
			t.Errorf("CheckPrefix(%q) = %v, want ok %v", prefix, err, ok)
		}
	}
}
