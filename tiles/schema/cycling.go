package schema

import "strings"

// What a street is for bicycles, beyond the tag bicycle.

// besides are the keys that say what there is for bicycles in or beside a street.
var besides = []string{"cycleway", "cycleway:both", "cycleway:left", "cycleway:right"}

// provisions are their values that riders look for, the best first. A track that
// is drawn as a line of its own ("separate") is none of the street.
var provisions = []string{"track", "lane", "shared_lane", "share_busway"}

// cycleway returns the best that a street offers to bicycles.
func cycleway(s Subject, _ *class) (Value, bool) {
	if s.Tags.Get("bicycle_road") == "yes" || s.Tags.Get("cyclestreet") == "yes" {
		return text("cyclestreet"), true
	}
	best := len(provisions)
	for _, key := range besides {
		found := strings.TrimPrefix(s.Tags.Get(key), "opposite_")
		for i, p := range provisions[:best] {
			if found == p {
				best = i
				break
			}
		}
	}
	if best == len(provisions) {
		return Value{}, false
	}
	return text(provisions[best]), true
}

// onewayBicycle says where bicycles may ride otherwise than oneway has it: "no"
// against it, "yes" and "-1" only along or against the line though it is not one
// way for all.
func onewayBicycle(s Subject, c *class) (Value, bool) {
	if isRail(s, c) {
		return Value{}, false
	}
	said, oneway := s.Tags.Get("oneway:bicycle"), isOneway(s, c)
	switch {
	case said == "no" && oneway, said == "" && oneway && against(s):
		return text("no"), true
	case (said == "yes" || said == "-1") && !oneway:
		return text(said), true
	}
	return Value{}, false
}

// against reports whether something beside a one-way street leads against it.
func against(s Subject) bool {
	for _, key := range besides {
		if strings.HasPrefix(s.Tags.Get(key), "opposite") {
			return true
		}
		switch s.Tags.Get(key + ":oneway") {
		case "no", "-1":
			return true
		}
	}
	return false
}
