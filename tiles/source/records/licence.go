package records

import (
	"regexp"
	"strings"

	"github.com/pannier-maps/pannier/tiles/feature"
)

var (
	creative = regexp.MustCompile(`\b(?:CC|LICENSES|CREATIVE ?COMMONS)?[ /_-]*(BY(?:[ _-]+(?:NC|SA|ND))*)(?:[ /_-]*V?([1-4]\.[05]))?(?:\b|$)`)
	zero     = regexp.MustCompile(`\bCC[ _-]?0\b|CC ?ZERO|PUBLICDOMAIN/ZERO`)
)

// Licence returns the SPDX id of a licence of open data or photos as people and
// systems write it ("CC BY-SA 4.0", "By-NC-ND 4.0", a link to it), the text
// itself where it is none that is known, and "" of nothing.
func Licence(s string) string {
	s = feature.Clean(s, feature.MaxValueChars)
	up := strings.ToUpper(s)
	switch {
	case zero.MatchString(up):
		return "CC0-1.0"
	case strings.Contains(up, "ODBL") || strings.Contains(up, "OPEN DATABASE"):
		return "ODbL-1.0"
	case strings.Contains(up, "LICENCE OUVERTE") || strings.Contains(up, "ETALAB"):
		return "etalab-2.0"
	}
	if m := creative.FindStringSubmatch(up); m != nil && len(s) < 100 {
		version := m[2]
		if version == "" {
			version = "4.0"
		}
		return "CC-" + strings.NewReplacer(" ", "-", "_", "-").Replace(strings.Join(strings.Fields(m[1]), "-")) + "-" + version
	}
	return s
}
