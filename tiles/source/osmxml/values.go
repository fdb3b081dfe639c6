package osmxml

import (
	"time"

	"github.com/pannier-maps/pannier/tiles/cell"
)

// parseTime reads "2018-03-01T21:43:02Z" as Unix seconds.
func parseTime(b []byte) (int64, error) {
	t, err := time.Parse(time.RFC3339, string(b))
	if err != nil {
		return 0, fault("bad time %q", b)
	}
	return max(t.Unix(), 0), nil
}

// parsePoint reads a place in decimal degrees.
func parsePoint(lon, lat []byte) (cell.Point, error) {
	x, ok1 := parseE7(lon)
	y, ok2 := parseE7(lat)
	if !ok1 || !ok2 || x < -180e7 || x > 180e7 || y < -90e7 || y > 90e7 {
		return cell.Point{}, fault("bad place: lon %q, lat %q", lon, lat)
	}
	return cell.Point{LonE7: int32(x), LatE7: int32(y)}, nil
}

// parseE7 reads a decimal number, with or without an exponent, as a whole number
// of 1e-7, rounded half away from zero. No float is involved.
func parseE7(b []byte) (value int64, ok bool) {
	negative := len(b) > 0 && b[0] == '-'
	if negative || len(b) > 0 && b[0] == '+' {
		b = b[1:]
	}
	scale := 7 // value * 10^scale is what we want
	digits, fraction := 0, false
	for len(b) > 0 && (b[0] == '.' || b[0] >= '0' && b[0] <= '9') {
		c := b[0]
		b = b[1:]
		switch {
		case c == '.' && fraction:
			return 0, false
		case c == '.':
			fraction = true
			continue
		case value < 1e17:
			value = value*10 + int64(c-'0')
			if fraction {
				scale--
			}
		case !fraction: // beyond all precision
			scale++
		}
		digits++
	}
	if len(b) > 0 && (b[0] == 'e' || b[0] == 'E') {
		exponent, ok := parseExponent(b[1:])
		if !ok {
			return 0, false
		}
		scale += exponent
		b = nil
	}
	if digits == 0 || len(b) > 0 {
		return 0, false
	}
	for ; scale > 0 && value != 0; scale-- {
		if value > 1e10 {
			return 0, false
		}
		value *= 10
	}
	for ; scale < -1 && value != 0; scale++ {
		value /= 10
	}
	if scale == -1 {
		value = (value + 5) / 10
	}
	if negative {
		value = -value
	}
	return value, true
}

func parseExponent(b []byte) (n int, ok bool) {
	negative := len(b) > 0 && b[0] == '-'
	if negative || len(b) > 0 && b[0] == '+' {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 3 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}
