package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// southern matches a place in the south, which would be taken for a flag.
var southern = regexp.MustCompile(`^-[0-9.]+\s*,`)

// shieldPlaces lets places such as "-33.9,18.4" pass as arguments: a space
// before the minus makes them none of the flags'.
func shieldPlaces(args []string) []string {
	shielded := make([]string, len(args))
	for i, arg := range args {
		if southern.MatchString(arg) {
			arg = " " + arg
		}
		shielded[i] = arg
	}
	return shielded
}

// parsePlace reads "LAT,LON" in degrees.
func parsePlace(s string) (lat, lon float64, err error) {
	a, b, ok := strings.Cut(s, ",")
	if ok {
		var errLat, errLon error
		lat, errLat = strconv.ParseFloat(strings.TrimSpace(a), 64)
		lon, errLon = strconv.ParseFloat(strings.TrimSpace(b), 64)
		ok = errLat == nil && errLon == nil && lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180
	}
	if !ok {
		return 0, 0, fmt.Errorf("%q is no place: write LAT,LON in degrees, such as 46.55,15.65 or -33.9,18.4", strings.TrimSpace(s))
	}
	return lat, lon, nil
}
