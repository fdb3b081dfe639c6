package taxonomy

import "slices"

// details are keys of OpenStreetMap, in order.
var details = []string{
	"access", "addr:housename", "alt_name", "artist_name", "artwork_type", "ascent", "atm", "backrest", "bench", "bicycle_parking",
	"bicycle_rental", "board_type", "bottle", "brand", "capacity", "caravans", "changing_table", "check_date",
	"colour", "covered", "cuisine", "cycle_network", "denomination", "descent", "diet:vegan", "diet:vegetarian",
	"direction", "dog", "drinking_water", "ele", "fee", "fireplace", "from", "healthcare:speciality", "height",
	"heritage", "information", "internet_access", "lit", "mattress", "mtb:scale", "mtb:scale:imba", "network",
	"official_name", "old_name", "operator", "osmc:symbol", "outdoor_seating", "payment:cash",
	"payment:credit_cards", "power_supply", "recycling:clothes", "recycling:glass_bottles",
	"recycling:paper", "recycling:scrap_metal", "ref", "religion", "reservation", "rooms", "roundtrip", "seasonal",
	"service:bicycle:chain_tool", "service:bicycle:pump", "service:bicycle:rental", "service:bicycle:repair",
	"service:bicycle:tools", "shelter_type", "shower", "socket:schuko", "socket:type2", "sport", "stars", "start_date",
	"surface", "symbol", "takeaway", "tents", "to", "toilets", "toilets:wheelchair", "tower:type", "vending", "via",
	"wheelchair", "wikidata", "wikipedia",
}

// Details returns the keys of OpenStreetMap's tags that become a feature's
// details by the same name.
func Details() []string { return slices.Clone(details) }
