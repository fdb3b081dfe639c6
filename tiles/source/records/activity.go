package records

import "strings"

// activities are words that programs and devices write as a track's type.
var activities = map[string]string{
	"biking": "route.bicycle", "bike": "route.bicycle", "cycling": "route.bicycle", "bicycle": "route.bicycle",
	"road biking": "route.bicycle", "road_biking": "route.bicycle", "ride": "route.bicycle", "1": "route.bicycle",
	"gravel_cycling": "route.bicycle", "ebiking": "route.bicycle", "e_biking": "route.bicycle", "e-bike": "route.bicycle",
	"mountain biking": "route.mtb", "mountain_biking": "route.mtb", "mtb": "route.mtb",
	"hiking": "route.hiking", "walking": "route.hiking", "hike": "route.hiking", "running": "route.hiking",
	"trail running": "route.hiking", "foot": "route.hiking", "mountaineering": "route.hiking",
}

// Activity returns the category of a route by the word for what was done on it,
// or "".
func Activity(word string) string { return activities[strings.ToLower(strings.TrimSpace(word))] }

// coursePlaces are the kinds of course points that are places, after Garmin's.
var coursePlaces = map[string]string{
	"water": "water.drinking", "food": "food.restaurant", "summit": "nature.peak", "first_aid": "health.doctor",
	"4th_category": "nature.pass", "3rd_category": "nature.pass", "2nd_category": "nature.pass",
	"1st_category": "nature.pass", "fourth_category": "nature.pass", "third_category": "nature.pass",
	"second_category": "nature.pass", "first_category": "nature.pass", "hors_category": "nature.pass",
	"campsite": "lodging.camp_site", "rest_area": "rest.picnic", "shelter": "rest.shelter", "overlook": "sight.viewpoint",
	"toilet": "water.toilets", "shower": "water.shower", "store": "shop.other", "bridge": "sight.bridge", "info": "info.board",
}

// CoursePlace returns the category of a course point by the word for its kind,
// or "" when it is no place: a turn, a distance.
func CoursePlace(word string) string {
	return coursePlaces[strings.ReplaceAll(strings.ToLower(strings.TrimSpace(word)), " ", "_")]
}
