package progress

import (
	"fmt"
	"strings"
)

// line returns a stage's line, with a bar on a terminal.
func (m *Meter) line(s *stage) string {
	if s.total <= 0 {
		return s.name + ": " + m.amount(s.done)
	}
	part := float64(min(s.done, s.total)) / float64(s.total)
	bar := ""
	if m.terminal {
		full := int(part * barWidth)
		bar = "[" + strings.Repeat("=", full) + strings.Repeat(" ", barWidth-full) + "] "
	}
	return fmt.Sprintf("%s: %s%d %%, %s of %s", s.name, bar, int(part*100), m.amount(s.done), m.amount(s.total))
}

// amount writes a number in the Meter's unit.
func (m *Meter) amount(n int64) string {
	if m.unit == Bytes {
		return FormatBytes(n)
	}
	return FormatCount(n)
}

// FormatBytes writes a size for people: 999 B, 1.2 kB, 34.5 MB, in powers of ten.
func FormatBytes(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	size, unit := float64(n), 0
	for size >= 999.95 && unit < len(units)-1 {
		size, unit = size/1000, unit+1
	}
	return fmt.Sprintf("%.*f %s", min(unit, 1), size, units[unit])
}

// FormatCount writes a number with a comma between thousands: 12,345.
func FormatCount(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
