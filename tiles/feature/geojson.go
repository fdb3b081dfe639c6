package feature

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// AppendJSON appends the geometry as a GeoJSON object with plain decimal
// numbers; the zero geometry is null.
func (g Geometry) AppendJSON(dst []byte) []byte {
	if g.IsZero() {
		return append(dst, "null"...)
	}
	dst = append(dst, `{"coordinates":`...)
	switch g.Shape {
	case Point, LineString:
		var l Line
		if len(g.Lines) > 0 {
			l = g.Lines[0]
		}
		dst = appendLine(dst, l, g.Shape == Point)
	case MultiPolygon:
		dst = append(dst, '[')
		for i, polygon := range g.Polygons() {
			dst = comma(dst, i)
			dst = appendLines(dst, polygon)
		}
		dst = append(dst, ']')
	default:
		dst = appendLines(dst, g.Lines)
	}
	dst = append(dst, `,"type":`...)
	dst = strconv.AppendQuoteToASCII(dst, string(g.Shape))
	return append(dst, '}')
}

// MarshalJSON writes a GeoJSON geometry.
func (g Geometry) MarshalJSON() ([]byte, error) {
	return g.AppendJSON(make([]byte, 0, 64+24*g.Count())), nil
}

func appendLines(dst []byte, lines []Line) []byte {
	dst = append(dst, '[')
	for i, l := range lines {
		dst = comma(dst, i)
		dst = appendLine(dst, l, false)
	}
	return append(dst, ']')
}

func appendLine(dst []byte, l Line, point bool) []byte {
	if !point {
		dst = append(dst, '[')
	}
	for i, p := range l.Points {
		dst = comma(dst, i)
		dst = appendDecimal(append(dst, '['), int64(p.LonE7), 7)
		dst = appendDecimal(append(dst, ','), int64(p.LatE7), 7)
		if len(l.Heights) == len(l.Points) {
			dst = appendDecimal(append(dst, ','), int64(l.Heights[i]), 1)
		}
		dst = append(dst, ']')
		if point {
			return dst
		}
	}
	if point {
		return append(dst, "[]"...)
	}
	return append(dst, ']')
}

func comma(dst []byte, i int) []byte {
	if i > 0 {
		return append(dst, ',')
	}
	return dst
}

// appendDecimal writes v × 10^-digits without trailing zeros.
func appendDecimal(dst []byte, v int64, digits int) []byte {
	if v < 0 {
		dst, v = append(dst, '-'), -v
	}
	scale := int64(1)
	for range digits {
		scale *= 10
	}
	dst = strconv.AppendInt(dst, v/scale, 10)
	rest := v % scale
	if rest == 0 {
		return dst
	}
	dst = append(dst, '.')
	for rest > 0 {
		scale /= 10
		dst = append(dst, byte('0'+rest/scale))
		rest %= scale
	}
	return dst
}

// JSONSchema returns the schema of a geometry's JSON form.
func (Geometry) JSONSchema() string {
	return `{"type":"object","description":"a GeoJSON geometry (RFC 7946)","required":["type","coordinates"],"properties":{` +
		`"type":{"type":"string","enum":["Point","LineString","MultiLineString","Polygon","MultiPolygon"]},"coordinates":{"type":"array","items":{}}}}`
}

