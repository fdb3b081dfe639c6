package taxonomy

import "testing"

func TestTypes(t *testing.T) {
	for _, test := range []struct {
		of    func(...string) (string, bool)
		types []string
		want  string
	}{
		{OfSchemaOrg, []string{"LocalBusiness", "Restaurant"}, "food.restaurant"},
		{OfSchemaOrg, []string{"https://schema.org/BedAndBreakfast"}, "lodging.guest_house"},
		{OfSchemaOrg, []string{"schema:Winery", "schema:Restaurant"}, "food.winery"},
		{OfSchemaOrg, []string{"Person"}, ""},
		{OfSchemaOrg, nil, ""},
		{OfDATAtourisme, []string{"schema:FoodEstablishment", "PlaceOfInterest", "Restaurant"}, "food.restaurant"},
		{OfDATAtourisme, []string{"PointOfInterest", "Tour", "CyclingTour"}, "route.bicycle"},
		{OfDATAtourisme, []string{"PlaceOfInterest"}, ""},
	} {
		got, ok := test.of(test.types...)
		if got != test.want || ok != (got != "") {
			t.Errorf("%v: %q, %v, want %q", test.types, got, ok, test.want)
		}
	}
}

func TestOfWord(t *testing.T) {
	for word, want := range map[string]string{
		"food.cafe": "food.cafe", " Gostilna ": "food.restaurant", "TURISTIČNA KMETIJA": "lodging.guest_house", "Restavracija": "food.restaurant", "MUSEUM": "culture.museum",
		"Múzeum": "culture.museum", "amenity=cafe": "food.cafe", "camp site": "lodging.camp_site", "guest_house": "lodging.guest_house",
		"BikeStore": "cycling.shop", "food": "", "": "", "food.x_buschenschank": "food.x_buschenschank", "x.x_y": "", "kolesarska pot": "route.bicycle", "shop=bicycle": "cycling.shop",
	} {
		if got := OfWord(word); got != want {
			t.Errorf("OfWord(%q) = %q, want %q", word, got, want)
		}
	}
}
