package search_test

import (
	"fmt"

	"github.com/pannier-maps/pannier/clients/guide/search"
)

func Example() {
	fmt.Println(search.Fold("Gostilna »Pri Đurđici«"))
	fmt.Println(search.Variants("Đurđica"))
	fmt.Println(search.Query("gostilna đur"))
	// Output:
	// gostilna pri durdici
	// [durdica djurdjica]
	// "gostilna" AND ("dur"* OR "djur"*)
}