// UnmarshalJSON reads a GeoJSON geometry: coordinates rounded to 1e-7 degrees
// and heights to 0.1 m. A line keeps heights only when all its positions have
// one. Members other than type and coordinates are ignored. Errors are
// *FieldError.
func (g *Geometry) UnmarshalJSON(raw []byte) error {
	var in struct {
		Type        Shape           `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
	}
	*g = Geometry{}
	if string(raw) == "null" {
		return nil
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return &FieldError{"geometry", "must be a GeoJSON geometry object"}
	}
	if len(in.Coordinates) == 0 {
		return &FieldError{"geometry.coordinates", "missing"}
	}
	c := coordinates{raw: in.Coordinates}
	out := Geometry{Shape: in.Type}
	switch in.Type {
	case Point:
		var l Line
		c.position(&l)
		out.Lines = []Line{l}
	case LineString:
		out.Lines = []Line{c.line()}
	case MultiLineString, Polygon:
		out.Lines = c.lines(nil)
	case MultiPolygon:
		c.array(func() {
			n := len(out.Lines)
			out.Lines = c.lines(out.Lines)
			out.Rings = append(out.Rings, len(out.Lines)-n)
		})
	default:
		return &FieldError{"geometry.type", fmt.Sprintf("%.40q is not one of Point, LineString, MultiLineString, Polygon, MultiPolygon", string(in.Type))}
	}
	if c.problem != "" {
		return &FieldError{"geometry.coordinates", c.problem}
	}
	*g = out
	return nil
}

// coordinates walks the nested arrays of a valid JSON value. After the first
// problem it only winds up.
type coordinates struct {
	raw     []byte
	at      int
	points  int
	problem string
}

func (c *coordinates) fail(format string, args ...any) {
	if c.problem == "" {
		c.problem = fmt.Sprintf(format, args...)
	}
}

// next returns the next byte that is no space, without taking it; 0 at the end.
func (c *coordinates) next() byte {
	for ; c.at < len(c.raw); c.at++ {
		switch b := c.raw[c.at]; b {
		case ' ', '\t', '\n', '\r':
		default:
			return b
		}
	}
	return 0
}

// array calls element for each element of the array that comes next.
func (c *coordinates) array(element func()) {
	if c.next() != '[' {
		c.fail("must be nested arrays of numbers as the type asks")
		return
	}
	c.at++
	if c.next() == ']' {
		c.at++
		return
	}
	for c.problem == "" {
		element()
		switch c.next() {
		case ',':
			c.at++
		case ']':
			c.at++
			return
		default:
			c.fail("must be nested arrays of numbers as the type asks")
		}
	}
}

func (c *coordinates) lines(dst []Line) []Line {
	c.array(func() { dst = append(dst, c.line()) })
	return dst
}

func (c *coordinates) line() (l Line) {
	c.array(func() { c.position(&l) })
	if len(l.Heights) != len(l.Points) {
		l.Heights = nil
	}
	return l
}

// position reads [longitude, latitude] or [longitude, latitude, height]; RFC
// 7946 asks readers to ignore further numbers.
func (c *coordinates) position(l *Line) {
	var v [3]float64
	n := 0
	c.array(func() {
		f := c.number()
		if n < len(v) {
			v[n] = f
		}
		n++
	})
	c.points++
	switch {
	case c.problem != "":
	case n < 2:
		c.fail("a position needs a longitude and a latitude")
	case c.points > MaxPoints:
		c.fail("more than %d positions", MaxPoints)
	default:
		if problem := l.Add(v[0], v[1], v[2], n > 2); problem != "" {
			c.fail("%s", problem)
		}
	}
}

func (c *coordinates) number() float64 {
	c.next()
	start := c.at
	for c.at < len(c.raw) {
		b := c.raw[c.at]
		if (b < '0' || b > '9') && b != '-' && b != '+' && b != '.' && b != 'e' && b != 'E' {
			break
		}
		c.at++
	}
	f, err := strconv.ParseFloat(string(c.raw[start:c.at]), 64)
	if err != nil {
		c.fail("must be nested arrays of numbers as the type asks")
	}
	return f
}

// Add appends a position in degrees and, when hasHeight, metres. It returns what
// is wrong with the numbers, or "". Heights and points run apart when only some
// positions have a height; drop the heights then.
func (l *Line) Add(lon, lat, height float64, hasHeight bool) (problem string) {
	p, problem := PointAt(lon, lat)
	if problem != "" {
		return problem
	}
	if hasHeight {
		if !(math.Abs(height) <= MaxHeight) {
			return fmt.Sprintf("height %v m is outside -%d..%d", height, MaxHeight, MaxHeight)
		}
		l.Heights = append(l.Heights, int32(math.Round(height*10)))
	}
	l.Points = append(l.Points, p)
	return ""
}
