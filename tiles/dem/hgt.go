package dem

import (
	"encoding/binary"
	"path"
	"regexp"
	"strconv"
)

// hgtName finds the south-west corner in the name of an .hgt file.
var hgtName = regexp.MustCompile(`(?i)^([NS])(\d{1,2})([EW])(\d{1,3})\b.*\.hgt$`)

// hgtSides are the points along a side by the size of the file.
var hgtSides = map[int]int{1201 * 1201 * 2: 1201, 3601 * 3601 * 2: 3601}

// readHGT reads an SRTM file. Only its name says where it lies.
func readHGT(name string, raw []byte) (*Grid, error) {
	m := hgtName.FindStringSubmatch(path.Base(name))
	if m == nil {
		return nil, invalid("the name %.80q does not say where it lies; want one such as N47E009.hgt", path.Base(name))
	}
	side, ok := hgtSides[len(raw)]
	if !ok {
		return nil, invalid("%d bytes, want 2884802 (3 seconds) or 25934402 (1 second) of an .hgt file", len(raw))
	}
	south, _ := strconv.Atoi(m[2]) // digits
	west, _ := strconv.Atoi(m[4])
	if m[1] == "S" || m[1] == "s" {
		south = -south
	}
	if m[3] == "W" || m[3] == "w" {
		west = -west
	}
	step := 1 / float64(side-1)
	g := &Grid{Shape: Shape{West: float64(west), North: float64(south + 1), StepLon: step, StepLat: step, Cols: side, Rows: side}}
	if err := g.check(); err != nil {
		return nil, err
	}
	g.Levels = make([]Level, side*side)
	for i := range g.Levels {
		g.Levels[i] = LevelOf(float64(int16(binary.BigEndian.Uint16(raw[2*i:]))))
	}
	return g, nil
}
