package table

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// angle is a coordinate as it is written.
type angle struct {
	degrees float64
	letter  string // of the direction, "" when there is none
	exact   bool   // it has decimals, minutes or a letter: it is no count
}

var errNoAngle = errors.New("not a number of degrees")

// One number, or degrees, minutes and seconds, with a letter before or after.
// Primes come in many forms, or as spaces.
var angleForm = regexp.MustCompile(`^([NSEWOVZJ])?\s*([-+−–])?\s*(\d{1,7}(?:[.,]\d*)?)\s*(?:°|º|˚|deg\b)?\s*` +
	`(?:(\d{1,2}(?:[.,]\d*)?)\s*(?:['’′´]\s*(?:(\d{1,2}(?:[.,]\d*)?)\s*(?:["”″]|'')?)?)?)?\s*([NSEWOVZJ])?$`)

// parseAngle reads one coordinate.
func parseAngle(s string) (a angle, err error) {
	s = strings.ToUpper(strings.TrimSpace(strings.ReplaceAll(s, "\u00a0", " ")))
	m := angleForm.FindStringSubmatch(s)
	if m == nil || m[1] != "" && m[6] != "" || m[4] != "" && !strings.ContainsAny(s, "°º˚'’′´DEG") {
		return a, fmt.Errorf("%.40q is %w", s, errNoAngle)
	}
	var v [3]float64
	for i, text := range []string{m[3], m[4], m[5]} {
		if text == "" {
			continue
		}
		if v[i], err = strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64); err != nil || i > 0 && v[i] >= 60 {
			return a, fmt.Errorf("%.40q is %w", s, errNoAngle)
		}
	}
	a.degrees = v[0] + v[1]/60 + v[2]/3600
	if m[2] == "-" || m[2] == "−" || m[2] == "–" {
		a.degrees = -a.degrees
	}
	a.letter = m[1] + m[6]
	a.exact = a.letter != "" || m[4] != "" || strings.ContainsAny(m[3], ".,")
	return a, nil
}

// place applies the letters of a latitude and a longitude. Slovenian and
// Croatian ones (S or J; V or Z, I) are told by the other's; O is east in German
// and west in French and Italian.
func place(lat, lon angle) (latitude, longitude float64, err error) {
	if lonLetter(lat.letter) && latLetter(lon.letter) {
		lat, lon = lon, lat
	}
	latitude, longitude = lat.degrees, lon.degrees
	slavic := strings.Contains("VZ", lon.letter) && lon.letter != "" || lat.letter == "J"
	switch {
	case lonLetter(lat.letter), latLetter(lon.letter) && lon.letter != "":
		return 0, 0, errors.New("latitude and longitude look swapped: the letters say so")
	case lon.letter == "O":
		return 0, 0, errors.New("the letter O is east in some languages and west in others; write E or W")
	}
	if lat.letter == "J" || lat.letter == "S" && !slavic {
		latitude = -latitude
	}
	if lon.letter == "W" || lon.letter == "Z" {
		longitude = -longitude
	}
	return latitude, longitude, nil
}

func latLetter(l string) bool { return l == "N" || l == "S" || l == "J" }
func lonLetter(l string) bool { return l == "E" || l == "W" || l == "O" || l == "V" || l == "Z" }

// parsePair reads a latitude and a longitude from one cell.
func parsePair(s string) (lat, lon angle, err error) {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\u00a0", " "))
	s = strings.Trim(s, "()[]")
	if len(s) > 100 {
		return lat, lon, fmt.Errorf("%.40q is %w", s, errNoAngle)
	}
	for _, sep := range []string{";", "|", "/", ", ", "\t", "  ", ",", " "} {
		for i := strings.Index(s, sep); i >= 0; {
			a, errA := parseAngle(s[:i])
			b, errB := parseAngle(s[i+len(sep):])
			if errA == nil && errB == nil && balanced(sep, s[:i], s[i+len(sep):]) {
				return a, b, nil
			}
			next := strings.Index(s[i+len(sep):], sep)
			if next < 0 {
				break
			}
			i += len(sep) + next
		}
	}
	return lat, lon, fmt.Errorf("%.40q is not a latitude and a longitude", s)
}

// balanced refuses to divide "46,55" at its decimal comma, or "46,5,16,1" at any
// but the second.
func balanced(sep, a, b string) bool {
	return sep != "," || strings.Count(a, ",") == strings.Count(b, ",") && (strings.Contains(a, ",") || strings.Contains(a+b, ".") || strings.ContainsAny(a, "°NSEWnsew"))
}

var pointForm = regexp.MustCompile(`(?i)^\s*(?:SRID=(\d+);)?\s*POINT\s*Z?M?\s*\(\s*(-?[0-9.]+)\s+(-?[0-9.]+)(?:\s+-?[0-9.]+)*\s*\)\s*$`)

// parseWKT reads a point as well-known text: the longitude first.
func parseWKT(s string) (lat, lon angle, err error) {
	m := pointForm.FindStringSubmatch(s)
	if m == nil {
		return lat, lon, fmt.Errorf("%.40q is not a WKT POINT", s)
	}
	if m[1] != "" && m[1] != "4326" {
		return lat, lon, fmt.Errorf("only WGS 84 (SRID 4326) can be read, not SRID %.8s", m[1])
	}
	x, errX := strconv.ParseFloat(m[2], 64)
	y, errY := strconv.ParseFloat(m[3], 64)
	return angle{degrees: y, exact: true}, angle{degrees: x, exact: true}, errors.Join(errX, errY)
}
